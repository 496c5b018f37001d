/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan_show: a site in words and as lines of a diff. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/plan_site.h"
#include "operation.h"

enum { CONTEXT_LINES = 3 };

const char *plan_where(const struct site_plan *plan, char out[WHERE_TEXT_MAX])
{
	(void)snprintf(out, WHERE_TEXT_MAX, "%s+0x%" PRIx64 " (0x%" PRIx64 ")", plan->symbol,
		       plan->offset, plan->address);
	return out;
}

const char *code_show(const struct code *code, char out[SHOW_MAX])
{
	char text[BYTES_TEXT_MAX];

	(void)bytes_print(&code->bytes, text);
	if (code->assembler == NULL)
		(void)snprintf(out, SHOW_MAX, "%s", text);
	else if (code->bytes.length == 0)
		(void)snprintf(out, SHOW_MAX, "\"%.*s\"", ASM_MAX, code->assembler);
	else
		(void)snprintf(out, SHOW_MAX, "%s (%.*s)", text, ASM_MAX, code->assembler);
	return out;
}

size_t code_decode(const struct kernel *kernel, const struct bytes *bytes, uint64_t address,
		   struct insn insns[INSNS_MAX], struct fail *fail)
{
	size_t count = 0, at = 0;

	while (at < bytes->length) {
		if (insn_decode(kernel->decoder, bytes->data + at, bytes->length - at, address + at,
				&insns[count], fail) != 0)
			return 0;
		at += insns[count++].length;
	}
	return count;
}

/* Bytes that the patch brings are written as they are; others keep what relocations fill in. */
static bool keeps_relocations(const struct proof *proof, const struct code *code)
{
	return code != &proof->plan->replacement ||
	       (proof->site->operation.kind != OPERATION_BYTES &&
		proof->site->operation.kind != OPERATION_RETURN);
}

/* A relocation that fills the field in is replaced, too. */
static int refer(const struct proof *proof, const struct code *code, struct insn *insn,
		 struct fail *fail)
{
	struct operation_target to;

	if (code != &proof->plan->replacement || proof->site->operation.kind != OPERATION_TARGET)
		return function_refer(proof->kernel->target, insn, fail);
	if (operation_target(&proof->site->operation, proof->kernel, insn->address, &to, fail) != 0)
		return -1;
	insn->target = to.address;
	return 0;
}

size_t plan_decode(const struct proof *proof, const struct code *code,
		   struct insn insns[INSNS_MAX], struct fail *fail)
{
	size_t count = code_decode(proof->kernel, &code->bytes, proof->plan->address, insns, fail);

	for (size_t i = 0; i < count && keeps_relocations(proof, code); i++) {
		if (refer(proof, code, &insns[i], fail) != 0)
			return 0;
	}
	return count;
}

static const char *print(const struct proof *proof, const struct insn *insn, char out[ASM_MAX])
{
	const struct symbol *within = proof->loaded->function.symbol;
	const struct operation *operation = &proof->site->operation;

	/* of a function that the object does not name only the patch knows the name */
	if (operation->kind == OPERATION_TARGET && insn->has_target && proof->kernel->image != NULL &&
	    insn->target == ELF_UNDEFINED_BASE && elf_file_relocatable(proof->kernel->image))
		return asm_print(insn, operation->target, out);
	return function_print(proof->kernel->symtab, within, insn, out);
}

int code_print(const struct proof *proof, struct code *code, struct fail *fail)
{
	struct insn insns[INSNS_MAX];
	struct fail ignored;	/* code without text is shown by its bytes alone */
	size_t count = plan_decode(proof, code, insns, &ignored);
	char *text = calloc(count == 0 ? 1 : count, ASM_MAX + 2);
	char *at = text;

	if (text == NULL)
		return fail_memory(fail, "printing instructions");
	for (size_t i = 0; i < count; i++) {
		char line[ASM_MAX];

		at += sprintf(at, "%s%s", i == 0 ? "" : "; ",
			      print(proof, &insns[i], line));
	}
	free(code->assembler);
	code->assembler = count == 0 ? NULL : strdup(text);
	free(text);
	if (count > 0 && code->assembler == NULL)
		return fail_memory(fail, "printing instructions");
	return 0;
}

static int line_add(struct proof *proof, enum line_role role, const struct insn *insn,
		    struct fail *fail)
{
	const struct symbol *symbol = proof->loaded->function.symbol;
	struct site_plan *plan = proof->plan;
	struct line *line = &plan->lines[plan->line_count];
	char text[ASM_MAX];

	line->role = role;
	line->address = insn->address;
	line->offset = insn->address - symbol->address;
	line->bytes.length = insn->length;
	memcpy(line->bytes.data, insn->bytes, insn->length);
	line->assembler = strdup(print(proof, insn, text));
	if (line->assembler == NULL)
		return fail_memory(fail, "showing the site");
	plan->line_count++;
	return 0;
}

static int lines_add(struct proof *proof, enum line_role role, const struct insn *insns,
		     size_t count, struct fail *fail)
{
	for (size_t i = 0; i < count; i++) {
		if (line_add(proof, role, &insns[i], fail) != 0)
			return -1;
	}
	return 0;
}

int plan_lines(struct proof *proof, const struct insn *insns, size_t count, bool changes,
	       struct fail *fail)
{
	const struct function *function = &proof->loaded->function;
	uint64_t end = proof->plan->address + proof->length;
	size_t first = proof->insn, from = first > CONTEXT_LINES ? first - CONTEXT_LINES : 0;
	size_t behind = first, to;

	while (behind < function->count && function->insns[behind].address < end)
		behind++;
	to = function->count - behind > CONTEXT_LINES ? behind + CONTEXT_LINES : function->count;
	proof->plan->lines = calloc(to - from + count, sizeof(*proof->plan->lines));
	if (proof->plan->lines == NULL)
		return fail_memory(fail, "showing the site");
	if (lines_add(proof, LINE_CONTEXT, function->insns + from, first - from, fail) != 0 ||
	    lines_add(proof, changes ? LINE_OLD : LINE_CONTEXT, function->insns + first,
		      behind - first, fail) != 0 ||
	    (changes && lines_add(proof, LINE_NEW, insns, count, fail) != 0))
		return -1;
	return lines_add(proof, LINE_CONTEXT, function->insns + behind, to - behind, fail);
}
