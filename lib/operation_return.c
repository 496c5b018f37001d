/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * operation_return: a function that returns a number before it does anything.
 *
 * Where the function's returns are jumps to a return thunk, the new one is such a jump, too. It is in
 * no table (.return_sites), and needs to be in none: the kernel reads that when it starts or loads the
 * module, and on the running kernel the returns are by now what they stay.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "operation.h"

enum { ENDBR_SIZE = 4, FTRACE_SIZE = 5, JUMP_SIZE = 5, RET = 0xc3, INT3 = 0xcc, JMP = 0xe9 };

/* "io_uring_setup+0x4 (0xffffffff81234564)" */
enum { WHERE_MAX = ASM_MAX };
static const char *where(const struct function *function, const struct insn *insn,
			 char out[WHERE_MAX])
{
	(void)snprintf(out, WHERE_MAX, "%.200s+0x%" PRIx64 " (0x%" PRIx64 ")",
		       function->symbol->name, insn->address - function->symbol->address,
		       insn->address);
	return out;
}

static bool is_ftrace(const struct owners *owners, const struct insn *insn)
{
	for (size_t i = 0; i < owners->count; i++) {
		if (owners->items[i].kind == OWNER_FTRACE &&
		    owners->items[i].address == insn->address)
			return true;
	}
	return false;
}

/* endbr, or the nop of its length that the kernel writes over those that no indirect branch needs
 * (arch/x86/kernel/alternative.c, apply_seal_endbr()). */
static bool is_endbr(const struct insn *insn)
{
	return insn->endbr || (insn->nop && insn->length == ENDBR_SIZE);
}

/* The first instruction behind what must stay at a function's entry. */
static int entry_find(const struct kernel *kernel, const struct function *function,
		      const struct owners *owners, size_t *out, struct fail *fail)
{
	size_t i = function->count > 0 && is_endbr(&function->insns[0]) ? 1 : 0;
	char at[WHERE_MAX];

	/* In a file the call of __fentry__ is what the kernel makes a nop of when it loads it. */
	if (i < function->count && is_ftrace(owners, &function->insns[i])) {
		if (!function->insns[i].nop && kernel->image == NULL)
			return fail_at(fail, OUTCOME_HAZARD, function->insns[i].address,
				       "%s: the function is traced now: ftrace's site is a call, whose "
				       "tracer may need to see the function's end, or leave the function "
				       "by itself; stop what traces it (tracefs enabled_functions tells "
				       "who), then try again",
				       where(function, &function->insns[i], at));
		i++;
	}
	for (size_t j = i; j < function->count; j++) {
		if (is_ftrace(owners, &function->insns[j]))
			return fail_at(fail, OUTCOME_HAZARD, function->insns[j].address,
				       "%s: ftrace's site stands behind the function's prologue (mcount), "
				       "and what returns before it would leave out a part of its entry; "
				       "change an instruction behind it",
				       where(function, &function->insns[j], at));
	}
	*out = i;
	return 0;
}

/* Whether the jump goes to one of the kernel's return thunks, __x86_return_thunk or what the CPU's
 * mitigations have in its place: srso_return_thunk, its_return_thunk … (arch/x86/lib/retpoline.S). */
static bool is_thunk_jump(const struct kernel *kernel, const struct insn *insn)
{
	static const char suffix[] = "return_thunk";
	const struct symbol *symbol;
	size_t length;

	if (insn->flow != FLOW_JUMP || !insn->has_target || insn->bytes[0] != JMP)
		return false;
	symbol = symtab_at(kernel->symtab, insn->target);
	if (symbol == NULL || symbol->address != insn->target)
		return false;
	length = strlen(symbol->name);
	return length >= strlen(suffix) &&
	       strcmp(symbol->name + length - strlen(suffix), suffix) == 0;
}

/* A plain near return; "repz ret" of old compilers is one. */
static bool is_ret(const struct insn *insn)
{
	return !insn->opaque && insn->bytes[insn->length - 1] == RET &&
	       (insn->length == 1 || (insn->length == 2 && insn->bytes[0] == 0xf3));
}

static int refuse_return(const struct function *function, const struct insn *first,
			 const struct insn *other, struct fail *fail)
{
	char at[WHERE_MAX], also[WHERE_MAX], text[ASM_MAX];

	if (other == NULL)
		return fail_at(fail, OUTCOME_HAZARD, function->symbol->address,
			       "%s never returns by itself (it ends in other functions, or not at all), so "
			       "that it cannot be told how it would have to; change its callers, or what "
			       "it calls", function->symbol->name);
	if (first != NULL)
		return fail_at(fail, OUTCOME_HAZARD, other->address,
			       "%s: the function returns there by %s, and in another way at %s, so that it "
			       "cannot be told which is right; give the `bytes`, with `multiple: true`",
			       where(function, other, at), asm_print(other, NULL, text),
			       where(function, first, also));
	return fail_at(fail, OUTCOME_HAZARD, other->address,
		       "%s: the function returns by %s, which does more than `return` can do as well; "
		       "change an instruction behind its entry instead", where(function, other, at),
		       asm_print(other, NULL, text));
}

/* How the function returns: the first of its returns, all of which are alike. */
static int way_out(const struct kernel *kernel, const struct function *function,
		   const struct insn **out, struct fail *fail)
{
	const struct insn *first = NULL;

	for (size_t i = 0; i < function->count; i++) {
		const struct insn *insn = &function->insns[i];
		bool thunk = is_thunk_jump(kernel, insn);

		if (insn->flow != FLOW_RETURN && !thunk)
			continue;
		if (!thunk && !is_ret(insn))
			return refuse_return(function, NULL, insn, fail);
		if (first != NULL && (is_ret(first) == thunk ||
				      (thunk && insn->target != first->target)))
			return refuse_return(function, first, insn, fail);
		if (first == NULL)
			first = insn;
	}
	*out = first;
	return first == NULL ? refuse_return(function, NULL, NULL, fail) : 0;
}

static int number_check(const struct operation *operation, struct fail *fail)
{
	const struct number *number = &operation->number;

	if (number->negative ? (int64_t)number->bits >= INT32_MIN : number->bits <= INT32_MAX)
		return 0;
	(void)fail_set(fail, OUTCOME_INVALID_SPEC, "`return`: ");
	fail_append(fail, number->negative ? "%" PRId64 : "%" PRIu64, number->bits);
	fail_append(fail, " does not fit 32 bits with sign; give a number from %d to %d", INT32_MIN,
		    INT32_MAX);
	return -1;
}

static void number_put(struct bytes *out, uint32_t number)
{
	for (unsigned i = 0; i < 4; i++)
		out->data[out->length++] = (uint8_t)(number >> (8 * i));
}

/* Puts the number into the whole of %eax or %rax: what is written to %eax clears the upper half, so
 * that of a negative one takes a mov of 64 bits, which sign-extends. */
static void value_put(enum architecture arch, const struct number *number, struct bytes *out)
{
	static const uint8_t zero[] = { 0x31, 0xc0 }, wide[] = { 0x48, 0xc7, 0xc0 };

	out->length = 0;
	if (number->bits == 0) {
		memcpy(out->data, zero, sizeof(zero));
		out->length = sizeof(zero);
		return;
	}
	if (number->negative && arch == ARCH_X86_64) {
		memcpy(out->data, wide, sizeof(wide));
		out->length = sizeof(wide);
	} else {
		out->data[out->length++] = 0xb8;
	}
	number_put(out, (uint32_t)number->bits);
}

/* Puts the way out behind the value, at `address`. */
static int return_put(const struct kernel *kernel, const struct insn *way, uint64_t address,
		      struct bytes *out, struct fail *fail)
{
	int64_t displacement;

	if (is_ret(way)) {
		out->data[out->length++] = RET;
		return 0;
	}
	displacement = (int64_t)(way->target - (address + out->length + JUMP_SIZE));
	/* Not reached: the function's own jump goes there as well. */
	if (kernel->target->info.architecture == ARCH_X86_64 && displacement != (int32_t)displacement)
		return fail_at(fail, OUTCOME_ERROR, address,
			       "the return thunk at 0x%" PRIx64 " is too far from 0x%" PRIx64,
			       way->target, address);
	out->data[out->length++] = JMP;
	number_put(out, (uint32_t)displacement);
	return 0;
}

/* Fills up to the end of the last instruction that is overwritten. */
static int room_fill(const struct function *function, size_t first, struct bytes *out,
		     struct fail *fail)
{
	uint64_t start = function->insns[first].address;
	size_t room = 0, needed = out->length;
	char at[WHERE_MAX];

	for (size_t i = first; i < function->count && room < needed; i++) {
		/* What is not the first can only be where mcount was called, see entry_find(), on a
		 * kernel that has given back the table which says so. */
		if (i > first && function->insns[i].nop && function->insns[i].length == FTRACE_SIZE)
			return fail_at(fail, OUTCOME_HAZARD, function->insns[i].address,
				       "%s: a nop of ftrace's size stands in the middle of what `return` "
				       "would overwrite (%zu bytes); change an instruction behind it",
				       where(function, &function->insns[i], at), needed);
		room += function->insns[i].length;
	}
	if (room < needed)
		return fail_at(fail, OUTCOME_HAZARD, start,
			       "%s: there is no room: `return` needs %zu bytes, and the function has %zu "
			       "from there; change its callers instead",
			       where(function, &function->insns[first], at), needed, room);
	while (out->length < room)
		out->data[out->length++] = INT3;
	return 0;
}

/* That what was made decodes as a number for %eax, a way out, and int3. */
static int prove(const struct kernel *kernel, uint64_t address, const struct bytes *made,
		 struct fail *fail)
{
	struct insn insn;
	size_t at = 0;

	for (unsigned i = 0; at < made->length; i++) {
		if (insn_decode(kernel->decoder, made->data + at, made->length - at, address + at,
				&insn, fail) != 0)
			return -1;
		if (insn.opaque || (i == 0 && insn.flow != FLOW_NEXT) ||
		    (i == 1 && insn.flow != FLOW_RETURN && insn.flow != FLOW_JUMP) ||
		    (i > 1 && !insn.int3))
			return fail_at(fail, OUTCOME_ERROR, address + at,
				       "what `return` makes does not decode as meant at 0x%" PRIx64,
				       address + at);
		at += insn.length;
	}
	return 0;
}

int operation_return(const struct operation *operation, const struct kernel *kernel,
		     const struct function *function, const struct owners *owners,
		     struct operation_return *out, struct fail *fail)
{
	uint64_t start = function->symbol->address;
	const struct insn *way;
	size_t first;

	if (number_check(operation, fail) != 0 ||
	    entry_find(kernel, function, owners, &first, fail) != 0 ||
	    way_out(kernel, function, &way, fail) != 0)
		return -1;
	if (first >= function->count)	/* not reached: a way out stands somewhere behind the entry */
		return refuse_return(function, NULL, NULL, fail);
	out->offset = function->insns[first].address - start;
	value_put(kernel->target->info.architecture, &operation->number, &out->bytes);
	if (return_put(kernel, way, start + out->offset, &out->bytes, fail) != 0)
		return -1;
	out->already = function->size - out->offset >= out->bytes.length &&
		       memcmp(function->bytes + out->offset, out->bytes.data, out->bytes.length) == 0;
	if (!out->already && room_fill(function, first, &out->bytes, fail) != 0)
		return -1;
	return prove(kernel, start + out->offset, &out->bytes, fail);
}
