/* SPDX-License-Identifier: GPL-2.0-or-later */
/* operation_target: a direct call or jump that leads to the start of another function. */
#include <inttypes.h>
#include <string.h>

#include "asm.h"
#include "lib/operation_internal.h"

enum { FIELD_SIZE = 4 };

/* Where functions of the name are looked for, one after the other. */
enum scope { SCOPE_MODULE, SCOPE_IMAGE, SCOPE_ANYWHERE, SCOPE_UNDEFINED, SCOPES };

static bool in_scope(const struct symbol *symbol, enum scope scope, const char *module)
{
	switch (scope) {
	case SCOPE_MODULE:
		return symbol_is_text(symbol) && module != NULL && symbol->module != NULL &&
		       module_name_equal(symbol->module, module);
	case SCOPE_IMAGE:
		return symbol_is_text(symbol) && symbol->module == NULL;
	case SCOPE_ANYWHERE:
		return symbol_is_text(symbol);
	default:
		return symbol->type == 'U';	/* an object only refers to it */
	}
}

/* How many there are in the first scope that has any, by address; *out is the first of them. */
static size_t pick(const struct symtab *symtab, const char *name, const char *module,
		   enum scope *scope, const struct symbol **out)
{
	size_t count = 0;

	*out = NULL;
	for (*scope = SCOPE_MODULE; *scope < SCOPES; ++*scope) {
		const struct symbol *symbol = NULL, *last = NULL;

		while ((symbol = symtab_next(symtab, name, symbol)) != NULL) {
			if (!in_scope(symbol, *scope, module) ||
			    (last != NULL && last->address == symbol->address))
				continue;
			*out = count++ == 0 ? symbol : *out;
			last = symbol;
		}
		if (count > 0)
			break;
	}
	return count;
}

/* Whether functions of other files are meant by a name that this one has not. */
static bool is_object(const struct kernel *kernel)
{
	return kernel->image != NULL && elf_file_relocatable(kernel->image);
}

static const char *site_module(const struct kernel *kernel, uint64_t site)
{
	const struct symbol *within = symtab_at(kernel->symtab, site);

	return within == NULL ? NULL : within->module;
}

/* How many functions may be meant; *out is the one where that is 1. */
static size_t resolve(const struct operation *operation, const struct kernel *kernel, uint64_t site,
		      enum scope *scope, struct operation_target *out)
{
	size_t count = pick(kernel->symtab, operation->target, site_module(kernel, site), scope,
			    &out->symbol);

	out->address = count > 0 ? out->symbol->address : ELF_UNDEFINED_BASE;
	if (count == 0 && is_object(kernel) &&
	    symtab_next(kernel->symtab, operation->target, NULL) == NULL)
		return 1;	/* no symbol of the file has that address */
	return count;
}

static void place_append(struct fail *fail, const struct symbol *symbol)
{
	fail_append(fail, "\n  0x%" PRIx64 " %s%s%s%s", symbol->address, symbol->name,
		    symbol->module == NULL ? "" : " [", symbol->module == NULL ? "" : symbol->module,
		    symbol->module == NULL ? "" : "]");
}

static int fail_none(const struct kernel *kernel, const char *name, struct fail *fail)
{
	const struct symbol *near[4], *other = symtab_next(kernel->symtab, name, NULL);
	size_t count;

	if (other != NULL)
		return fail_at(fail, OUTCOME_NOT_FOUND, other->address, "there is no function %s: that "
			       "name is data, at 0x%" PRIx64 "; check the name", name, other->address);
	count = symtab_near(kernel->symtab, name, near, 4);
	(void)fail_set(fail, OUTCOME_NOT_FOUND, "there is no function %s; load its module, or check the "
		       "name%s", name, count > 0 ? "; near names:" : "");
	for (size_t i = 0; i < count; i++)
		place_append(fail, near[i]);
	return -1;
}

static int fail_several(const struct kernel *kernel, const char *name, const char *module,
			enum scope scope, size_t count, struct fail *fail)
{
	const struct symbol *symbol = NULL;

	(void)fail_set(fail, OUTCOME_AMBIGUOUS, "%zu functions are named %s, and a patch file cannot say "
		       "which; take another function, or give the `bytes` for this one kernel:", count,
		       name);
	while ((symbol = symtab_next(kernel->symtab, name, symbol)) != NULL) {
		if (in_scope(symbol, scope, module))
			place_append(fail, symbol);
	}
	return -1;
}

int operation_target(const struct operation *operation, const struct kernel *kernel, uint64_t site,
		     struct operation_target *out, struct fail *fail)
{
	enum scope scope;
	size_t count = resolve(operation, kernel, site, &scope, out);

	if (count == 0)
		return fail_none(kernel, operation->target, fail);
	if (count > 1)
		return fail_several(kernel, operation->target, site_module(kernel, site), scope,
				    count, fail);
	return 0;
}

/* NULL: the instruction's last four bytes say where it leads; else why they do not. */
static const char *field_check(const struct insn *insn, const struct insn_layout *layout)
{
	if (!insn->has_target && (insn->flow == FLOW_CALL || insn->flow == FLOW_JUMP))
		return "it leads where a register or memory says, and has no displacement; change what "
		       "fills that in, or choose another instruction";
	if (!insn->has_target)
		return "it is no call or jump; choose the one that is meant";
	if (insn->opaque || layout->immediate_size == 2)
		return "it has a 66 prefix, and processors differ in where it leads; choose another "
		       "instruction";
	if (layout->immediate_size == 1)
		return "its displacement has one byte, which does not reach another function; choose "
		       "another instruction";
	if (layout_is(layout, 0, 0xe8) || layout_is(layout, 0, 0xe9) || is_long_jcc(insn, layout))
		return NULL;
	return "it is no call, jmp or conditional jump; choose the one that is meant";
}

/* In an object addresses are made up, and a relocation fills the field in. */
static bool reaches(const struct kernel *kernel, uint64_t distance)
{
	return kernel->target->info.architecture == ARCH_I386 || is_object(kernel) ||
	       (int64_t)distance == (int32_t)distance;
}

int target_make(const struct operation *operation, const struct kernel *kernel,
		const struct insn *insn, const struct insn_layout *layout, struct bytes *out,
		struct fail *fail)
{
	const uint64_t end = insn->address + insn->length;
	const char *why = field_check(insn, layout);
	struct operation_target to;
	char text[ASM_MAX];

	if (why != NULL)
		return fail_at(fail, OUTCOME_INVALID_SPEC, insn->address,
			       "`target` cannot be made of %s (0x%" PRIx64 "): %s",
			       asm_print(insn, NULL, text), insn->address, why);
	if (operation_target(operation, kernel, insn->address, &to, fail) != 0)
		return -1;
	if (!reaches(kernel, to.address - end))
		return fail_at(fail, OUTCOME_INVALID_SPEC, insn->address,
			       "`target` cannot be made of %s at 0x%" PRIx64 ": %s is at 0x%" PRIx64
			       ", farther away than the displacement's 32 bits reach; take a function "
			       "that is nearer", asm_print(insn, NULL, text), insn->address,
			       operation->target, to.address);
	for (unsigned i = 0; i < FIELD_SIZE; i++)
		out->data[insn->length - FIELD_SIZE + i] = (uint8_t)((to.address - end) >> (8 * i));
	return 0;
}

bool target_is(const struct operation *operation, const struct kernel *kernel,
	       const struct insn *insn, const struct insn_layout *layout)
{
	struct operation_target to;
	enum scope scope;

	return field_check(insn, layout) == NULL &&
	       resolve(operation, kernel, insn->address, &scope, &to) == 1 &&
	       insn->target == to.address;
}

bool target_is_made(const struct operation *operation, const struct kernel *kernel,
		    const struct insn *insn)
{
	struct operation_target to;
	struct fail ignored;	/* it was found before */

	if (!insn->has_target ||
	    operation_target(operation, kernel, insn->address, &to, &ignored) != 0)
		return false;
	return is_object(kernel) ? (uint32_t)insn->target == (uint32_t)to.address :
				   insn->target == to.address;
}
