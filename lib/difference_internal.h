/* SPDX-License-Identifier: GPL-2.0-or-later */
/* difference_internal: what the comparison of two object files keeps of each. Internal to
 * lib/difference*.c. */
#ifndef PATCHERD_DIFFERENCE_INTERNAL_H
#define PATCHERD_DIFFERENCE_INTERNAL_H

#include "difference.h"
#include "elf_fields.h"
#include "lib/insn_layout.h"

#define NONE SIZE_MAX

/* ---- one of the two files (difference_file.c) ------------------------------------------ */

/* What a table of the kernel says of an instruction. */
struct table_note {
	size_t function;
	unsigned kind;
	int64_t offset;			/* in the function */
	uint64_t address, size;		/* of the entry */
};

struct side {
	const struct object *object;
	struct elf_fields fields;
	uint64_t *marks;		/* addresses that something refers to, in order: where one
					 * thing without a name ends, at the latest */
	size_t mark_count;
	const struct symbol **functions;	/* by address, none inside another */
	size_t function_count;
	size_t *function_pairs;		/* of each function: the other file's; NONE */
	char **roots;			/* of each symbol of the symtab: its name without the
					 * compiler's numbers */
	char *root_text;
	size_t *symbol_pairs;		/* of each symbol: the other file's; NONE */
	size_t *twins;			/* the same as what instructions have said so far */
	struct table_note *entries;	/* of the kernel's tables, by function, table and offset */
	size_t entry_count;
};

int side_load(const struct object *object, struct side *out, struct fail *fail) MUST_CHECK;
void side_deinit(struct side *side);
/* The function in which `address` lies; NONE. */
size_t side_function(const struct side *side, uint64_t address);
/* How many bytes at `address`, which has no name, belong together at most. */
uint64_t side_extent(const struct side *side, uint64_t address);
size_t side_symbol_index(const struct side *side, const struct symbol *symbol);
/* Which functions and data of both files are the same. */
int sides_pair(struct side *old, struct side *new, struct fail *fail) MUST_CHECK;

/* ---- where a field leads (difference_spot.c) ------------------------------------------- */

enum spot_kind { SPOT_UNDEFINED, SPOT_CODE, SPOT_DATA, SPOT_STRING, SPOT_NAMELESS };

struct spot {
	enum spot_kind kind;
	const char *name;		/* UNDEFINED */
	size_t index;			/* CODE: the function; DATA: the symbol */
	int64_t offset;			/* from it */
	bool indexed;			/* a register is added: it may be of what lies behind */
	uint64_t address;
	const struct elf_section *section;	/* of all but UNDEFINED; NULL: it is in none */
};

/* Two old and new places in a function that correspond: by its offset, to the same label. */
struct label {
	uint32_t offset, label;
};

/* How the instructions of a function that both have lie to each other. */
struct match {
	bool mapped;			/* by the labels; else each has the same offset in both */
	bool seeks;			/* it leads into the middle of other functions */
	struct label *old, *new;	/* by offset */
	size_t old_count, new_count;
};

struct comparison {
	struct side old, new;
	struct match *matches;		/* of each old function */
	size_t self;			/* the old function that is compared; NONE: data is */
	bool same_offsets;		/* places in `self` are the same only at the same offset */
	bool labels;			/* the matches are known: places in functions are compared
					 * by them */
	unsigned depth;			/* of data that leads to data */
	uint64_t looked;		/* bytes of that */
	size_t *paired;			/* old symbols that got a twin by the function that is
					 * compared */
	size_t paired_count;
};

/* Of a field, of an instruction that ends at `end`, or at the field's end where it is of data. */
struct spot relocation_spot(const struct side *side, const struct elf_field *relocation,
			      uint64_t end);
/* What is at an address of the file. `anchor`: of which symbol it is, by one of its addresses. */
struct spot address_spot(const struct side *side, uint64_t address, uint64_t anchor);
bool spot_same(struct comparison *comparison, const struct spot *old, const struct spot *new);
/* Bytes without those that relocations fill in, and what these lead to. */
bool data_same(struct comparison *comparison, uint64_t old, uint64_t new, uint64_t length);
/* What the function that was compared has said of variables stays, or not. */
void twins_keep(struct comparison *comparison, bool keep);
/* Equal for places that are the same. */
uint64_t spot_hash(const struct side *side, bool is_new, const struct spot *spot);
/* `printk+0x4`, `"a text"`; returns out. */
enum { SPOT_TEXT_MAX = 96 };
const char *spot_print(const struct side *side, const struct spot *spot,
			char out[SPOT_TEXT_MAX]);
/* The text there; NULL: it is no string. */
const char *spot_string(const struct spot *spot);
bool label_find(const struct label *labels, size_t count, uint64_t offset, uint32_t *out);
#define HASH_START UINT64_C(0xcbf29ce484222325)
uint64_t hash_bytes(uint64_t hash, const void *data, size_t length);

/* ---- instructions (difference_view.c) -------------------------------------------------- */

/* A field of an instruction that leads somewhere. */
struct field_reference {
	uint8_t at, size;
	bool resolved;			/* by the assembler: the bytes say where it leads */
	uint8_t type;			/* of the relocation otherwise */
	struct spot to;
};

/* An instruction as it is compared. */
struct view {
	const uint8_t *bytes;
	uint64_t address;
	struct insn_layout layout;
	bool branch;			/* direct; its one reference is its target */
	struct field_reference references[4];
	unsigned reference_count;
};

/* Of the `length` bytes at most. False: it is none, or its relocations are no fields of it. */
bool view_make(const struct side *side, const uint8_t *bytes, size_t length, uint64_t address,
	       size_t *cursor, struct view *out);
/* Whether the bytes are the same but for fields that lead somewhere; of branches, the condition. */
bool view_same_bytes(const struct view *old, const struct view *new);
bool view_same(struct comparison *comparison, const struct view *old, const struct view *new);
uint64_t view_hash(const struct side *side, bool is_new, const struct view *view);
/* Whether code that belongs to no function is the same, from there on to where it leaves, `length`
 * bytes at most: an exception's fixup, an alternative's replacement. */
bool fragment_same(struct comparison *comparison, const struct spot *old, const struct spot *new,
		   uint64_t length);

/* Of a branch of 32 bits whose only difference is that, by a relocation, it leads to another
 * function's start: that one's name in the old object; NULL: it is none (difference_target.c). */
const char *view_target(const struct comparison *comparison, const struct view *old,
			const struct view *new);

/* ---- functions, instruction by instruction (difference_align.c) ------------------------- */

/* An instruction that is no nop. */
struct step {
	uint64_t hash;
	size_t insn;			/* index in function.insns */
};

struct body {
	const struct side *side;
	struct function function;
	struct step *steps;
	size_t count;
};

/* Old steps that became other new ones; those before and behind it are the same. */
struct hunk {
	size_t old_first, old_end, new_first, new_end;
};

/* A function of both files. */
struct alignment {
	struct body old, new;
	struct hunk *hunks;
	size_t hunk_count;
	bool lost;			/* too different to tell, or something does not decode */
};

/* Whether each instruction is the same, without decoding more of them than it must. Fills in
 * `seeks` of the match. */
bool function_scan(struct comparison *comparison);
int alignment_make(struct comparison *comparison, struct alignment *out,
		   struct fail *fail) MUST_CHECK;
/* Takes such branches out of the hunks: they are in both, and only lead elsewhere. */
int alignment_split(const struct comparison *comparison, struct alignment *alignment,
		    struct fail *fail) MUST_CHECK;
void alignment_deinit(struct alignment *alignment);
/* The labels of both functions: the index of a new step, of the same one in both. */
int alignment_labels(const struct alignment *alignment, struct match *match,
		     struct fail *fail) MUST_CHECK;
void match_deinit(struct match *match);
/* Labels of a function's instructions, nops have that of what follows; `steps`: of each step's. */
struct label *labels_make(const struct function *function, const struct body *body,
			  const uint32_t *steps, uint32_t end, size_t *count);
/* From the function's start, bytes. */
uint64_t step_offset(const struct body *body, size_t step);
uint64_t step_end(const struct body *body, size_t step);
bool step_view(const struct body *body, size_t step, struct view *out);

/* ---- what can be written (difference_change.c) ------------------------------------------ */

void changes_free(struct difference *difference);

enum { WHY_MAX = 512 };

/* Fills in the changes of `out`, or, where there can be none, `why` and `no_room`. */
int changes_make(struct comparison *comparison, struct alignment *alignment,
		 struct difference *out, char why[WHY_MAX], bool *no_room,
		 struct fail *fail) MUST_CHECK;
/* Whether the changes, in order, make the new function of the old one (difference_prove.c). */
bool changes_prove(struct comparison *comparison, const struct alignment *alignment,
		   const struct difference *difference);
/* The first that a task inside the function would not survive (difference_stack.c); NULL: none. */
const struct change *changes_unframe(const struct comparison *comparison,
				     const struct alignment *alignment,
				     const struct difference *difference);
/* Whether something leads from outside into the middle of one. */
bool changes_entered(const struct comparison *comparison, const struct alignment *alignment,
		     const struct difference *difference);

/* ---- what is said of it (difference_text.c) ---------------------------------------------- */

/* What became of the function, an instruction or a few a line. *out is to be freed. */
int alignment_print(struct comparison *comparison, const struct alignment *alignment, char **out,
		    struct fail *fail) MUST_CHECK;

/* A hunk of one instruction that differs in a number like __LINE__ (difference_line.c). */
bool step_is_line(const struct alignment *alignment, const struct hunk *hunk);

/* ---- the kernel's tables (difference_table.c) ------------------------------------ */

int side_load_tables(struct side *side, struct fail *fail) MUST_CHECK;
/* Whether they say the same of the function in both files; else `*section` is one where they do
 * not. */
enum table_change { TABLE_SAME, TABLE_LINES, TABLE_DIFFERENT };
enum table_change tables_compare(struct comparison *comparison, const char **section);

/* ---- data that has a name (difference_data.c) ------------------------------------ */

/* The section of a variable or constant that is compared, a symbol by its index; NULL: it is none,
 * or it is part of a table that something else reads. */
const struct elf_section *data_section(const struct side *side, size_t index);
/* What differs is added to out->data. The functions are matched. */
int data_compare(struct comparison *comparison, struct differences *out,
		 struct fail *fail) MUST_CHECK;

#endif
