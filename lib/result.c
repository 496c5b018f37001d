/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "result.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

json_t *result_text(const char *text)
{
	json_t *json;
	CLEANUP_FREE char *escaped = NULL;
	char *at;

	if (text == NULL)
		return json_null();
	json = json_string(text);
	if (json != NULL)
		return json;
	/* Names in ELF files and of files are bytes; JSON is UTF-8. */
	escaped = malloc(strlen(text) * 4 + 1);
	if (escaped == NULL)
		return NULL;
	at = escaped;
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < 0x80)
			*at++ = *text;
		else
			at += sprintf(at, "\\x%02x", (unsigned char)*text);
	}
	*at = '\0';
	return json_string(escaped);
}

json_t *result_address(uint64_t address)
{
	char text[2 + 16 + 1];

	(void)snprintf(text, sizeof(text), "0x%" PRIx64, address);
	return json_string_nocheck(text);
}

/* jansson's integers are signed; no offset into code comes near the limit. */
static json_t *number(uint64_t value)
{
	return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

json_t *result_code(const struct code *code)
{
	char bytes[BYTES_TEXT_MAX];

	if (code->bytes.length == 0 && code->assembler == NULL)
		return json_null();
	return json_pack("{s:s, s:o}", "bytes", bytes_print(&code->bytes, bytes),
			 "asm", result_text(code->assembler));
}

/* A line of hundreds: field by field takes half of the time that json_pack() does. */
static json_t *line_json(const char *role, uint64_t address, uint64_t offset,
			 const struct bytes *bytes, const char *assembler)
{
	char text[BYTES_TEXT_MAX];

	const struct {
		const char *key;
		json_t *value;
	} fields[] = {
		{ "role", json_string_nocheck(role) },
		{ "address", result_address(address) },
		{ "offset", number(offset) },
		{ "bytes", json_string_nocheck(bytes_print(bytes, text)) },
		{ "asm", result_text(assembler == NULL ? "" : assembler) },
	};
	json_t *line = json_object();
	bool whole = line != NULL;

	/* each takes its value, also where it fails, as it does for NULL */
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		whole &= json_object_set_new_nocheck(line, fields[i].key, fields[i].value) == 0;
	if (whole)
		return line;
	json_decref(line);
	return NULL;
}

json_t *result_target(const struct target_info *info)
{
	if (info == NULL)
		return json_null();
	return json_pack("{s:s, s:o, s:s, s:o, s:o}", "kind", info->kind,
			 "path", result_text(info->path),
			 "architecture", arch_name(info->architecture),
			 "release", result_text(info->release),
			 "build_id", result_text(info->build_id));
}

static json_t *lines_json(const struct site_plan *site)
{
	static const char *const roles[] = {
		[LINE_CONTEXT] = "context", [LINE_OLD] = "old", [LINE_NEW] = "new",
	};
	json_t *lines = json_array();

	for (size_t i = 0; i < site->line_count; i++) {
		const struct line *line = &site->lines[i];

		/* json_array_append_new() fails for NULL, the list or the line */
		if (json_array_append_new(lines, line_json(roles[line->role], line->address,
							   line->offset, &line->bytes,
							   line->assembler)) != 0) {
			json_decref(lines);
			return NULL;
		}
	}
	return lines;
}

json_t *result_owner(const struct owner *owner)
{
	return json_pack("{s:s, s:o, s:o, s:s, s:s, s:o, s:o}",
			 "owner", owner_name(owner->kind),
			 "address", result_address(owner->address),
			 "end", result_address(owner->end),
			 "policy", owner_policy_name(owner->policy),
			 "what", owner_what(owner->kind),
			 "detail", result_text(owner->detail),
			 "advice", result_text(owner_advice(owner)));
}

static json_t *allowed_json(const struct site *site)
{
	json_t *list = json_array();

	for (size_t i = 0; i < site->allow_count; i++) {
		const struct allowance *allowance = &site->allow[i];

		if (json_array_append_new(list, json_pack("{s:s, s:o}", "owner",
							  owner_name(allowance->kind), "reason",
							  result_text(allowance->reason))) != 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *site_json(const struct site_plan *plan)
{
	const struct site *site = plan->site;
	const char *module = plan->located ? plan->module : site->module;
	const char *symbol = plan->located ? plan->symbol : site->symbol;
	bool variable = site->where == SITE_VARIABLE;
	json_t *offset = plan->located ? number(plan->offset) :
			 site->where == SITE_OFFSET || variable ? number(site->offset) : json_null();

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "function", result_text(variable ? NULL : symbol),
			 "variable", result_text(variable ? symbol : NULL),
			 "module", result_text(module),
			 "offset", offset,
			 "address", plan->located ? result_address(plan->address) : json_null(),
			 "outcome", outcome_name(plan->outcome),
			 "message", result_text(plan->message),
			 "expected", result_code(&plan->expected),
			 "found", result_code(&plan->found),
			 "replacement", result_code(&plan->replacement),
			 "allowed", allowed_json(site),
			 "lines", lines_json(plan));
}

static json_t *sites_json(const struct plan *plan)
{
	json_t *sites = json_array();

	for (size_t i = 0; i < plan->site_count; i++) {
		if (json_array_append_new(sites, site_json(&plan->sites[i])) != 0) {
			json_decref(sites);
			return NULL;
		}
	}
	return sites;
}

static json_t *strings_json(const struct strings *strings)
{
	json_t *list = json_array();

	for (size_t i = 0; i < strings->count; i++) {
		if (json_array_append_new(list, result_text(strings->items[i])) != 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

json_t *result_plan(const struct plan *plan, const struct target_info *info)
{
	return json_pack("{s:o, s:s, s:o, s:o, s:o, s:n, s:n, s:o}",
			 "patch", result_text(plan->patch->name),
			 "outcome", outcome_name(plan->outcome),
			 "message", result_text(plan->message),
			 "target", result_target(info),
			 "warnings", strings_json(&plan->warnings),
			 "stop_nanoseconds", "times",
			 "sites", sites_json(plan));
}

json_t *result_fail(const char *patch, const struct fail *fail)
{
	return json_pack("{s:o, s:s, s:o, s:n, s:[], s:n, s:n, s:[]}",
			 "patch", result_text(patch),
			 "outcome", outcome_name(fail->code),
			 "message", result_text(fail->message[0] == '\0' ? NULL : fail->message),
			 "target", "warnings", "stop_nanoseconds", "times", "sites");
}

/* What could not be decoded is said, not left out. */
static json_t *rest_json(const struct function *function)
{
	struct bytes rest = { .length = function->size - function->decoded };

	if (rest.length > INSN_MAX)
		rest.length = INSN_MAX;
	memcpy(rest.data, function->bytes + function->decoded, rest.length);
	return line_json("context", function->symbol->address + function->decoded,
			 function->decoded, &rest, "(no instruction can be decoded from here on)");
}

static json_t *insn_json(const struct symtab *symtab, const struct function *function,
			 const struct insn *insn)
{
	const struct symbol *to = insn->has_target ? symtab_at(symtab, insn->target) : NULL;
	struct bytes bytes = { .length = insn->length };
	char text[ASM_MAX];
	json_t *line;

	memcpy(bytes.data, insn->bytes, insn->length);
	line = line_json("context", insn->address, insn->address - function->symbol->address, &bytes,
			 function_print(symtab, function->symbol, insn, text));
	/* what an image only refers to has no address */
	if (line != NULL && insn->has_target && (to == NULL || to->type != 'U') &&
	    json_object_set_new(line, "target", result_address(insn->target)) != 0) {
		json_decref(line);
		return NULL;
	}
	return line;
}

/* The instructions from `start` to before `end`. */
static json_t *insns_json(const struct symtab *symtab, const struct function *function,
			  uint64_t start, uint64_t end)
{
	json_t *lines = json_array();

	for (size_t i = 0; i < function->count; i++) {
		const struct insn *insn = &function->insns[i];

		if (insn->address >= start && insn->address < end &&
		    json_array_append_new(lines, insn_json(symtab, function, insn)) != 0)
			goto failed;
	}
	if (function->decoded < function->size &&
	    end > function->symbol->address + function->decoded &&
	    json_array_append_new(lines, rest_json(function)) != 0)
		goto failed;
	return lines;
failed:
	json_decref(lines);
	return NULL;
}

json_t *result_function(const struct symtab *symtab, const struct function *function,
			const char *digest, const struct target_info *info)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "function", result_text(function->symbol->name),
			 "module", result_text(function->symbol->module),
			 "address", result_address(function->symbol->address),
			 "size", number(function->size),
			 "digest", result_text(digest),
			 "target", result_target(info),
			 "lines", insns_json(symtab, function, function->symbol->address,
					     function->symbol->address + function->size));
}

static json_t *owners_json(const struct survey *survey)
{
	json_t *owners = json_array();

	for (size_t i = 0; i < survey->owners.count; i++) {
		const struct owner *owner = &survey->owners.items[i];

		if (survey_has(survey, owner) &&
		    json_array_append_new(owners, result_owner(owner)) != 0) {
			json_decref(owners);
			return NULL;
		}
	}
	return owners;
}

json_t *result_survey(const struct kernel *kernel, const struct survey *survey)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "symbol", result_text(survey->symbol->name),
			 "module", result_text(survey->symbol->module),
			 "address", result_address(survey->symbol->address),
			 "size", number(survey->size),
			 "target", result_target(&kernel->target->info),
			 "lines", insns_json(kernel->symtab, &survey->function, survey->start,
					     survey->end),
			 "owners", owners_json(survey));
}
