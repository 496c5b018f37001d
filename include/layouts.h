/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * layouts: how the structs and unions that a program was compiled with are laid out, and what its
 * functions take, by whatever describes them: DWARF, CTF or BTF. In one form, so that two of them
 * can be compared.
 *
 * Formats: DWARF 2 to 5 (dwarfstd.org); CTF version 3 (binutils, include/ctf.h); BTF
 * (Documentation/bpf/btf.rst), read by libbpf. All are hostile until checked: depth, number and
 * size of what is used here are bounded.
 */
#ifndef PATCHERD_LAYOUTS_H
#define PATCHERD_LAYOUTS_H

#include "elf_file.h"
#include "fail.h"

struct aggregate;

/* What a member, a parameter, a variable or a result is. */
enum value_kind { VALUE_OTHER, VALUE_FLOAT, VALUE_AGGREGATE, VALUE_POINTER };
struct value {
	enum value_kind kind;
	const struct aggregate *aggregate;	/* that it is, or points to; NULL: OTHER, or a
						 * pointer to something else */
	uint64_t size;				/* bytes, of an array all of it; 0: not known */
	uint64_t element_size;			/* of an array, of one element; 0: it is none.
						 * `kind` and `aggregate` are then the elements' */
};

struct aggregate_member {
	const char *name;		/* those of an anonymous struct or union are the outer one's
					 * members, as in C; a name inside a named one is not
					 * listed */
	const char *type;		/* C: "unsigned int", "struct list_head *" */
	uint64_t bit_offset;		/* from the aggregate's start */
	uint64_t bit_size;		/* of a bitfield; 0: it is none, and bit_offset a multiple
					 * of 8 */
	struct value value;
};

/* A struct or a union that is defined, not only declared. */
struct aggregate {
	const char *name;		/* of an anonymous one that a typedef names, the typedef's;
					 * of another anonymous one "" */
	bool is_union;
	uint64_t size;			/* bytes */
	struct aggregate_member *members;	/* as declared */
	size_t member_count;
};

struct prototype {
	const char *name;
	struct value *parameters;
	size_t parameter_count;
	bool variadic;
	struct value result;		/* VALUE_OTHER of size 0: void */
};

enum layouts_format { LAYOUTS_BTF, LAYOUTS_DWARF, LAYOUTS_CTF };
const char *layouts_format_name(enum layouts_format format);	/* "BTF" */

struct layouts;

/*
 * Of an ELF file, relocatable or not: of its DWARF, else its CTF, else its BTF; of a kernel that
 * has BTF, of that, which is made of its DWARF and a hundredth of it. `base`: the BTF, raw, that
 * its own goes on from where that is split, `base_size` bytes, which are copied; NULL: none.
 * -1: OUTCOME_ERROR: damaged, with file and section; OUTCOME_NOT_FOUND: the file has none of them
 * (what to do: -g; another file), or a split BTF without its base (--btf), or one that does not fit
 * that base.
 */
int layouts_open(const struct elf_file *elf, const char *path, const uint8_t *base,
		 size_t base_size, struct layouts **out, struct fail *fail) MUST_CHECK;
/* Of raw BTF, as of /sys/kernel/btf/vmlinux; the bytes are copied. Those of a module go on from it:
 * `split` NULL: none. */
int layouts_open_btf(const uint8_t *data, size_t size, const char *path, const uint8_t *split,
		     size_t split_size, const char *split_path, struct layouts **out,
		     struct fail *fail) MUST_CHECK;
void layouts_close(struct layouts *layouts);
enum layouts_format layouts_format(const struct layouts *layouts);
unsigned layouts_pointer(const struct layouts *layouts);	/* the size of one, bytes */
const char *layouts_path(const struct layouts *layouts);

/* Those of a name, one after the other, equal ones once: `previous` NULL for the first; NULL: no
 * more. They live as long as the layouts. */
const struct aggregate *layouts_aggregate(struct layouts *layouts, const char *name,
					  const struct aggregate *previous);
/* All names that have one, in alphabetical order: the index-th; NULL: there are no more. */
const char *layouts_name(struct layouts *layouts, size_t index);
/* A function's; NULL: not known, or two of that name that differ. `own`: by the file's own BTF alone, and
 * not by what that goes on from. */
const struct prototype *layouts_function(struct layouts *layouts, const char *name, bool own);
/* A variable's; NULL: the same. */
const struct value *layouts_variable(struct layouts *layouts, const char *name, bool own);

/* One member that is not where, or not as large as, the other has it. */
struct member_drift {
	const struct aggregate_member *object;	/* NULL: it has none of that name */
	const struct aggregate_member *kernel;
};
struct aggregate_drift {
	const struct aggregate *object, *kernel;
	struct member_drift *members;	/* as the object has them, those that only the kernel has
					 * behind */
	size_t member_count;		/* 0: only the sizes of the two differ */
};
struct layout_drift {
	struct aggregate_drift *items;	/* by name */
	size_t count;
	size_t compared;		/* aggregates that both have */
};
void layout_drift_deinit(struct layout_drift *drift);
/*
 * Each aggregate of the object that the kernel has too, under the same name, and in none of its
 * definitions with the same layout: same size, and each member at the same place, as large. Names
 * of types do not count, nor does the order of what has one offset. Of several definitions the one
 * that is nearest (most members alike) is shown. OUTCOME_GUARD: they are of other architectures.
 */
int layouts_compare(struct layouts *object, struct layouts *kernel, struct layout_drift *out,
		    struct fail *fail) MUST_CHECK;

#endif
