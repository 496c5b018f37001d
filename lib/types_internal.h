/* SPDX-License-Identifier: GPL-2.0-or-later */
/* types_internal: what the files types*.c share: one BTF with an index of its names, and walks
 * through its types, all of which are bounded, as the ids in it may form any graph. */
#ifndef PATCHERD_TYPES_INTERNAL_H
#define PATCHERD_TYPES_INTERNAL_H

#include <bpf/btf.h>

#include "lib/declaration.h"
#include "types.h"

enum {
	TYPES_DEPTH_MAX = 64,		/* of typedefs and qualifiers, and of anonymous members */
	TYPES_WORK_MAX = 1 << 20,	/* members looked at for one question */
	TYPES_ROWS_MAX = 1 << 16	/* of a layout */
};

/* One BTF: a kernel's, or a module's or file's that goes on from it. */
struct layer {
	struct btf *btf;
	const struct layer *base;	/* NULL: none */
	char *path;
	uint32_t first, end;		/* its own ids: from first to before end */
	uint32_t *heads, *next;		/* ids by hash of their name; next[id - first]; 0: no more */
	uint32_t mask;
	unsigned pointer;		/* its size in bytes */
};

/* `data` is copied. `pointer`: the size of one, 0: as the BTF tells. -1: OUTCOME_ERROR: damaged, or it
 * goes on from another one than `base`. */
int layer_create(const uint8_t *data, size_t size, const struct layer *base, const char *path,
		 unsigned pointer, struct layer **out, struct fail *fail) MUST_CHECK;
void layer_destroy(struct layer *layer);
/* Whether it goes on from another one. */
bool layer_is_split(const uint8_t *data, size_t size);

/* The next struct, union, typedef, forward declaration or function of that name, in the layer and
 * those it goes on from: `previous` 0 for the first; 0 at the end. */
uint32_t layer_next(const struct layer *layer, const char *name, size_t length, uint32_t previous);
/* NULL: no such type; of `void` too, whose id is 0. */
const struct btf_type *layer_type(const struct layer *layer, uint32_t id);
/* "" where it has none. */
const char *layer_name(const struct layer *layer, const struct btf_type *type);
/* Up to `count` types' names like it, for messages: ", like it: a, b"; it is slow. */
void layer_near(const struct layer *layer, const char *name, struct fail *fail);

/* Behind typedefs and qualifiers; 0: void, or not known. */
uint32_t type_plain(const struct layer *layer, uint32_t id);
bool type_is_compound(const struct btf_type *type);
/* In bytes. False: it has none (void, a declaration), or more than 4 GiB. */
bool type_size(const struct layer *layer, uint32_t id, uint64_t *out);

/* A member, or a part of one. */
struct spot {
	uint32_t type;
	uint64_t bits;			/* from the outermost type's start */
	unsigned bit_size;		/* of a bitfield; 0: it is none */
};
/* The index-th member of `type`; false: it has none, or is damaged. */
bool member_spot(const struct layer *layer, const struct btf_type *type, unsigned index,
		 uint64_t bits, struct spot *out);
/* False: its size is not known. */
bool spot_member(const struct layer *layer, const struct spot *spot, struct type_member *out);

/* One of the alternatives of a path, which has been checked. */
struct alternative {
	const char *text;		/* all of it, */
	size_t length;
	const char *name;		/* the type's name in it, */
	size_t name_length;
	const char *steps;		/* and what follows that, up to `end` */
	const char *end;
	unsigned kind;			/* BTF_KIND_STRUCT, BTF_KIND_UNION; 0: not said */
};
/* The next one; false: there is none. `*at` is the path's start first. */
bool alternative_next(const char **at, struct alternative *out);
/* Where in the type `id` the steps lead. False: nowhere; *why then says it, where it is not NULL. */
bool steps_follow(const struct layer *layer, uint32_t id, const struct alternative *alternative,
		  struct spot *out, struct fail *why);

/* The next type that the alternative may mean, plain; `*id` 0 for the first. False: no more. */
bool candidate_next(const struct layer *layer, const struct alternative *alternative,
		    uint32_t *id, uint32_t *plain);
/* Says that no alternative of `path` was found, and why each. -1. */
int path_not_found(const struct layer *layer, const char *path, struct fail *fail);

/* Where the types of `module` are. -1: OUTCOME_NOT_FOUND, nowhere. */
int types_layer(struct types *types, const char *module, const struct layer **out,
		struct fail *fail) MUST_CHECK;
/* The same for a path, which is checked before: OUTCOME_NOT_FOUND where it is none. */
int path_layer(struct types *types, const char *module, const char *path,
	       const struct layer **out, struct fail *fail) MUST_CHECK;

/* A declaration in C: `name` in it may be "". */
struct declaration {
	char type[DECLARATION_MAX];	/* "struct list_head *" */
	char name[DECLARATION_MAX];	/* "list[2]" */
	uint32_t base;			/* of what it, or each element, consists; 0: it points to it */
};
void type_declare(const struct layer *layer, uint32_t id, const char *name,
		  struct declaration *out);

#endif
