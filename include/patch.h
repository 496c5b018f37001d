/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * patch: data only. What a patch file says (struct patch), with the line and column of each
 * value, and what was proved of it against one kernel (struct plan).
 */
#ifndef PATCHERD_PATCH_H
#define PATCHERD_PATCH_H

#include "arch.h"
#include "fail.h"
#include "owner.h"

/* The longest change of one site. patcher_kmem has the same limit. */
enum { BYTES_MAX = 64 };

struct bytes {
	uint8_t data[BYTES_MAX];
	size_t length;
};

bool bytes_equal(const struct bytes *a, const struct bytes *b);
/* "74 39": `out` takes BYTES_TEXT_MAX chars; returns out. */
enum { BYTES_TEXT_MAX = BYTES_MAX * 3 + 1 };
const char *bytes_print(const struct bytes *bytes, char out[BYTES_TEXT_MAX]);
/* Hexadecimal pairs, blanks between or not: "74 39", "7439". False: not so, empty, or more than
 * BYTES_MAX; *why is then a constant text. */
bool bytes_parse(const char *text, struct bytes *out, const char **why);

/* Where in the patch file, from 1; line 0: the file does not say it. */
struct place {
	unsigned line;
	unsigned column;
};

struct strings {
	char **items;
	size_t count;
};

/* `kernel` and `architecture`, or a variant's `when`. An empty list asks nothing. */
struct conditions {
	struct strings releases;	/* globs on uname -r */
	struct strings build_ids;	/* lower-case hexadecimal */
	unsigned architectures;		/* bit 1 << enum architecture; 0: any */
	struct place place;
};

/* A number of a patch file, -2^63 to 2^64 - 1. */
struct number {
	uint64_t bits;			/* two's complement */
	bool negative;
};

/* What the author saw; bytes.length 0, assembler NULL and has_value false where not given. */
struct expectation {
	struct bytes bytes;
	struct place bytes_place;
	char *assembler;		/* a pattern, see asm.h */
	struct place assembler_place;
	bool has_value;
	struct number value;		/* of a variable */
	struct place value_place;
};

/* An owner whose bytes the author changes all the same, and why. */
struct allowance {
	enum owner_kind kind;
	char *reason;
	struct place place;
};

/* What a site's bytes are made into; see operation.h. */
enum operation_kind {
	OPERATION_BYTES,
	OPERATION_INVERT,
	OPERATION_ALWAYS,
	OPERATION_NEVER,
	OPERATION_NOP,
	OPERATION_RETURN,
	OPERATION_IMMEDIATE,
	OPERATION_DISPLACEMENT,
	OPERATION_TARGET,
	OPERATION_VALUE			/* of a variable */
};

struct operation {
	enum operation_kind kind;
	struct bytes bytes;		/* OPERATION_BYTES */
	bool multiple;			/* OPERATION_BYTES: several instructions on either side */
	struct number number;		/* RETURN, IMMEDIATE, DISPLACEMENT, VALUE */
	char *target;			/* TARGET: a function's name */
	struct place place;
};

/* One line of a pattern: assembler as asm.h has it, with @names and {type.member}, or "...". */
struct pattern_line {
	char *text;
	struct place place;
};

/* Instructions that follow each other, one of which is the site; see pattern.h. */
struct pattern {
	struct pattern_line *lines;	/* at least one */
	size_t count;
	size_t at;			/* the site's line, from 0 */
	struct place place;
};

/* How a site says where it is. */
enum site_where {
	SITE_OFFSET,			/* `offset`, and `expect` */
	SITE_FIND,			/* `find` */
	SITE_ENTRY,			/* OPERATION_RETURN: the function's entry */
	SITE_VARIABLE			/* `offset` and `size`; OPERATION_VALUE, and `expect` a number */
};

struct site {
	struct place place;
	enum site_where where;
	char *symbol;			/* the function's or the variable's name */
	struct place symbol_place;
	char *module;			/* NULL: the kernel image */
	struct place module_place;
	uint64_t offset;		/* bytes from the symbol's start; SITE_OFFSET, SITE_VARIABLE */
	struct place offset_place;
	unsigned size;			/* SITE_VARIABLE: 1, 2, 4 or 8 bytes */
	struct pattern *patterns;	/* SITE_FIND: at least one */
	size_t pattern_count;
	unsigned occurrence;		/* which of several of that name, from 1 by address; 0: not said */
	struct expectation expect;
	struct operation operation;
	char *digest;			/* of the function, see digest.h; NULL: not said */
	struct place digest_place;
	struct allowance *allow;	/* each kind once, owner_allowable() */
	size_t allow_count;
};

/* A type that must be laid out as the author saw it. */
struct type_requirement {
	char *name;			/* "file_lock.fl_flags", or a type alone where is_size */
	bool is_size;			/* the type's size; else the member's offset; in bytes */
	uint64_t number;
	struct place place;
};

/* `requires` */
struct requirements {
	struct strings symbols;		/* there is one of that name */
	struct place symbols_place;
	struct type_requirement *types;
	size_t type_count;
	struct strings module_build_ids;	/* each module that a site names has one of them */
	struct place module_build_ids_place;
};

struct variant {
	struct conditions when;
	struct site *sites;		/* at least one */
	size_t site_count;
	struct place place;
};

/* One patch file. `sites` at the top is one variant whose `when` asks nothing. */
struct patch {
	char *source;			/* the file's name, for messages */
	char *name;
	struct place name_place;
	char *summary;
	char *description;		/* NULL where not given */
	struct conditions kernel;
	struct requirements requires;
	struct strings replaces;	/* patches that it takes the place of, each once, not itself */
	struct place replaces_place;
	struct variant *variants;
	size_t variant_count;
};

/* Frees all a patch owns, and leaves it all zero; the same of one variant. */
void patch_deinit(struct patch *patch);
void variant_deinit(struct variant *variant);

/* Some code: its bytes, and its text (owned; NULL where there is none). */
struct code {
	struct bytes bytes;
	char *assembler;		/* instructions joined by "; " */
};

/* One instruction around a site, as a diff shows it. */
enum line_role { LINE_CONTEXT, LINE_OLD, LINE_NEW };
struct line {
	enum line_role role;
	uint64_t address;
	uint64_t offset;		/* from the function's start */
	struct bytes bytes;
	char *assembler;
};

struct site_plan {
	const struct site *site;	/* of the patch */
	enum outcome outcome;		/* OUTCOME_APPLICABLE: proved */
	char *message;			/* NULL where applicable */
	bool located;			/* what follows up to module_identity is known */
	char *symbol;			/* where it was found: a pattern may be in NAME.cold */
	uint64_t symbol_address;
	uint64_t offset;		/* of the site, from the symbol's start */
	uint64_t address;
	char *module;			/* NULL: the kernel image */
	uint64_t module_identity;	/* inode of /sys/module/NAME; 0: kernel image or image file */
	bool multiple;			/* several instructions on either side */
	struct code expected;		/* empty bytes where the patch gives no bytes */
	struct code found;
	struct code replacement;	/* what the operation makes of it; its length is the site's */
	struct line *lines;
	size_t line_count;
};

struct plan {
	const struct patch *patch;
	enum outcome outcome;
	char *message;			/* NULL where there is nothing to say */
	const struct variant *variant;	/* the one that holds; NULL where none does */
	struct site_plan *sites;	/* those of the variant, in its order */
	size_t site_count;
	struct strings warnings;
};

void plan_deinit(struct plan *plan);

/* Appends a copy of text; -1: out of memory. */
int strings_add(struct strings *strings, const char *text) MUST_CHECK;
bool strings_have(const struct strings *strings, const char *text);
void strings_deinit(struct strings *strings);

#endif
