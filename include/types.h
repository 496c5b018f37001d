/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * types: how a kernel's types are laid out, by its own type information.
 *
 * Format: BTF (Documentation/bpf/btf.rst), read by libbpf. Of the running kernel it is
 * /sys/kernel/btf/vmlinux, and for each module that was built with it /sys/kernel/btf/MODULE, which
 * goes on where that of the kernel ends (split BTF); of a file, its section .BTF, which for a module
 * is split BTF too and needs the kernel's. It is hostile until checked: libbpf checks its structure,
 * and what is used here of depth, size and number is bounded.
 *
 * `module` in all of these: whose types are meant; NULL: the kernel image's. A module's own types are
 * looked for in its BTF and in the kernel's together.
 */
#ifndef PATCHERD_TYPES_H
#define PATCHERD_TYPES_H

#include "elf_file.h"
#include "fail.h"
#include "module.h"

struct types;

/* Those of the running kernel, each read when it is first asked for. Without any, every question is
 * answered by why there are none. -1: memory ran out. */
int types_create_live(struct types **out, struct fail *fail) MUST_CHECK;
/* Those of a file; of an image all questions are about its own types and its kernel's together,
 * whatever `module` is. `base`: the kernel's that they go on from, raw BTF (types_read()),
 * `base_size` bytes which are copied; NULL: none. The paths are for messages. A file without .BTF,
 * or `image` NULL, has the types of `base` alone, or none. `image` outlives the types: without `base`
 * its .BTF is read when it is first asked for. -1: OUTCOME_ERROR, either is no BTF or damaged, or
 * `image` goes on from another kernel than `base`. */
int types_create_image(const struct elf_file *image, const char *path, const uint8_t *base,
		       size_t base_size, const char *base_path, struct types **out,
		       struct fail *fail) MUST_CHECK;
void types_destroy(struct types *types);
/* Forgets what was read of modules that are not loaded any more, or were loaded anew. */
void types_renew(struct types *types, const struct modules *modules);

/* The largest BTF, in bytes; that of Debian's kernels has 5 MiB. */
enum { TYPES_SIZE_MAX = 64 << 20 };
/* Whether the bytes can be raw BTF: they begin with its magic. */
bool types_is_btf(const uint8_t *data, size_t size);
/* Raw BTF from a file, at its start, to be freed; *out NULL: it does not begin as BTF does. `path` is
 * for messages. -1: OUTCOME_ERROR: no regular file, too large, or it cannot be read. */
int types_read(int fd, const char *path, uint8_t **out, size_t *size, struct fail *fail) MUST_CHECK;

struct type_member {
	uint64_t offset;		/* bytes from the start of the type; of a bitfield, that of the
					 * byte its first bit is in */
	uint64_t size;			/* bytes; of a bitfield, of the type it was declared with */
	unsigned bit_offset, bit_size;	/* of a bitfield, from `offset`; bit_size 0: it is none */
};

/*
 * The first of "file_lock.fl_flags|file_lock.c.flc_flags" that there is. A type is a struct, a union or
 * a typedef of one, "struct" in front or not; members of anonymous ones count as their parent's;
 * "a.b[3].c" is the element of an array. -1: OUTCOME_NOT_FOUND: there is no BTF (why, and what to do),
 * no such type, or no such member (near names are listed); OUTCOME_AMBIGUOUS: two types of that name
 * have it at different places; both are said.
 */
int types_member(struct types *types, const char *module, const char *path,
		 struct type_member *out, struct fail *fail) MUST_CHECK;
/* A type's size in bytes, the same way. */
int types_size(struct types *types, const char *module, const char *type, uint64_t *out,
	       struct fail *fail) MUST_CHECK;
/* Whether the text is fit to be asked for: syntax only; else *why is a constant text. */
bool types_path_check(const char *path, const char **why);

/* The innermost member that `offset` of a type is in, "fl_flags" or "c.flc_flags", and how many bytes
 * behind its start; false: there is none, or it is not known. */
bool types_member_at(struct types *types, const char *module, const char *type, uint64_t offset,
		     char *out, size_t out_size, uint64_t *behind);

enum type_kind { TYPE_VOID, TYPE_INTEGER, TYPE_BOOL, TYPE_POINTER, TYPE_OTHER };
/* What a function returns (enums are integers). That of a module is looked for in the module's
 * own types alone: one of that name in the kernel is another function. -1: OUTCOME_NOT_FOUND, the BTF does not have
 * it, or there is none. */
int types_returns(struct types *types, const char *module, const char *function,
		  enum type_kind *out, struct fail *fail) MUST_CHECK;

/* One line of a type's layout; anonymous members have their own between them, one deeper. */
struct type_row {
	unsigned depth;			/* from 1; 0: the type itself, the first row */
	char *type;			/* C: "unsigned int", "struct list_head *" */
	char *name;			/* with what follows it in C: "fl_owner", "data[4]", "flag:1";
					 * NULL: none */
	struct type_member at;		/* from the start of the outermost type */
	bool opens;			/* rows of an anonymous struct or union follow, one deeper */
};
struct type_layout {
	struct type_row *rows;
	size_t count;
};
/* The layout of "TYPE", or of "TYPE.member" that row alone (all of it where it is a struct). -1 as
 * types_member(). Freed by types_layout_deinit(). */
int types_layout(struct types *types, const char *module, const char *path,
		 struct type_layout *out, struct fail *fail) MUST_CHECK;
void types_layout_deinit(struct type_layout *layout);

#endif
