/* SPDX-License-Identifier: GPL-2.0-or-later */
/* layouts_internal: what the files layouts*.c share: a graph of types into which each format is
 * read, and the model of layouts.h that is made of it. The ids in the graph may be any, and form
 * any. */
#ifndef PATCHERD_LAYOUTS_INTERNAL_H
#define PATCHERD_LAYOUTS_INTERNAL_H

#include "layouts.h"

enum {
	LAYOUTS_DEPTH_MAX = 32,		/* of typedefs, qualifiers, arrays and anonymous members */
	/* What a kernel's DWARF has of each, and with all that is made of them 1.5 GiB at most. */
	LAYOUTS_NODES_MAX = 10 << 20,	/* types */
	LAYOUTS_PARTS_MAX = 8 << 20,	/* members and parameters */
	LAYOUTS_ENTRIES_MAX = 4 << 20,	/* names */
	LAYOUTS_NAMES_MAX = 1 << 29,	/* bytes of names, each time that one is used */
	LAYOUTS_MEMBERS_MAX = 1 << 20,	/* with those of anonymous members, wherever these are */
	LAYOUTS_WORK_MAX = 1 << 27,	/* members compared */
	LAYOUTS_BYTES_MAX = 512 << 20	/* of a section that is unpacked */
};

/* NODE_CONST to NODE_TAG are qualifiers; the last, of BTF, is none in C. */
enum node_kind {
	NODE_VOID,		/* the one with id 0 */
	NODE_OTHER,		/* of `size` bytes, 0: not known */
	NODE_FLOAT,
	NODE_ENUM, NODE_POINTER,
	NODE_ARRAY,		/* of `size` elements */
	NODE_STRUCT, NODE_UNION,
	NODE_STRUCT_DECLARED, NODE_UNION_DECLARED,
	NODE_TYPEDEF, NODE_CONST, NODE_VOLATILE, NODE_RESTRICT, NODE_ATOMIC, NODE_TAG,
	NODE_BITS,		/* a type of `size` bits at bit `shift` of its target, of CTF and
				 * old BTF */
	NODE_FUNCTION, NODE_VARIABLE
};

struct node {
	enum node_kind kind;
	bool variadic;			/* of a function */
	uint8_t shift;			/* of NODE_BITS */
	uint32_t first, last;		/* members or parameters, chained; 0: none */
	uint64_t target;		/* a node's id; while DWARF is read, see layouts_dwarf.c */
	uint64_t size;
	const char *name;		/* "" where it has none */
	const char *text;		/* as C declares it; NULL: not asked for yet */
	const struct node *merged;	/* the equal definition that stands for it; NULL: it does
					 * itself */
	struct aggregate *aggregate;
};

struct part {
	uint32_t next;
	const char *name;
	uint64_t target;
	uint64_t bit_offset;
	uint32_t bit_size;		/* of a bitfield; 0: it is none, if its type is no
					 * NODE_BITS */
	uint32_t high_bits;
	bool high_first;		/* of DWARF 2: it is in storage of its type's size at
					 * `bit_offset`, of which `high_bits` bits, the most
					 * significant, come before it */
};

/* What has a name: a definition of a struct, a function, a variable. */
enum { RANK_DEFINED, RANK_DECLARED,
       RANK_BASE };			/* in the BTF that a module's goes on from: its own comes
					 * before */
struct entry {
	const char *name;
	uint32_t node;
	uint8_t rank;
	void *made;			/* of the first of a name: what was answered */
};
struct entries {
	struct entry *items;
	size_t count, size;
	bool sorted;
};

/* A list of blocks: what is in them does not move, and is freed together. */
struct arena {
	struct block *blocks;
	size_t used, size;
};
/* Zeroes. NULL: memory ran out. */
void *arena_take(struct arena *arena, size_t size);
void arena_deinit(struct arena *arena);

/* One name, and all that is defined under it: `count` of layouts.kept from `first`. */
struct group {
	const char *name;
	size_t first, count;
};

struct layouts {
	enum layouts_format format;
	char *path;
	unsigned pointer;		/* its size */

	struct node *nodes;		/* the first is `void` */
	size_t node_count, node_size;
	struct part *parts;		/* the first is none */
	size_t part_count, part_size;
	struct entries aggregates, functions, variables;

	struct layer *layers[2];	/* of BTF: its own, and what it goes on from; the strings
					 * are there */
	uint8_t **sections;		/* of the others: relocated or unpacked, likewise */
	size_t section_count;

	struct arena arena;		/* the model's parts, and texts */
	struct group *groups;
	size_t group_count;
	const struct node **kept;
	size_t kept_count;
	struct node **waiting;		/* whose members are still to be listed */
	size_t waiting_count, waiting_size;
	size_t work;			/* members compared */
	size_t member_count;		/* members listed */
	size_t name_bytes;		/* looked at */
};

/* ---- the graph (layouts_graph.c) ---- */

/* Appends one, whose id is node_count before. -1: too many, or `name` is no text. */
int graph_node(struct layouts *layouts, enum node_kind kind, const char *name, uint64_t size,
	       uint64_t target, struct fail *fail) MUST_CHECK;
/* Appends it to those of `node`. */
int graph_part(struct layouts *layouts, uint32_t node, const struct part *part,
	       struct fail *fail) MUST_CHECK;
int graph_entry(const struct layouts *layouts, struct entries *entries, const char *name,
		uint32_t node, uint8_t rank, struct fail *fail) MUST_CHECK;
/* Those of a name, sorted; *count 0: none. */
struct entry *graph_find(struct entries *entries, const char *name, size_t *count);
void graph_sort(struct entries *entries);
/* Bytes that the strings of the graph are in, which are freed with it, also when this fails. */
int graph_keep(struct layouts *layouts, uint8_t *bytes, struct fail *fail) MUST_CHECK;
/* A copy of a section, unpacked and relocated, which the layouts keep; of 0 bytes where there is
 * none. */
int graph_section(struct layouts *layouts, const struct elf_file *elf, const char *name,
		  const uint8_t **out, size_t *size, struct fail *fail) MUST_CHECK;

const struct node *graph_at(const struct layouts *layouts, uint64_t id);
/* Behind typedefs and qualifiers; NULL: deeper than they may be. */
const struct node *graph_plain(const struct layouts *layouts, uint64_t id);
/* False: not known. */
bool graph_size(const struct layouts *layouts, uint64_t id, uint64_t *out);
/* Whether C would declare both alike; of named structs only the names count. */
bool graph_same(struct layouts *layouts, uint64_t a, uint64_t b);
/* Where a member is, from the start of the struct, and how many bits it has; 0: it is no
 * bitfield. */
void graph_place(const struct layouts *layouts, const struct part *part, uint64_t *bit_offset,
		 uint64_t *bit_size);
/* "struct list_head *"; NULL: memory ran out. */
const char *graph_text(struct layouts *layouts, uint64_t id);

/* ---- the formats ---- */

int layouts_read_btf(struct layouts *layouts, const uint8_t *data, size_t size, const char *path,
		     const uint8_t *split, size_t split_size, const char *split_path,
		     unsigned pointer, struct fail *fail) MUST_CHECK;
int layouts_read_dwarf(struct layouts *layouts, const struct elf_file *elf,
		       struct fail *fail) MUST_CHECK;
int layouts_read_ctf(struct layouts *layouts, const struct elf_file *elf,
		     struct fail *fail) MUST_CHECK;

/* ---- the model (layouts_model.c) ---- */

/* Of the whole graph. */
int model_make(struct layouts *layouts, struct fail *fail) MUST_CHECK;
/* What a type is. -1: memory ran out, or it is damaged. */
int model_value(struct layouts *layouts, uint64_t id, struct value *out) MUST_CHECK;

#endif
