/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * function: one function of a kernel, found by name, read and decoded from its start.
 */
#ifndef PATCHERD_FUNCTION_H
#define PATCHERD_FUNCTION_H

#include "asm.h"
#include "insn.h"
#include "symtab.h"
#include "target.h"

enum { FUNCTION_SIZE_MAX = 1024 * 1024 };

struct function {
	const struct symbol *symbol;
	uint8_t *bytes;
	size_t size;			/* without the padding behind it */
	struct insn *insns;
	size_t count;
	size_t decoded;			/* bytes that decode from the start; less than size where an
					 * instruction could not be decoded */
};

/*
 * The symbol of that name. `module` NULL: in the kernel image, or, where `any_module`, anywhere;
 * else in the module or, failing that, in the kernel image. `occurrence`: 0, or which from 1.
 * -1: OUTCOME_NOT_FOUND (near names listed), OUTCOME_AMBIGUOUS (all listed with addresses).
 */
int function_find(const struct symtab *symtab, const char *name, const char *module,
		  bool any_module, unsigned occurrence, const struct symbol **out,
		  struct fail *fail) MUST_CHECK;

/* Which of the functions of its name the symbol is, from 1, as function_find() takes it; 0: it is the
 * only one. */
unsigned function_occurrence(const struct symtab *symtab, const struct symbol *symbol);

/* The same as function_find(), or a variable where there is no function of that name. */
int symbol_find(const struct symtab *symtab, const char *name, const char *module,
		bool any_module, unsigned occurrence, const struct symbol **out,
		struct fail *fail) MUST_CHECK;

/* A variable alone, in the kernel image or the module, as function_find() does. */
int variable_find(const struct symtab *symtab, const char *name, const char *module,
		  unsigned occurrence, const struct symbol **out, struct fail *fail) MUST_CHECK;

/* Reads and decodes. An instruction that does not decode is no error: see `decoded`. */
int function_load(struct target *target, struct decoder *decoder, const struct symbol *symbol,
		  struct function *out, struct fail *fail) MUST_CHECK;
/* Puts right the target of a branch that was decoded from an image's bytes, where a relocation is still
 * to fill it in; function_load() has done so. */
int function_refer(struct target *target, struct insn *insn, struct fail *fail) MUST_CHECK;
void function_deinit(struct function *function);
/* For each of a function's bytes whether a relocation of the file fills it in; to be freed. `elf` NULL,
 * or not relocatable: none does. */
int function_relocated(const struct function *function, const struct elf_file *elf, bool **out,
		       struct fail *fail) MUST_CHECK;

/* The index of the instruction that starts at `offset`; SIZE_MAX: none does. */
size_t function_insn_at(const struct function *function, uint64_t offset);

/* The text of an instruction of the function `within`, a direct branch's target by name, that
 * function's own where it stays inside: "je nfs_flock+0x6a". */
const char *function_print(const struct symtab *symtab, const struct symbol *within,
			   const struct insn *insn, char out[ASM_MAX]);
/* Whether the pattern describes the instruction, its target by that name or by number. */
bool function_match(const struct symtab *symtab, const struct symbol *within,
		    const char *pattern, const struct insn *insn);

#endif
