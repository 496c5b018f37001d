/* SPDX-License-Identifier: GPL-2.0-or-later */
/* drift_print: the report, as text and as JSON. */
#include "drift.h"

#include <inttypes.h>
#include <string.h>

#include "result.h"

enum { PLACE_MAX = 64 };

/* "0x30", "0x30 (8 bytes)" where the size differs, "0x31:3 (1 bit)". */
static const char *member_place(const struct member_drift *drift,
				const struct aggregate_member *member, char out[PLACE_MAX])
{
	const struct aggregate_member *a = drift->object, *b = drift->kernel;
	int length;

	if (member == NULL)
		return "-";
	length = snprintf(out, PLACE_MAX, "0x%" PRIx64, member->bit_offset / 8);
	if (member->bit_size != 0)
		(void)snprintf(out + length, PLACE_MAX - (size_t)length, ":%" PRIu64 " (%" PRIu64
			       " bit%s)", member->bit_offset % 8, member->bit_size,
			       member->bit_size == 1 ? "" : "s");
	else if (a != NULL && b != NULL && (a->value.size != b->value.size || a->bit_size != b->bit_size))
		(void)snprintf(out + length, PLACE_MAX - (size_t)length, " (%" PRIu64 " bytes)",
			       member->value.size);
	return out;
}

static void aggregate_print(FILE *out, const struct aggregate_drift *drift)
{
	char object[PLACE_MAX], kernel[PLACE_MAX];

	(void)fprintf(out, "%s ", drift->object->is_union ? "union" : "struct");
	(void)text_print(out, drift->object->name);
	(void)fprintf(out, ": 0x%" PRIx64 " bytes in the object, 0x%" PRIx64 " in the kernel\n",
		      drift->object->size, drift->kernel->size);
	if (drift->member_count > 0)
		(void)fprintf(out, "  %-30s %-18s %s\n", "member", "object", "kernel");
	for (size_t i = 0; i < drift->member_count; i++) {
		const struct member_drift *member = &drift->members[i];

		(void)fputs("  ", out);
		text_pad(out, member->object != NULL ? member->object->name : member->kernel->name,
			 30);
		(void)fprintf(out, " %-18s %s%s\n", member_place(member, member->object, object),
			      member_place(member, member->kernel, kernel),
			      member->object == NULL ? "  added" :
			      member->kernel == NULL ? "  removed" : "");
	}
	(void)putc('\n', out);
}

static void use_print(FILE *out, const struct drift *drift, const struct drift_use *use)
{
	char text[ASM_MAX], path[USE_PATH_MAX], place[ASM_MAX];

	(void)snprintf(place, sizeof(place), "%s+0x%" PRIx64, use->symbol->name, use->offset);
	text_pad(out, place, 28);
	(void)fputs("  ", out);
	text_pad(out, function_print(drift->image.symtab, use->symbol, &use->insn, text), 32);
	(void)fputs("  ", out);
	(void)text_print(out, use->use.steps[0].aggregate->name);
	(void)putc('.', out);
	(void)text_print(out, use_path(&use->use, path));
	(void)fprintf(out, " 0x%" PRIx64, use->use.offset);
	if (use->found)
		(void)fprintf(out, " -> 0x%" PRIx64, use->kernel_offset);
	(void)putc('\n', out);
	if (use->reason != NULL)
		lines_print(out, "    cannot be patched: ", use->reason);
}

static size_t refused_count(const struct drift *drift)
{
	size_t count = 0;

	for (size_t i = 0; i < drift->use_count; i++)
		count += drift->uses[i].reason != NULL;
	return count;
}

void drift_print(FILE *out, const struct drift *drift)
{
	size_t refused = refused_count(drift);

	for (size_t i = 0; i < drift->layouts.count; i++)
		aggregate_print(out, &drift->layouts.items[i]);
	for (size_t i = 0; i < drift->use_count; i++)
		use_print(out, drift, &drift->uses[i]);
	if (drift->use_count > 0)
		(void)putc('\n', out);
	(void)fprintf(out, "%zu of %zu structs and unions in common differ (%s, %s)",
		      drift->layouts.count, drift->layouts.compared,
		      layouts_format_name(layouts_format(drift->object)),
		      layouts_format_name(layouts_format(drift->kernel)));
	if (drift->layouts.count > 0)
		(void)fprintf(out, ", %zu instruction%s use%s them", drift->use_count,
			      drift->use_count == 1 ? "" : "s", drift->use_count == 1 ? "s" : "");
	if (refused > 0)
		(void)fprintf(out, "; %zu cannot be patched: a patch is not whole", refused);
	(void)putc('\n', out);
}

static json_t *text_or_null(const char *text)
{
	return text == NULL ? json_null() : result_text(text);
}

static json_t *member_json(const struct aggregate_member *member)
{
	if (member == NULL)
		return json_null();
	if (member->bit_size != 0)
		return json_pack("{s:I, s:I, s:I}", "offset", (json_int_t)(member->bit_offset / 8),
				 "bit", (json_int_t)(member->bit_offset % 8), "bits",
				 (json_int_t)member->bit_size);
	return json_pack("{s:I, s:I}", "offset", (json_int_t)(member->bit_offset / 8), "size",
			 (json_int_t)member->value.size);
}

static json_t *aggregate_json(const struct aggregate_drift *drift)
{
	json_t *members = json_array();

	for (size_t i = 0; i < drift->member_count; i++) {
		const struct member_drift *member = &drift->members[i];

		if (json_array_append_new(members, json_pack("{s:o, s:o, s:o}", "member",
				result_text(member->object != NULL ? member->object->name :
								     member->kernel->name),
				"object", member_json(member->object),
				"kernel", member_json(member->kernel))) != 0) {
			json_decref(members);
			return NULL;
		}
	}
	return json_pack("{s:o, s:b, s:I, s:I, s:o}", "type", result_text(drift->object->name),
			 "union", (int)drift->object->is_union, "object_size",
			 (json_int_t)drift->object->size, "kernel_size",
			 (json_int_t)drift->kernel->size, "members", members);
}

static json_t *use_json(const struct drift *drift, const struct drift_use *use)
{
	char text[ASM_MAX], path[USE_PATH_MAX];

	return json_pack("{s:o, s:I, s:o, s:o, s:o, s:I, s:o, s:o}", "function",
			 result_text(use->symbol->name), "offset", (json_int_t)use->offset, "assembler",
			 result_text(function_print(drift->image.symtab, use->symbol, &use->insn,
						    text)),
			 "type", result_text(use->use.steps[0].aggregate->name),
			 "member", result_text(use_path(&use->use, path)),
			 "object_offset", (json_int_t)use->use.offset, "kernel_offset",
			 use->found ? json_integer((json_int_t)use->kernel_offset) : json_null(),
			 "unpatchable", text_or_null(use->reason));
}

json_t *drift_json(const struct drift *drift)
{
	json_t *types = json_array(), *uses = json_array();
	bool whole = types != NULL && uses != NULL;

	for (size_t i = 0; whole && i < drift->layouts.count; i++)
		whole = json_array_append_new(types, aggregate_json(&drift->layouts.items[i])) == 0;
	for (size_t i = 0; whole && i < drift->use_count; i++)
		whole = json_array_append_new(uses, use_json(drift, &drift->uses[i])) == 0;
	if (!whole) {
		json_decref(types);
		json_decref(uses);
		return NULL;
	}
	return json_pack("{s:o, s:o, s:I, s:o, s:o, s:o}", "object",
			 result_text(layouts_path(drift->object)), "against",
			 result_text(layouts_path(drift->kernel)), "compared",
			 (json_int_t)drift->layouts.compared, "types", types, "uses", uses, "patch",
			 text_or_null(drift->patch));
}
