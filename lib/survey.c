/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "survey.h"

#include <inttypes.h>
#include <string.h>

static int fail_past_end(const struct survey *survey, const char *noun, uint64_t offset,
			 struct fail *fail)
{
	const struct symbol *symbol = survey->symbol;

	return fail_at(fail, OUTCOME_MISMATCH, symbol->address,
		       "%s+0x%" PRIx64 " is past the end of the %s, which is 0x%" PRIx64
		       " bytes long on this kernel; look for the place with `patchctl hazards %s`",
		       symbol->name, offset, noun, survey->size, symbol->name);
}

static int fail_inside(const struct kernel *kernel, const struct function *function,
		       uint64_t offset, struct fail *fail)
{
	uint64_t start = function->symbol->address;
	char text[ASM_MAX];
	size_t i = 0;

	while (i + 1 < function->count && function->insns[i + 1].address - start < offset)
		i++;
	return fail_at(fail, OUTCOME_MISMATCH, start + offset,
		       "%s+0x%" PRIx64 " (0x%" PRIx64 ") is inside an instruction: the one at "
		       "+0x%" PRIx64 ", %s, is %u bytes long", function->symbol->name, offset,
		       start + offset, function->insns[i].address - start,
		       function_print(kernel->symtab, function->symbol, &function->insns[i], text),
		       function->insns[i].length);
}

/* Narrows to the instruction at the offset. */
static int take_instruction(const struct kernel *kernel, uint64_t offset, struct survey *survey,
			    struct fail *fail)
{
	const struct function *function = &survey->function;
	size_t i;

	if (offset >= function->size)
		return fail_past_end(survey, "function", offset, fail);
	i = function_insn_at(function, offset);
	if (i == SIZE_MAX) {
		/* The int3 of a kprobe, of which only the first byte is the instruction's, may be
		 * why there is none. */
		if (hazard_hidden(kernel, function, offset, 1, fail) != 0)
			return -1;
		if (offset >= function->decoded)
			return fail_at(fail, OUTCOME_HAZARD, survey->symbol->address + offset,
				       "%s cannot be decoded from +0x%zx on, so it is not known "
				       "what is at +0x%" PRIx64, survey->symbol->name,
				       function->decoded, offset);
		return fail_inside(kernel, function, offset, fail);
	}
	survey->start = function->insns[i].address;
	survey->end = survey->start + function->insns[i].length;
	return 0;
}

static bool is_forbidden(const struct survey *survey)
{
	for (size_t i = 0; i < survey->owners.count; i++) {
		if (survey->owners.items[i].policy == OWNER_FORBIDDEN &&
		    survey_has(survey, &survey->owners.items[i]))
			return true;
	}
	return false;
}

static int survey_function(const struct kernel *kernel, const struct survey_question *question,
			   struct survey *out, struct fail *fail)
{
	if (function_load(kernel->target, kernel->decoder, out->symbol, &out->function,
			  fail) != 0)
		return -1;
	out->size = out->function.size;
	out->end = out->start + out->size;
	if (question->has_offset && take_instruction(kernel, question->offset, out, fail) != 0)
		return -1;
	if (hazard_owners(kernel, &out->function, &out->owners, fail) != 0)
		return -1;
	/* As a patch would be, lest what nobody can tell to be an instruction looks free. */
	if (question->has_offset && !is_forbidden(out))
		return hazard_hidden(kernel, &out->function, question->offset,
				     out->end - out->start, fail);
	return 0;
}

static int survey_variable(const struct kernel *kernel, const struct survey_question *question,
			   struct survey *out, struct fail *fail)
{
	const struct symbol *symbol = out->symbol;

	if (symbol->size == 0 || symbol->size > UINT64_MAX - symbol->address)
		return fail_at(fail, OUTCOME_NOT_FOUND, symbol->address,
			       "%s at 0x%" PRIx64 " has no usable size (%" PRIu64 " bytes): the "
			       "symbols do not say where it ends", symbol->name, symbol->address,
			       symbol->size);
	out->size = symbol->size;
	out->end = out->start + out->size;
	if (question->has_offset) {
		if (question->offset >= out->size)
			return fail_past_end(out, "variable", question->offset, fail);
		out->start += question->offset;
		out->end = out->start + 1;
	}
	return hazard_data(kernel, symbol, symbol->address, symbol->size, &out->owners, fail);
}

int survey_make(const struct kernel *kernel, const struct survey_question *question,
		struct survey *out, struct fail *fail)
{
	memset(out, 0, sizeof(*out));
	if (symbol_find(kernel->symtab, question->symbol, question->module,
			question->module == NULL, question->occurrence, &out->symbol, fail) != 0) {
		kernel_explain(kernel, fail);
		return -1;
	}
	out->start = out->symbol->address;
	if (hazard_symbol(kernel, out->symbol, fail) != 0)
		return -1;
	if ((symbol_is_text(out->symbol) ? survey_function(kernel, question, out, fail) :
	     survey_variable(kernel, question, out, fail)) == 0)
		return 0;
	survey_deinit(out);
	return -1;
}

void survey_deinit(struct survey *survey)
{
	function_deinit(&survey->function);
	owners_deinit(&survey->owners);
	memset(survey, 0, sizeof(*survey));
}

bool survey_has(const struct survey *survey, const struct owner *owner)
{
	if (survey->start == survey->symbol->address && survey->end - survey->start == survey->size)
		return true;
	return owner_touches(owner, survey->start, survey->end);
}
