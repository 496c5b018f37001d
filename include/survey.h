/* SPDX-License-Identifier: GPL-2.0-or-later */
/* survey: who owns the bytes of a function or variable, without any change in mind. */
#ifndef PATCHERD_SURVEY_H
#define PATCHERD_SURVEY_H

#include "hazard.h"

struct survey_question {
	const char *symbol;
	const char *module;		/* NULL: anywhere */
	unsigned occurrence;		/* 0: there is only one; else which, from 1 */
	bool has_offset;		/* only of the instruction, or the byte of a variable, */
	uint64_t offset;		/* there */
};

struct survey {
	const struct symbol *symbol;
	struct function function;	/* all zero where the symbol is a variable */
	uint64_t size;			/* of the whole function or variable */
	uint64_t start, end;		/* the bytes that were asked for */
	struct owners owners;		/* of all bytes: see survey_has() */
};

/* -1: OUTCOME_NOT_FOUND, _AMBIGUOUS; OUTCOME_HAZARD, the memory is not what the symbol says, or is
 * not fit to be decoded up to the offset; OUTCOME_MISMATCH, the offset is inside an instruction or
 * past the end. */
int survey_make(const struct kernel *kernel, const struct survey_question *question,
		struct survey *out, struct fail *fail) MUST_CHECK;
void survey_deinit(struct survey *survey);

/* Whether the owner is one of the bytes that were asked for: all are of the whole symbol's; of one
 * instruction's, those that a change of it would touch. */
bool survey_has(const struct survey *survey, const struct owner *owner);

#endif
