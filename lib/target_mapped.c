/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/target_mapped.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/every_cpu.h"
#include "symtab.h"

const struct mapped_paths mapped_paths_live = {
	.memory = "/dev/mem", .iomem = "/proc/iomem", .version = "/proc/version",
	.kcore = "/proc/kcore", .online = EVERY_CPU_ONLINE,
};

/* ---- pages --------------------------------------------------------------------------------- */

static int map_failed(const struct mapped *mapped, uint64_t physical, int error, struct fail *fail)
{
	const char *lockdown = target_lockdown();

	if (error == EPERM && lockdown != NULL)
		return fail_set(fail, OUTCOME_NOT_WRITABLE, "%s is closed: the kernel is locked "
				"down (%s), by the wish of this machine's owner",
				mapped->target.info.path, lockdown);
	if (error == EPERM)
		return fail_set(fail, OUTCOME_NOT_WRITABLE, "%s gives no access to RAM: this "
				"kernel was built with CONFIG_STRICT_DEVMEM; load the module that "
				"can write: modprobe patcher_kmem", mapped->target.info.path);
	/* range_is_allowed() of arch/x86/mm/pat/memtype.c, for fear of two types of caching */
	if (error == EINVAL)
		return fail_set(fail, OUTCOME_NOT_WRITABLE, "%s lets no RAM be mapped: the kernel "
				"refuses that while it uses PAT, which it does unless it was "
				"started with nopat; load the module that needs no mapping: "
				"modprobe patcher_kmem", mapped->target.info.path);
	return fail_errno(fail, error, "%s: the page at physical address 0x%" PRIx64 " cannot be "
			  "mapped", mapped->target.info.path, physical);
}

int mapped_map(struct mapped *mapped, uint64_t physical, bool writable, bool table, uint8_t **out,
	       struct fail *fail)
{
	int fd, protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
	uint64_t offset;
	void *page;

	if (!iomem_is_ram(&mapped->iomem, physical, MAPPED_PAGE))
		return fail_set(fail, OUTCOME_ERROR, "%s: physical address 0x%" PRIx64 " is not in "
				"RAM", mapped->target.info.path, physical);
	if (mapped->kind->place(mapped, physical, table, &fd, &offset, fail) != 0)
		return -1;
	page = mmap(NULL, MAPPED_PAGE, protection, MAP_SHARED, fd, (off_t)offset);
	if (page == MAP_FAILED)
		return map_failed(mapped, physical, errno, fail);
	*out = page;
	return 0;
}

void mapped_unmap(uint8_t **page)
{
	if (*page != NULL)
		(void)munmap(*page, MAPPED_PAGE);	/* it was mapped with this size */
}

int mapped_unlocked(const struct mapped *mapped, struct fail *fail)
{
	const char *lockdown = target_lockdown();

	if (lockdown == NULL)
		return 0;
	return fail_set(fail, OUTCOME_NOT_WRITABLE, "%s: the kernel is locked down (%s), by the "
			"wish of this machine's owner", mapped->target.info.path, lockdown);
}

/* ---- whose an address is ------------------------------------------------------------------- */

bool mapped_in_image(const struct mapped *mapped, uint64_t address, size_t length)
{
	uint64_t inside = address - mapped->text;
	uint64_t last = mapped->iomem.image_end - mapped->iomem.code;

	return inside <= last && length - 1 <= last - inside &&
	       (address >= mapped->freed_end ||
		(address < mapped->freed && length <= mapped->freed - address));
}

static int find_module(uint64_t address, size_t length, struct module *out, struct fail *fail)
{
	struct modules modules;
	const struct module *found;

	if (modules_load(&modules, fail) != 0)
		return -1;
	found = modules_at(&modules, address, length);
	if (found != NULL)
		*out = *found;
	modules_deinit(&modules);
	if (found == NULL)
		return fail_at(fail, OUTCOME_NOT_FOUND, address, "0x%" PRIx64 " is neither in the "
			       "kernel image nor in a module that is loaded, and nothing else is "
			       "touched", address);
	return 0;
}

static bool is_same(const struct mapped *mapped)
{
	uint64_t identity;
	struct fail ignored;	/* not known to be there: it is looked for anew */

	return mapped->identity != 0 &&
	       module_identity(mapped->module.name, &identity, &ignored) == 0 &&
	       identity == mapped->identity;
}

static int module_changed(uint64_t address, const char *name, struct fail *fail)
{
	return fail_at(fail, OUTCOME_NOT_FOUND, address, "0x%" PRIx64 ": the module %s was "
		       "unloaded or loaded anew at this moment", address, name);
}

int mapped_in_module(struct mapped *mapped, uint64_t address, size_t length, bool anew,
		     const char *what, struct fail *fail)
{
	uint64_t inside = address - mapped->module.address;
	struct module again;

	if (!anew && inside < mapped->module.size && length <= mapped->module.size - inside &&
	    is_same(mapped))
		return 0;
	mapped->identity = 0;
	if (find_module(address, length, &mapped->module, fail) != 0 ||
	    module_identity(mapped->module.name, &mapped->identity, fail) != 0 ||
	    find_module(address, length, &again, fail) != 0) {
		fail_append(fail, " (%s)", what);
		return -1;
	}
	/* The list is read again, so that its address is that of the load whose identity we have. */
	if (mapped->identity != 0 && strcmp(again.name, mapped->module.name) == 0 &&
	    again.address == mapped->module.address && again.size == mapped->module.size)
		return 0;
	mapped->identity = 0;
	return module_changed(address, mapped->module.name, fail);
}

int mapped_module_there(const struct mapped *mapped, uint64_t address, struct fail *fail)
{
	return is_same(mapped) ? 0 : module_changed(address, mapped->module.name, fail);
}

int mapped_physical(struct mapped *mapped, uint64_t address, uint64_t *out, struct fail *fail)
{
	if (mapped_in_image(mapped, address, 1)) {
		*out = address - mapped->text + mapped->iomem.code;
		return 0;
	}
	if (!mapped->walks) {
		*fail = mapped->no_walk;
		return -1;
	}
	return mapped_walk(mapped, address, out, fail);
}

/* ---- the target ---------------------------------------------------------------------------- */

/* Page by page. What is at fault is named by the caller's caller: by address. */
static int read_pages(struct mapped *mapped, uint64_t address, uint8_t *buffer, size_t length,
		      struct fail *fail)
{
	while (length > 0) {
		CLEANUP_PAGE page = NULL;
		uint64_t physical, inside;
		size_t part;

		if (mapped_physical(mapped, address, &physical, fail) != 0)
			return -1;
		inside = physical % MAPPED_PAGE;
		part = length < MAPPED_PAGE - inside ? length : MAPPED_PAGE - (size_t)inside;
		if (mapped_map(mapped, physical - inside, false, false, &page, fail) != 0)
			return -1;
		memcpy(buffer, page + inside, part);
		address += part;
		buffer += part;
		length -= part;
	}
	return 0;
}

static int read_module(struct mapped *mapped, uint64_t address, uint8_t *buffer, size_t length,
		       const char *what, struct fail *fail)
{
	int result;

	if (mapped_in_module(mapped, address, length, false, what, fail) != 0)
		return -1;
	result = mapped->kind->read_module != NULL ?
		 mapped->kind->read_module(mapped, address, buffer, length, what, fail) :
		 read_pages(mapped, address, buffer, length, fail);
	return result == 0 ? mapped_module_there(mapped, address, fail) : -1;
}

static int mapped_read(struct target *target, uint64_t address, void *buffer, size_t length,
		       const char *what, struct fail *fail)
{
	struct mapped *mapped = (struct mapped *)target;
	struct fail why;
	int result = mapped_unlocked(mapped, &why);

	if (result == 0)
		result = mapped_in_image(mapped, address, length) ?
			 read_pages(mapped, address, buffer, length, &why) :
			 read_module(mapped, address, buffer, length, what, &why);
	if (result == 0)
		return 0;
	return fail_at(fail, why.code, address, "%s: %s: 0x%" PRIx64 " could not be read: %s",
		       target->info.path, what, address, why.message);
}

static void mapped_close(struct target *target)
{
	struct mapped *mapped = (struct mapped *)target;

	cleanup_close(&mapped->fd);
	cleanup_close(&mapped->memory);
	iomem_deinit(&mapped->iomem);
	free(mapped);
}

static const struct target_ops mapped_ops = {
	.read = mapped_read,
	.check = mapped_check,
	.write = mapped_write,
	.close = mapped_close,
};

/* ---- opening ------------------------------------------------------------------------------- */

static uint64_t address_of(const struct symtab *symtab, const char *name)
{
	const struct symbol *symbol = symtab_in_image(symtab, name);

	return symbol == NULL ? 0 : symbol->address;
}

static int find_image(struct mapped *mapped, const struct symtab *symtab, struct fail *fail)
{
	mapped->text = address_of(symtab, "_text");
	if (mapped->text == 0 || mapped->text % MAPPED_PAGE != mapped->iomem.code % MAPPED_PAGE)
		return fail_set(fail, OUTCOME_NOT_WRITABLE, "%s: there is no symbol _text that "
				"could lie at physical address 0x%" PRIx64 ", where the kernel's "
				"code starts", mapped->target.info.path, mapped->iomem.code);
	mapped->freed = address_of(symtab, "__init_begin");
	mapped->freed_end = address_of(symtab, "__init_end");
	if (mapped->freed < mapped->text || mapped->freed_end < mapped->freed)
		mapped->freed = mapped->freed_end = 0;
	return 0;
}

/* That what is mapped is this kernel, by the words it has in /proc/version and in its image:
 * nothing else is believed before. */
static int prove(struct mapped *mapped, const struct symtab *symtab, struct fail *fail)
{
	CLEANUP_FCLOSE FILE *file = fopen(mapped->paths->version, "re");
	uint64_t address = address_of(symtab, "linux_banner");
	char banner[1024], found[sizeof(banner)];
	size_t length;

	if (file == NULL || fgets(banner, sizeof(banner), file) == NULL)
		return fail_errno(fail, errno, "cannot read %s", mapped->paths->version);
	length = strlen(banner);
	if (address == 0 || !mapped_in_image(mapped, address, length))
		return fail_set(fail, OUTCOME_NOT_WRITABLE, "%s: the symbols name no linux_banner "
				"in the kernel image, by which it is proved that what is mapped is "
				"this kernel: a kernel without CONFIG_KALLSYMS_ALL, perhaps",
				mapped->target.info.path);
	if (read_pages(mapped, address, (uint8_t *)found, length, fail) != 0)
		return -1;
	if (memcmp(found, banner, length) == 0)
		return 0;
	return fail_at(fail, OUTCOME_NOT_WRITABLE, address, "%s: what is mapped for linux_banner, "
		       "at 0x%" PRIx64 ", is not what %s says: it is not this kernel, or it lies "
		       "elsewhere than %s says", mapped->target.info.path, address,
		       mapped->paths->version, mapped->paths->iomem);
}

static int look(struct mapped *mapped, const struct target_symbols *symbols, struct fail *fail)
{
	const struct symtab *symtab;

	if (target_live_info(&mapped->target.info, fail) != 0 ||
	    iomem_load(mapped->paths->iomem, &mapped->iomem, fail) != 0 ||
	    symbols->load(symbols->data, &symtab, fail) != 0 ||
	    find_image(mapped, symtab, fail) != 0 ||
	    prove(mapped, symtab, fail) != 0)
		return -1;
	mapped_find_tables(mapped, symtab);
	return 0;
}

int mapped_open(const struct mapped_kind *kind, const struct mapped_paths *paths, const char *path,
		int fd, const struct target_symbols *symbols, struct target **out,
		struct fail *fail)
{
	struct mapped *mapped = calloc(1, sizeof(*mapped));

	*out = NULL;
	if (mapped == NULL) {
		(void)close(fd);
		return fail_memory(fail, "a target");
	}
	mapped->target.ops = &mapped_ops;
	mapped->target.info.kind = kind->name;
	mapped->target.info.writable = true;
	(void)snprintf(mapped->target.info.path, sizeof(mapped->target.info.path), "%s", path);
	mapped->kind = kind;
	mapped->paths = paths;
	mapped->fd = fd;
	mapped->memory = -1;
	if (look(mapped, symbols, fail) == 0) {
		*out = &mapped->target;
		return 0;
	}
	mapped_close(&mapped->target);
	return -1;
}
