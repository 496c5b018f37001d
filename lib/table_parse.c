/* SPDX-License-Identifier: GPL-2.0-or-later */
/* table_parse: the forms of the tables, and which of them a table has. */
#include "table.h"

#include <elf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* How many entries' text is looked at: on a running kernel each is a call of the system. */
enum { TEXT_PROBES = 64 };
/* How many of them may be something else: patches may have changed what they allow, or what the kernel
 * was done with. */
enum { TEXT_PATCHED = 4 };
/* Above all of EX_TYPE_* (arch/x86/include/asm/extable_fixup_types.h: 20 in 6.12). */
enum { EX_TYPES = 32 };

enum { X86_64 = 1 << ARCH_X86_64, I386 = 1 << ARCH_I386 };

/* What an entry of a form starts with is what it names, `kind`; 0: none in `second`, `key`, which
 * are at other offsets, and in `length_at`. */
static const struct form {
	const char *name;
	unsigned architectures;
	uint8_t size;
	bool absolute;			/* the first field is a pointer, else s32 */
	enum owner_kind kind;
	enum owner_kind second;		/* of the s32 at 4 */
	enum owner_kind key;		/* of the last field */
	uint8_t key_at;
	uint8_t length_at;		/* u8 how much text is the entry's */
	bool replacement;		/* u8 behind it: how much of that is replaced */
	uint8_t bytes[2][2], byte_count;	/* the text starts with one of these */
} forms[] = {
	{ "__jump_table", X86_64, 16, .kind = OWNER_JUMP_LABEL, .second = OWNER_JUMP_TARGET,
	  .key = OWNER_STATIC_KEY, .key_at = 8 },
	{ "__jump_table", I386, 12, .kind = OWNER_JUMP_LABEL, .second = OWNER_JUMP_TARGET,
	  .key = OWNER_STATIC_KEY, .key_at = 8 },
	{ ".static_call_sites", X86_64 | I386, 8, .kind = OWNER_STATIC_CALL,
	  .key = OWNER_STATIC_CALL_KEY, .key_at = 4 },
	{ "__ex_table", X86_64 | I386, 12, .kind = OWNER_EX_TABLE, .second = OWNER_EX_FIXUP },
	{ "__bug_table", X86_64 | I386, 12, .kind = OWNER_BUG_TABLE,
	  .bytes = { { 0x0f, 0x0b }, { 0x0f, 0x0b } }, .byte_count = 2 },
	{ "__bug_table", X86_64 | I386, 8, .kind = OWNER_BUG_TABLE,
	  .bytes = { { 0x0f, 0x0b }, { 0x0f, 0x0b } }, .byte_count = 2 },
	{ "__bug_table", I386, 12, .absolute = true, .kind = OWNER_BUG_TABLE,
	  .bytes = { { 0x0f, 0x0b }, { 0x0f, 0x0b } }, .byte_count = 2 },
	{ "__bug_table", I386, 8, .absolute = true, .kind = OWNER_BUG_TABLE,
	  .bytes = { { 0x0f, 0x0b }, { 0x0f, 0x0b } }, .byte_count = 2 },
	{ ".altinstructions", X86_64 | I386, 14, .kind = OWNER_ALTERNATIVE, .length_at = 12,
	  .replacement = true },
	{ ".altinstructions", X86_64 | I386, 13, .kind = OWNER_ALTERNATIVE, .length_at = 10,
	  .replacement = true },
	{ ".altinstructions", X86_64 | I386, 12, .kind = OWNER_ALTERNATIVE, .length_at = 10,
	  .replacement = true },
	{ ".parainstructions", X86_64, 16, .absolute = true, .kind = OWNER_ALTERNATIVE,
	  .length_at = 9 },
	{ ".parainstructions", I386, 8, .absolute = true, .kind = OWNER_ALTERNATIVE,
	  .length_at = 5 },
	{ ".retpoline_sites", X86_64 | I386, 4, .kind = OWNER_RETPOLINE },
	{ ".return_sites", X86_64 | I386, 4, .kind = OWNER_RETURN_SITE },
	{ ".call_sites", X86_64 | I386, 4, .kind = OWNER_CALL_SITE },
	{ ".ibt_endbr_seal", X86_64 | I386, 4, .kind = OWNER_ENDBR_SEAL },
	/* lock, or ds in its place while there is one CPU */
	{ ".smp_locks", X86_64 | I386, 4, .kind = OWNER_SMP_LOCK, .bytes = { { 0xf0 }, { 0x3e } },
	  .byte_count = 1 },
	{ "__mcount_loc", X86_64, 8, .absolute = true, .kind = OWNER_FTRACE },
	{ "__mcount_loc", I386, 4, .absolute = true, .kind = OWNER_FTRACE },
	{ "_kprobe_blacklist", X86_64, 8, .absolute = true, .kind = OWNER_KPROBE_BLACKLIST },
	{ "_kprobe_blacklist", I386, 4, .absolute = true, .kind = OWNER_KPROBE_BLACKLIST },
};

/* One table in memory. */
struct raw {
	const uint8_t *data;
	size_t length;
	uint64_t address;
	unsigned pointer;	/* bytes */
};

static uint64_t address_mask(const struct raw *raw)
{
	return raw->pointer == 8 ? UINT64_MAX : UINT32_MAX;
}

/* The address that the field of `size` bytes at `at` names. */
static uint64_t named(const struct raw *raw, size_t at, size_t size, bool absolute)
{
	int32_t displacement;
	uint64_t value = 0;

	if (size == 4) {
		memcpy(&displacement, raw->data + at, sizeof(displacement));
		value = (uint64_t)(int64_t)displacement;
	} else {
		memcpy(&value, raw->data + at, sizeof(value));
	}
	return (absolute ? value : raw->address + at + value) & address_mask(raw);
}

static uint64_t site_of(const struct form *form, const struct raw *raw, size_t at)
{
	return named(raw, at, form->absolute ? raw->pointer : 4, form->absolute);
}

/* Whether text that can have owners is at `address`. */
static bool in_text(const struct table_text *text, uint64_t address)
{
	const struct elf_section *section;

	if (address >= text->start && address < text->end)
		return true;
	if (text->image == NULL)
		return false;
	section = elf_file_section_at(text->image, address);
	return section != NULL && (section->flags & SHF_EXECINSTR) != 0;
}

static bool in_any_text(const struct table_text *text, uint64_t address)
{
	return in_text(text, address) || (text->image == NULL && address >= text->init_start &&
					  address < text->init_end);
}

/* Whether the entry at `at` can be one of that form, as far as the table itself tells. */
static bool possible(const struct table_text *text, const struct form *form,
		     const struct raw *raw, size_t at)
{
	const uint8_t *lengths = raw->data + at + form->length_at;
	uint64_t site = site_of(form, raw, at);

	/* Zeros behind a table name themselves, and a loaded module's text is all that it has. */
	if (!in_any_text(text, site) || site - raw->address < raw->length)
		return false;
	if (form->second != OWNER_UNKNOWN && !in_any_text(text, named(raw, at + 4, 4, false)))
		return false;
	if (form->length_at != 0 && lengths[0] == 0)
		return false;
	return !form->replacement || lengths[1] <= lengths[0];
}

/* Whether the text that the entry names is what it says. Text that cannot be read is not. */
static bool is_there(const struct table_text *text, const struct form *form, uint64_t site)
{
	struct fail ignored;
	uint8_t bytes[2];

	return target_read(text->target, site, bytes, form->byte_count, form->name,
			   &ignored) == 0 &&
	       (memcmp(bytes, form->bytes[0], form->byte_count) == 0 ||
		memcmp(bytes, form->bytes[1], form->byte_count) == 0);
}

/* How many bytes are entries that are possible; 0: the form does not fit. *end is behind the last of
 * them. */
static size_t fits(const struct table_text *text, const struct form *form, const struct raw *raw,
		   size_t *end)
{
	size_t good = 0, tried = 0, there = 0, count = raw->length / form->size;

	*end = 0;
	for (size_t at = 0; form->size <= raw->length - at; at += form->size) {
		uint64_t site = site_of(form, raw, at);

		if (!possible(text, form, raw, at))
			continue;
		good++;
		*end = at + form->size;
		if (form->byte_count != 0 && tried < TEXT_PROBES && in_text(text, site)) {
			tried++;
			there += is_there(text, form, site) ? 1 : 0;
		}
	}
	/* What was read of a loaded module goes on to something else, and locks up to a page. */
	if ((text->module && text->image == NULL) || form->kind == OWNER_SMP_LOCK)
		count = *end / form->size;
	return good * 2 <= count || (tried > 0 && (there + TEXT_PATCHED) * 2 <= tried) ?
	       0 : good * form->size;
}

/*
 * Before 4.6 an entry of __ex_table was a pair, and three words out of a row of pairs look like an
 * entry of today: all of them name text. The third word of today's is data with a small number in its
 * lowest byte; before 5.16 it names a handler, which in the kernel image is text too, but there the
 * table is sorted by its first word, which out of pairs is a fixup every other time, behind all else
 * (scripts/sorttable.c).
 */
static bool is_of_pairs(const struct table_text *text, const struct raw *raw, size_t end)
{
	size_t third = 0, descents = 0, count = end / 12;

	for (size_t i = 0; i < count; i++) {
		if (raw->data[i * 12 + 8] >= EX_TYPES &&
		    in_any_text(text, named(raw, i * 12 + 8, 4, false)))
			third++;
		if (i > 0 && named(raw, i * 12, 4, false) < named(raw, i * 12 - 12, 4, false))
			descents++;
	}
	return third * 2 > count && (text->module || descents * 4 > count);
}

/* The form of the table; NULL: an unknown one. */
static const struct form *form_of(const struct table_text *text, const char *name,
				  const struct raw *raw, size_t *end)
{
	const struct form *best = NULL;
	size_t most = 0;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		const struct form *form = &forms[i];
		size_t ends, fit;

		if (strcmp(form->name, name) != 0 ||
		    (form->architectures >> text->target->info.architecture & 1) == 0)
			continue;
		fit = fits(text, form, raw, &ends);
		if (fit > most) {
			most = fit;
			best = form;
			*end = ends;
		}
	}
	if (best != NULL && best->kind == OWNER_EX_TABLE && is_of_pairs(text, raw, *end))
		return NULL;
	return best;
}

static void add_key(const struct form *form, const struct raw *raw, size_t at,
		    struct table *table)
{
	size_t size = form->size - form->key_at;
	uint64_t key = named(raw, at + form->key_at, size, false) & ~(uint64_t)3;

	/* A key of another module or the kernel image is not known in a file: the field names itself. */
	if (key - raw->address < raw->length)
		return;
	table->keys[table->key_count++] = (struct table_entry){ key, form->key, 2 * raw->pointer };
}

static void add_entry(const struct table_text *text, const struct form *form,
		      const struct raw *raw, size_t at, struct table *table)
{
	uint64_t site = site_of(form, raw, at), second;
	unsigned length = form->kind == OWNER_SMP_LOCK ? 1 : 0;

	if (!in_text(text, site))
		return;
	if (form->length_at != 0)
		length = raw->data[at + form->length_at];
	table->entries[table->count++] = (struct table_entry){ site, form->kind, length };
	if (form->second != OWNER_UNKNOWN) {
		second = named(raw, at + 4, 4, false);
		if (in_text(text, second))
			table->entries[table->count++] =
				(struct table_entry){ second, form->second, 0 };
	}
	if (form->key != OWNER_UNKNOWN)
		add_key(form, raw, at, table);
}

static int make_room(struct table_entry **items, size_t count, size_t more, struct fail *fail)
{
	struct table_entry *grown;

	if (more == 0)
		return 0;
	grown = reallocarray(*items, count + more, sizeof(*grown));
	if (grown == NULL)
		return fail_memory(fail, "the kernel's tables");
	*items = grown;
	return 0;
}

int table_parse(const struct table_text *text, const char *name, const uint8_t *data,
		size_t length, uint64_t address, struct table *table, struct fail *fail)
{
	const struct raw raw = {
		data, length, address, arch_pointer_size(text->target->info.architecture)
	};
	const struct form *form;
	size_t end, count;

	if (length < 4)
		return 0;
	form = form_of(text, name, &raw, &end);
	if (form == NULL)
		return fail_at(fail, OUTCOME_HAZARD, address,
			       "%s at 0x%" PRIx64 " has a form that patcherd does not know (most of "
			       "its entries name no text, or text that is something else), so it is "
			       "not known whether the kernel itself owns these bytes", name, address);
	count = end / form->size;
	if (make_room(&table->entries, table->count,
		      form->second == OWNER_UNKNOWN ? count : count * 2, fail) != 0 ||
	    make_room(&table->keys, table->key_count, form->key == OWNER_UNKNOWN ? 0 : count,
		      fail) != 0)
		return -1;
	for (size_t at = 0; at < end; at += form->size)
		add_entry(text, form, &raw, at, table);
	return 0;
}
