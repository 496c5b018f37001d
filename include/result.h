/* SPDX-License-Identifier: GPL-2.0-or-later */
/* result: plans and functions as the JSON that the interface sends and patchctl prints (types
 * Result, Site, Code, Line and Owner of io.patcherd.varlink). Each returns a new reference, NULL
 * when memory ran out. */
#ifndef PATCHERD_RESULT_H
#define PATCHERD_RESULT_H

#include <jansson.h>

#include "function.h"
#include "patch.h"
#include "survey.h"
#include "target.h"

/* `info` NULL: no kernel was looked at. */
json_t *result_plan(const struct plan *plan, const struct target_info *info);
/* A patch that did not come as far as a plan (invalid-spec, not-found, …), or has none; the message
 * "" is null. */
json_t *result_fail(const char *patch, const struct fail *fail);
/* Any text as a string: where it is not UTF-8, each byte outside ASCII becomes "\xNN". NULL: null. */
json_t *result_text(const char *text);
/* "0xffffffff81000000" */
json_t *result_address(uint64_t address);
/* null where there are neither bytes nor text. */
json_t *result_code(const struct code *code);
/* An Owner. */
json_t *result_owner(const struct owner *owner);
/* The answer of Disassemble; `digest` NULL: it was not asked for. */
json_t *result_function(const struct symtab *symtab, const struct function *function,
			const char *digest, const struct target_info *info);
/* The answer of Symbols: those whose names match the pattern of fnmatch(3), of that module alone where
 * it is not NULL. */
json_t *result_symbols(const struct symtab *symtab, const char *pattern, const char *module,
		       const struct target_info *info);
/* A Target; null where `info` is NULL. */
json_t *result_target(const struct target_info *info);
/* The answer of Hazards. */
json_t *result_survey(const struct kernel *kernel, const struct survey *survey);

#endif
