/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/package.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/elf_note.h"
#include "unpack.h"

#define MODULES "/usr/lib/modules"

/* Whether a line of modules.dep, "kernel/fs/nfs/nfs.ko.xz: …", is the module's (modules.dep(5)). */
static bool is_of(const char *line, const char *module)
{
	char name[sizeof(((struct package *)0)->module)];
	size_t path = strcspn(line, ":"), start = path, length;

	while (start > 0 && line[start - 1] != '/')
		start--;
	length = strcspn(line + start, ".");
	if (line[path] != ':' || length >= sizeof(name) || length > path - start)
		return false;
	memcpy(name, line + start, length);
	name[length] = '\0';
	return module_name_equal(name, module);
}

static int find_module(const char *release, const char *module, struct package *package,
		       struct fail *fail)
{
	CLEANUP_FCLOSE FILE *file = NULL;
	CLEANUP_FREE char *line = NULL;
	char list[256];
	size_t room = 0;

	(void)snprintf(list, sizeof(list), MODULES "/%.128s/modules.dep", release);
	file = fopen(list, "re");
	if (file == NULL)
		return fail_set(fail, OUTCOME_GUARD, "%s: %s: it tells which file module %s was "
				"loaded from, and a function's digest needs that file", list,
				strerror(errno), module);
	while (getline(&line, &room, file) > 0) {
		if (!is_of(line, module))
			continue;
		line[strcspn(line, ":")] = '\0';
		if (line[0] == '/')
			(void)snprintf(package->path, sizeof(package->path), "%s", line);
		else
			(void)snprintf(package->path, sizeof(package->path), MODULES "/%.128s/%s",
				       release, line);
		return 0;
	}
	return fail_set(fail, OUTCOME_GUARD, "%s does not name module %s, and a function's digest "
			"needs the file that it was loaded from", list, module);
}

static int find_image(const char *release, struct package *package, struct fail *fail)
{
	(void)snprintf(package->path, sizeof(package->path), "/boot/vmlinuz-%.128s", release);
	if (access(package->path, R_OK) == 0)
		return 0;
	(void)snprintf(package->path, sizeof(package->path), MODULES "/%.128s/vmlinuz", release);
	if (access(package->path, R_OK) == 0)
		return 0;
	return fail_set(fail, OUTCOME_GUARD, "there is neither /boot/vmlinuz-%s nor " MODULES
			"/%s/vmlinuz, the file that the kernel was started from, and a function's "
			"digest needs it", release, release);
}

static int read_file(struct package *package, struct fail *fail)
{
	uint8_t *data;
	size_t size;

	if (unpack_file(package->path, &data, &size, fail) != 0)
		return -1;
	return data == NULL ? elf_file_open(package->path, &package->elf, fail) :
			      elf_file_open_bytes(package->path, data, size, &package->elf, fail);
}

/* That file and memory are one build. */
static int check_build(const struct kernel *kernel, const char *module,
		       const struct package *package, struct fail *fail)
{
	const char *file = elf_file_build_id(package->elf);
	char memory[BUILD_ID_TEXT_MAX] = "";

	if (module == NULL)
		(void)snprintf(memory, sizeof(memory), "%s", kernel->target->info.build_id);
	else if (module_build_id(module, memory, fail) != 0)
		return -1;
	if (file != NULL && strcmp(file, memory) == 0)
		return 0;
	return fail_set(fail, OUTCOME_GUARD, "%s is not what is running: its build-id is %s, and "
			"that of %s%s in memory is %s; a function's digest needs the file of the same "
			"build", package->path, file == NULL ? "missing" : file,
			module == NULL ? "the kernel" : "module ", module == NULL ? "" : module,
			memory[0] == '\0' ? "missing" : memory);
}

/* A packaged kernel has no symbols: it gets those in memory, moved to where the file is linked. */
static int find_symbols(const struct kernel *kernel, struct package *package, struct fail *fail)
{
	const struct symbol *text = symtab_in_image(kernel->symtab, "_text");
	const struct elf_section *section = elf_file_section(package->elf, ".text");

	if (package->module[0] != '\0')
		return symtab_load_elf(package->elf, &package->symtab, fail);
	if (text == NULL || section == NULL)
		return fail_set(fail, OUTCOME_GUARD, "%s: it is not known where it lies in memory, as "
				"%s", package->path, text == NULL ?
				"the kernel's symbols do not have _text" : "it has no .text");
	package->slide = (int64_t)(text->address - section->address);
	return symtab_move(kernel->symtab, -package->slide, &package->symtab, fail);
}

static int open_all(const struct kernel *kernel, const char *module, struct package *out,
		    struct fail *fail)
{
	const char *release = kernel->target->info.release;

	if ((module == NULL ? find_image(release, out, fail) :
			      find_module(release, module, out, fail)) != 0 ||
	    read_file(out, fail) != 0 || check_build(kernel, module, out, fail) != 0 ||
	    target_open_image(out->elf, out->path, release, &out->target, fail) != 0 ||
	    find_symbols(kernel, out, fail) != 0)
		return -1;
	return table_load(out->target, out->symtab, out->elf, NULL, &out->table, fail);
}

int package_open(const struct kernel *kernel, const char *module, struct package *out,
		 struct fail *fail)
{
	memset(out, 0, sizeof(*out));
	(void)snprintf(out->module, sizeof(out->module), "%s", module == NULL ? "" : module);
	if (open_all(kernel, module, out, fail) == 0)
		return 0;
	package_deinit(out);
	return -1;
}

void package_deinit(struct package *package)
{
	table_deinit(&package->table);
	symtab_destroy(package->symtab);
	target_close(package->target);
	elf_file_close(package->elf);
	memset(package, 0, sizeof(*package));
}
