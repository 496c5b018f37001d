/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hazards: whose bytes a function's instructions, or a variable's, are:
 *
 *	nfs_flock [nfs]: 213 bytes on 6.1.0-56-cloud-amd64 (kmem)
 *	0xffffffffc0412316  +0x0    0f 1f 44 00 00  nopl 0x0(%rax,%rax,1)  ftrace (forbidden)
 *	0xffffffffc041231b  +0x5    41 55           push %r13              orc_unwind (allowable)
 *	…
 *
 *	ftrace (forbidden): ftrace's site of the function: …
 *	  choose an instruction behind it
 */
#include "patchctl.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "result.h"
#include "survey.h"

/* One of the answer's owners. */
struct entry {
	const char *owner, *policy, *what, *detail, *advice;
	uint64_t address, end;
};

struct answer {
	const json_t *json, *lines;
	uint64_t address, size;
	struct entry *owners;
	size_t count;
	bool colours;
};

static uint64_t address_of(const json_t *object, const char *key)
{
	/* what is no address becomes 0, where nothing is */
	return strtoull(json_text(object, key), NULL, 16);
}

static int answer_take(const json_t *json, struct answer *out, struct fail *fail)
{
	const json_t *owners = json_object_get(json, "owners");
	const json_t *owner;
	size_t i;

	*out = (struct answer){
		.json = json,
		.lines = json_object_get(json, "lines"),
		.address = address_of(json, "address"),
		.size = (uint64_t)json_integer_value(json_object_get(json, "size")),
		.owners = calloc(json_array_size(owners) + 1, sizeof(*out->owners)),
		.colours = stdout_has_colours(),
	};
	if (out->owners == NULL)
		return fail_memory(fail, "the owners of a function");
	json_array_foreach(owners, i, owner)
		out->owners[out->count++] = (struct entry){
			.owner = json_text(owner, "owner"),
			.policy = json_text(owner, "policy"),
			.what = json_text(owner, "what"),
			.detail = json_text(owner, "detail"),
			.advice = json_text(owner, "advice"),
			.address = address_of(owner, "address"),
			.end = address_of(owner, "end"),
		};
	return 0;
}

static bool is_place(const struct entry *entry)
{
	return entry->address == entry->end;
}

static bool is_of_all(const struct answer *answer, const struct entry *entry)
{
	return entry->address <= answer->address &&
	       entry->end >= answer->address + answer->size;
}

/* "ftrace (forbidden)" */
static void mark_print(const struct answer *answer, const struct entry *entry)
{
	const char *colour = strcmp(entry->policy, "forbidden") == 0 ? RED :
			     strcmp(entry->policy, "allowable") == 0 ? YELLOW : DIM;

	if (answer->colours)
		(void)fputs(colour, stdout);
	(void)text_print(stdout, entry->owner);
	(void)fputs(" (", stdout);
	(void)text_print(stdout, is_place(entry) ? "not inside a change" : entry->policy);
	(void)fputs(answer->colours ? ")" PLAIN : ")", stdout);
}

/* Whether the owner is told between these addresses: its bytes are there, or its place is. */
static bool is_between(const struct answer *answer, const struct entry *entry, uint64_t start,
		       uint64_t end)
{
	if (is_place(entry))
		return entry->address >= start && entry->address < end;
	return !is_of_all(answer, entry) && entry->address < end && entry->end > start;
}

static bool same_mark(const struct entry *a, const struct entry *b)
{
	return strcmp(a->owner, b->owner) == 0 && strcmp(a->policy, b->policy) == 0 &&
	       is_place(a) == is_place(b);
}

/* The owners' names behind `pad` blanks, each once; those of all bytes, or those between. Returns
 * how many. */
static size_t marks_print(const struct answer *answer, bool of_all, uint64_t start, uint64_t end,
			  int pad)
{
	size_t printed = 0;

	for (size_t i = 0; i < answer->count; i++) {
		const struct entry *entry = &answer->owners[i];
		bool again = false;

		if (of_all ? !is_of_all(answer, entry) : !is_between(answer, entry, start, end))
			continue;
		for (size_t j = 0; j < i && !again; j++)
			again = same_mark(entry, &answer->owners[j]) &&
				(of_all ? is_of_all(answer, &answer->owners[j]) :
				 is_between(answer, &answer->owners[j], start, end));
		if (again)
			continue;
		(void)printf("%*s", printed == 0 ? pad : 0, "");
		if (printed++ != 0)
			(void)fputs(", ", stdout);
		mark_print(answer, entry);
	}
	return printed;
}

static void line_owners(size_t index, int pad, const void *data)
{
	const struct answer *answer = data;
	uint64_t start = address_of(json_array_get(answer->lines, index), "address");
	uint64_t end = index + 1 < json_array_size(answer->lines) ?
		       address_of(json_array_get(answer->lines, index + 1), "address") : UINT64_MAX;

	(void)marks_print(answer, false, start, end, pad);
}

/* "+0x8..+0x10  static_key (forbidden)", for each owner of a part. */
static void variable_print(const struct answer *answer)
{
	for (size_t i = 0; i < answer->count; i++) {
		const struct entry *entry = &answer->owners[i];
		uint64_t start = entry->address > answer->address ? entry->address :
				 answer->address;

		if (is_of_all(answer, entry))
			continue;
		(void)printf("+0x%llx..+0x%llx  ",
			     (unsigned long long)(start - answer->address),
			     (unsigned long long)(entry->end - answer->address));
		mark_print(answer, entry);
		(void)putchar('\n');
	}
}

static bool same_kind(const struct entry *a, const struct entry *b)
{
	return strcmp(a->owner, b->owner) == 0 && strcmp(a->policy, b->policy) == 0;
}

/* What can be done about it, each advice once. */
static void advice_print(const struct answer *answer, size_t first)
{
	const struct entry *entry = &answer->owners[first];

	if (strcmp(entry->policy, "settled") == 0) {
		(void)puts("  the kernel is done with these bytes: they may be changed as they are "
			   "in memory");
		return;
	}
	for (size_t i = first; i < answer->count; i++) {
		bool again = !same_kind(entry, &answer->owners[i]);

		for (size_t j = first; j < i && !again; j++)
			again = same_kind(entry, &answer->owners[j]) &&
				strcmp(answer->owners[i].advice, answer->owners[j].advice) == 0;
		if (!again)
			lines_print(stdout, "  ", answer->owners[i].advice);
	}
	if (strcmp(entry->policy, "allowable") == 0) {
		(void)fputs("  or, if it is meant, say so in the patch: allow: {", stdout);
		(void)text_print(stdout, entry->owner);
		(void)puts(": \"the reason\"}");
	}
}

/* Each kind of owner once, with who they are and what can be done. */
static void legend_print(const struct answer *answer)
{
	for (size_t i = 0; i < answer->count; i++) {
		const struct entry *entry = &answer->owners[i];
		bool again = false;

		for (size_t j = 0; j < i && !again; j++)
			again = same_kind(entry, &answer->owners[j]);
		if (again)
			continue;
		(void)putchar('\n');
		mark_print(answer, entry);
		(void)fputs(": ", stdout);
		(void)text_print(stdout, entry->what);
		(void)putchar('\n');
		for (size_t j = i; j < answer->count; j++) {
			if (same_kind(entry, &answer->owners[j]))
				lines_print(stdout, "  ", answer->owners[j].detail);
		}
		advice_print(answer, i);
	}
}

static void answer_print(const struct answer *answer)
{
	const json_t *target = json_object_get(answer->json, "target");
	bool image = strcmp(json_text(target, "kind"), "image") == 0;

	listing_title(answer->json, "symbol");
	if (marks_print(answer, true, 0, 0, 0) != 0)
		(void)puts(": all of it");
	if (json_array_size(answer->lines) != 0)
		listing_print(answer->lines, &(struct listing){ .beside = line_owners, .data = answer,
								 .marked = -1 });
	else
		variable_print(answer);
	legend_print(answer);
	if (answer->count == 0)
		(void)puts(image ? "no owner of these bytes is known" :
			   "nobody else owns these bytes");
	if (image && json_array_size(answer->lines) != 0)
		(void)puts("\nan image does not tell who traces, probes or replaces a function of "
			   "a running kernel");
}

static int daemon_hazards(const struct options *options, const struct survey_question *question,
			  json_t **out, struct fail *fail)
{
	CLEANUP(reply_deinit) struct reply reply = { .error = NULL };
	json_t *request = json_pack("{s:o, s:o*, s:o*, s:o*}", "symbol",
				    result_text(question->symbol),
				    "module", question->module == NULL ?
					      NULL : result_text(question->module),
				    "occurrence", question->occurrence == 0 ?
					      NULL : json_integer(question->occurrence),
				    "offset", !question->has_offset ?
					      NULL : json_integer((json_int_t)question->offset));

	if (daemon_call(options, "Hazards", request, &reply, fail) != 0)
		return -1;
	if (reply.error != NULL)
		return reply_fail(&reply, fail);
	*out = json_incref(reply.parameters);
	return 0;
}

int command_hazards(const struct options *options, int count, char **arguments)
{
	struct survey_question question = {
		.module = options->module, .occurrence = options->occurrence,
	};
	struct answer answer = { .owners = NULL };
	struct place_argument place = { .symbol = NULL };
	json_t *json = NULL;
	struct fail fail;
	int status;

	(void)count;
	if (options->image == NULL && options->system_map != NULL)
		return usage_error("--system-map needs --image");
	status = place_parse("hazards", arguments[0], &place);
	if (status != 0)
		return status;
	question.symbol = place.symbol;
	question.has_offset = place.has_offset;
	question.offset = place.offset;
	if ((options->image != NULL ? image_hazards(options, &question, &json, &fail) :
	     daemon_hazards(options, &question, &json, &fail)) != 0 ||
	    answer_take(json, &answer, &fail) != 0)
		status = fail_print(options, NULL, &fail);
	else if (options->json)
		json_print(json);
	else
		answer_print(&answer);
	free(answer.owners);
	json_decref(json);
	return status;
}
