/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "digest.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/hazard_tables.h"
#include "lib/package.h"

struct digests {
	struct package *packages;
	size_t count;
	const struct elf_file *image;	/* whose table this is; NULL: it was not read yet */
	struct table table;
};

int digests_create(struct digests **out, struct fail *fail)
{
	*out = calloc(1, sizeof(**out));
	return *out == NULL ? fail_memory(fail, "digests of functions") : 0;
}

void digests_forget(struct digests *digests)
{
	for (size_t i = 0; i < digests->count; i++)
		package_deinit(&digests->packages[i]);
	free(digests->packages);
	table_deinit(&digests->table);
	memset(digests, 0, sizeof(*digests));
}

void digests_destroy(struct digests *digests)
{
	if (digests == NULL)
		return;
	digests_forget(digests);
	free(digests);
}

static int package_find(const struct kernel *kernel, const char *module,
			const struct package **out, struct fail *fail)
{
	struct digests *digests = kernel->digests;
	const char *name = module == NULL ? "" : module;
	struct package *packages;

	for (size_t i = 0; i < digests->count; i++) {
		*out = &digests->packages[i];
		if (strcmp((*out)->module, name) == 0)
			return 0;
	}
	packages = reallocarray(digests->packages, digests->count + 1, sizeof(*packages));
	if (packages == NULL)
		return fail_memory(fail, "digests of functions");
	digests->packages = packages;
	if (package_open(kernel, module, &packages[digests->count], fail) != 0)
		return -1;
	*out = &packages[digests->count++];
	return 0;
}

/* The tables of kernel->image. */
static int image_table(const struct kernel *kernel, const struct table **out, struct fail *fail)
{
	struct digests *digests = kernel->digests;

	*out = &digests->table;
	if (digests->image == kernel->image)
		return 0;
	digests->image = NULL;
	table_deinit(&digests->table);
	if (table_load(kernel->target, kernel->symtab, kernel->image, NULL, &digests->table,
		       fail) != 0)
		return -1;
	digests->image = kernel->image;
	return 0;
}

/* ---- what is masked ---- */

/* A function in its packaged file, and which of its bytes do not count. */
struct masked {
	const struct function *function;
	bool *mask;
};

static void mask_range(const struct masked *masked, uint64_t start, uint64_t end)
{
	uint64_t base = masked->function->symbol->address, behind = base + masked->function->size;

	for (uint64_t at = start > base ? start : base; at < end && at < behind; at++)
		masked->mask[at - base] = true;
}

static int mask_field(uint64_t address, size_t size, void *data, struct fail *fail)
{
	(void)fail;
	mask_range(data, address, address + size);
	return 0;
}

static int32_t entry_at(const uint8_t *list, size_t index)
{
	int32_t entry;

	memcpy(&entry, list + index * sizeof(entry), sizeof(entry));
	return entry;
}

/*
 * What a move of the kernel changes: behind the vmlinux stand lists of addresses, each behind a 0: of
 * fields of 64 bits, of x86-64 up to 6.14 of fields of 32 that count from per-CPU data, and of fields of
 * 32 bits. Of i386 there is the last only.
 */
static int mask_moved(const struct elf_file *elf, const struct masked *masked, struct fail *fail)
{
	size_t length, count, lists = 0;
	const uint8_t *list = elf_file_behind(elf, &length);

	count = length / sizeof(int32_t);
	if (count < 2 || length % sizeof(int32_t) != 0 || entry_at(list, 0) != 0)
		return fail_set(fail, OUTCOME_GUARD, "a function's digest needs the addresses that a "
				"move of the kernel changes, which stand behind the vmlinux in a vmlinuz, "
				"and this file has none");
	for (size_t i = 0; i < count; i++) {
		uint64_t address = (uint64_t)(int64_t)entry_at(list, i);

		if (elf_file_architecture(elf) == ARCH_I386)
			address &= UINT32_MAX;
		if (address == 0)
			lists++;
		else
			mask_range(masked, address, address +
				   (lists == 1 && elf_file_architecture(elf) != ARCH_I386 ? 8 : 4));
	}
	return 0;
}

/*
 * Constants that the kernel fills in when it starts (arch/x86/include/asm/runtime-const.h, since 6.11): a
 * section for each, of s32 that count from themselves to the field.
 */
static void mask_runtime(const struct elf_file *elf, const char *beginning, size_t size,
			 const struct masked *masked)
{
	const struct elf_section *section = NULL;

	while ((section = elf_file_section_next(elf, beginning, section)) != NULL) {
		size_t count = section->data == NULL ? 0 : section->size / sizeof(int32_t);

		for (size_t i = 0; i < count; i++) {
			uint64_t field = section->address + i * sizeof(int32_t) +
					 (uint64_t)(int64_t)entry_at(section->data, i);

			mask_range(masked, field, field + size);
		}
	}
}

/* Of a .ko or .o the fields that its relocations fill in. */
static int mask_relocations(const struct elf_file *elf, const struct masked *masked,
			    struct fail *fail)
{
	struct masked own = *masked;	/* what it is given may be written to */
	const struct elf_section *section =
		elf_file_section_at(elf, masked->function->symbol->address);

	if (!elf_file_relocatable(elf))
		return mask_moved(elf, masked, fail);
	if (section == NULL)
		return fail_set(fail, OUTCOME_ERROR, "%s lies in no section of its file",
				masked->function->symbol->name);
	return elf_file_relocations(elf, section, mask_field, &own, fail);
}

/* The kinds of entries whose bytes the kernel writes to. */
static bool is_rewritten(enum owner_kind kind)
{
	static const unsigned long kinds =
		1UL << OWNER_FTRACE | 1UL << OWNER_JUMP_LABEL | 1UL << OWNER_STATIC_CALL |
		1UL << OWNER_SMP_LOCK | 1UL << OWNER_ALTERNATIVE | 1UL << OWNER_RETPOLINE |
		1UL << OWNER_RETURN_SITE | 1UL << OWNER_CALL_SITE | 1UL << OWNER_ENDBR_SEAL;

	return (kinds >> kind & 1) != 0;
}

static int mask_tables(const struct table *table, const struct masked *masked, struct fail *fail)
{
	CLEANUP(owners_deinit) struct owners owners = { .items = NULL };

	if (hazard_table_owners(table, masked->function, TABLE_IMAGE, &owners, fail) != 0)
		return -1;
	for (size_t i = 0; i < owners.count; i++) {
		if (is_rewritten(owners.items[i].kind))
			mask_range(masked, owners.items[i].address, owners.items[i].end);
	}
	return 0;
}

/* ---- the digest ---- */

/* `file`: the function in its packaged file, whose size counts; `bytes` as many of it as it is. */
static int make(const struct elf_file *elf, const struct table *table, const struct function *file,
		const uint8_t *bytes, char out[DIGEST_TEXT_MAX], struct fail *fail)
{
	CLEANUP_FREE bool *mask = calloc(file->size + 1, sizeof(*mask));
	CLEANUP_FREE uint8_t *counted = malloc(file->size + 1);
	const struct masked masked = { file, mask };

	if (mask == NULL || counted == NULL)
		return fail_memory(fail, "a function's digest");
	if (mask_relocations(elf, &masked, fail) != 0 || mask_tables(table, &masked, fail) != 0)
		return -1;
	mask_runtime(elf, "runtime_ptr_", sizeof(uint64_t), &masked);
	mask_runtime(elf, "runtime_shift_", 1, &masked);
	mask_runtime(elf, "runtime_mask_", sizeof(uint32_t), &masked);
	if (memchr(mask, 0, file->size) == NULL)
		return fail_set(fail, OUTCOME_GUARD, "the kernel rewrites each byte of %s, so that it "
				"has no digest that tells it from another function",
				file->symbol->name);
	for (size_t i = 0; i < file->size; i++)
		counted[i] = mask[i] ? 0 : bytes[i];
	sha256_text(counted, file->size, out);
	return 0;
}

/* The symbol of a module's file that has the place of `symbol` among those of its name, by address. */
static const struct symbol *counterpart(const struct kernel *kernel, const struct symbol *symbol,
					const struct package *package)
{
	const struct symbol *file = symtab_next(package->symtab, symbol->name, NULL);
	const struct symbol *live = symtab_next(kernel->symtab, symbol->name, NULL);

	for (; live != NULL && live != symbol && file != NULL;
	     live = symtab_next(kernel->symtab, symbol->name, live)) {
		if (symbol_same_module(live, symbol))
			file = symtab_next(package->symtab, symbol->name, file);
	}
	return file;
}

/* The function as the packaged file has it. */
static int find_packaged(const struct kernel *kernel, const struct function *function,
			 const struct package *package, struct symbol *out, struct fail *fail)
{
	const struct symbol *symbol;

	*out = *function->symbol;
	out->module = NULL;
	if (package->module[0] == '\0') {
		out->address -= (uint64_t)package->slide;
		return 0;
	}
	symbol = counterpart(kernel, function->symbol, package);
	if (symbol == NULL)
		return fail_set(fail, OUTCOME_GUARD, "%s has no function %s", package->path,
				function->symbol->name);
	*out = *symbol;
	return 0;
}

static int make_live(const struct kernel *kernel, const struct function *function,
		     char out[DIGEST_TEXT_MAX], struct fail *fail)
{
	CLEANUP(function_deinit) struct function file = { .symbol = NULL };
	CLEANUP_FREE uint8_t *bytes = NULL;
	const struct package *package;
	struct symbol symbol;

	if (package_find(kernel, function->symbol->module, &package, fail) != 0 ||
	    find_packaged(kernel, function, package, &symbol, fail) != 0 ||
	    function_load(package->target, kernel->decoder, &symbol, &file, fail) != 0)
		return -1;
	if (file.size > function->symbol->size)
		return fail_set(fail, OUTCOME_GUARD, "%s: %s is 0x%zx bytes long there, and 0x%" PRIx64
				" in memory", package->path, symbol.name, file.size,
				function->symbol->size);
	bytes = malloc(file.size + 1);
	if (bytes == NULL)
		return fail_memory(fail, "a function's digest");
	if (target_read(kernel->target, function->symbol->address, bytes, file.size, symbol.name,
			fail) != 0)
		return -1;
	return make(package->elf, &package->table, &file, bytes, out, fail);
}

int digest_make(const struct kernel *kernel, const struct function *function,
		char out[DIGEST_TEXT_MAX], struct fail *fail)
{
	const struct table *table;

	if (kernel->image == NULL)
		return make_live(kernel, function, out, fail);
	if (image_table(kernel, &table, fail) != 0)
		return -1;
	return make(kernel->image, table, function, function->bytes, out, fail);
}
