/* SPDX-License-Identifier: GPL-2.0-or-later */
/* layouts_dwarf: DWARF into the graph. Each unit is read once, from its start to its end; what an
 * entry refers to is its offset in .debug_info until all are read. */
#include <dwarf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/layouts_dwarf.h"

enum {
	PARENTS_MAX = 32,		/* what is deeper is in a function's body */
	UNKNOWN = 1			/* the id of what is not described, or not in a way known
					 * here */
};

/* An entry whose children are read. */
struct parent {
	uint32_t tag;
	uint32_t node;			/* that it made; 0: none */
	uint64_t skip;			/* where its siblings go on, to skip the rest; 0: not
					 * known */
};

struct reader {
	struct layouts *layouts;
	struct dwarf dwarf;
	struct unit unit;
	uint64_t *offsets;		/* of the entries that made the nodes: ascending */
	size_t offset_count, offset_size;
	struct parent parents[PARENTS_MAX];
	size_t depth;
};

/* An entry, so far as it matters. */
struct entry_data {
	uint64_t offset;
	uint32_t tag;
	const char *name;
	uint64_t type, specification, sibling;	/* 0: none */
	uint64_t byte_size, bit_size, bit_offset, data_bit_offset, location, count, upper;
	bool has_byte_size, has_bit_offset, has_data_bit_offset, has_count, has_upper;
	bool declaration, is_float;
};

static int damaged(const struct reader *reader, uint64_t offset, const char *why,
		   struct fail *fail)
{
	return fail_set(fail, OUTCOME_ERROR, "%s: section .debug_info is damaged at 0x%" PRIx64 ": %s",
			reader->dwarf.path, offset, why);
}

/* ---- one entry ---- */

/* DWARF 2 and 3 say by an expression where a member is: DW_OP_plus_uconst N. */
static bool location_read(const struct datum *datum, uint64_t *out)
{
	struct cursor cursor;

	if (datum->kind == DATUM_NUMBER) {
		*out = datum->number;
		return true;
	}
	if (datum->kind != DATUM_BLOCK)
		return false;
	cursor = (struct cursor){
		.at = datum->block.data, .end = datum->block.data + datum->block.size,
	};
	if (cursor_number(&cursor, 1) != DW_OP_plus_uconst)
		return false;
	*out = cursor_uleb(&cursor);
	return !cursor.bad && cursor.at == cursor.end;
}

static void attribute_take(struct entry_data *entry, uint32_t name, const struct datum *datum)
{
	bool number = datum->kind == DATUM_NUMBER, reference = datum->kind == DATUM_REFERENCE;

	switch (name) {
	case DW_AT_name:
		entry->name = datum->kind == DATUM_TEXT ? datum->text : "";
		break;
	case DW_AT_type:
		entry->type = reference ? datum->number : UINT64_MAX;
		break;
	case DW_AT_specification: case DW_AT_abstract_origin:
		entry->specification = reference ? datum->number : UINT64_MAX;
		break;
	case DW_AT_sibling:
		entry->sibling = reference ? datum->number : 0;
		break;
	case DW_AT_byte_size:
		entry->has_byte_size = number;
		entry->byte_size = datum->number;
		break;
	case DW_AT_bit_size:
		entry->bit_size = number ? datum->number : 0;
		break;
	case DW_AT_bit_offset:
		entry->has_bit_offset = number;
		entry->bit_offset = datum->number;
		break;
	case DW_AT_data_bit_offset:
		entry->has_data_bit_offset = number;
		entry->data_bit_offset = datum->number;
		break;
	case DW_AT_data_member_location:
		if (!location_read(datum, &entry->location))
			entry->location = UINT64_MAX;	/* no struct of C has this */
		break;
	case DW_AT_count:
		entry->has_count = number;
		entry->count = datum->number;
		break;
	case DW_AT_upper_bound:
		entry->has_upper = number;
		entry->upper = datum->number;
		break;
	case DW_AT_encoding:
		entry->is_float = number && (datum->number == DW_ATE_float ||
					     datum->number == DW_ATE_complex_float);
		break;
	case DW_AT_declaration:
		entry->declaration = number && datum->number != 0;
		break;
	default:
		break;
	}
}

static void entry_read(struct reader *reader, const struct abbreviation *abbreviation,
		       struct cursor *cursor, struct entry_data *out)
{
	struct datum datum;

	*out = (struct entry_data){ .tag = abbreviation->tag, .name = "" };
	for (size_t i = 0; i < abbreviation->count && !cursor->bad; i++) {
		const struct attribute *attribute =
			&reader->dwarf.table.attributes[abbreviation->first + i];

		datum_read(&reader->dwarf, &reader->unit, attribute, cursor, &datum);
		attribute_take(out, attribute->name, &datum);
		if (attribute->name == DW_AT_str_offsets_base && datum.kind == DATUM_NUMBER)
			reader->unit.str_offsets = datum.number;
		/* the types are in a .dwo file (5: the unit's type says it) */
		if (attribute->name == DW_AT_GNU_dwo_name)
			reader->dwarf.elsewhere = true;
	}
}

/* ---- into the graph ---- */

static int node_add(struct reader *reader, enum node_kind kind, const struct entry_data *entry,
		    const char *name, uint64_t size, uint64_t target, struct fail *fail)
{
	if (reader->offset_count == reader->offset_size) {
		size_t grown = reader->offset_size == 0 ? 1024 : reader->offset_size * 2;
		uint64_t *offsets = reallocarray(reader->offsets, grown, sizeof(*offsets));

		if (offsets == NULL)
			return fail_memory(fail, "DWARF");
		reader->offsets = offsets;
		reader->offset_size = grown;
	}
	reader->offsets[reader->offset_count++] = entry->offset;
	return graph_node(reader->layouts, kind, name, size, target, fail);
}

static enum node_kind kind_of(const struct entry_data *entry)
{
	switch (entry->tag) {
	case DW_TAG_base_type:
		return entry->is_float ? NODE_FLOAT : NODE_OTHER;
	case DW_TAG_unspecified_type: case DW_TAG_class_type:
		return NODE_OTHER;
	case DW_TAG_enumeration_type:
		return NODE_ENUM;
	case DW_TAG_pointer_type: case DW_TAG_reference_type: case DW_TAG_rvalue_reference_type:
		return NODE_POINTER;
	case DW_TAG_array_type:
		return NODE_ARRAY;
	case DW_TAG_structure_type:
		return entry->declaration ? NODE_STRUCT_DECLARED : NODE_STRUCT;
	case DW_TAG_union_type:
		return entry->declaration ? NODE_UNION_DECLARED : NODE_UNION;
	case DW_TAG_typedef:
		return NODE_TYPEDEF;
	case DW_TAG_const_type:
		return NODE_CONST;
	case DW_TAG_volatile_type:
		return NODE_VOLATILE;
	case DW_TAG_restrict_type:
		return NODE_RESTRICT;
	case DW_TAG_atomic_type:
		return NODE_ATOMIC;
	case DW_TAG_subroutine_type: case DW_TAG_subprogram:
		return NODE_FUNCTION;
	case DW_TAG_variable:
		return NODE_VARIABLE;
	default:
		return NODE_VOID;
	}
}

/* A function's name is no part of its type. */
static int named_add(struct reader *reader, const struct entry_data *entry, enum node_kind kind,
		     struct fail *fail)
{
	struct layouts *layouts = reader->layouts;
	struct entries *entries = kind == NODE_FUNCTION ? &layouts->functions : &layouts->variables;
	uint32_t id = (uint32_t)layouts->node_count;

	/* the body of what has its name and type elsewhere */
	if (reader->depth != 1 || (entry->name[0] == '\0' &&
				   (kind == NODE_FUNCTION || entry->specification == 0)))
		return 0;
	if (node_add(reader, kind, entry, kind == NODE_VARIABLE ? entry->name : "",
		     entry->specification, entry->type, fail) != 0)
		return -1;
	return graph_entry(layouts, entries, entry->name, id, entry->declaration ? RANK_DECLARED : RANK_DEFINED, fail);
}

static int member_add(struct reader *reader, uint32_t node, const struct entry_data *entry,
		      struct fail *fail)
{
	struct part part = {
		.name = entry->name, .target = entry->type, .bit_size = (uint32_t)entry->bit_size,
	};
	uint64_t low = 0, bytes = entry->location;

	if (entry->declaration)		/* of C++: it is a variable */
		return 0;
	if (bytes > UINT32_MAX || entry->bit_size > 1024 || entry->bit_offset > 1024 ||
	    entry->byte_size > UINT32_MAX || entry->data_bit_offset > INT64_MAX / 8)
		return damaged(reader, entry->offset, "a member that cannot be", fail);
	part.bit_offset = bytes * 8 + entry->data_bit_offset;
	if (entry->bit_size != 0 && !entry->has_data_bit_offset && entry->has_bit_offset) {
		part.high_bits = (uint32_t)entry->bit_offset;
		part.high_first = !entry->has_byte_size;
		low = entry->has_byte_size ? entry->byte_size * 8 : UINT64_MAX;
		if (low < entry->bit_offset + entry->bit_size)
			return damaged(reader, entry->offset, "a bitfield that is not in its type",
				       fail);
		if (entry->has_byte_size)
			part.bit_offset += low - entry->bit_offset - entry->bit_size;
	}
	return graph_part(reader->layouts, node, &part, fail);
}

/* One dimension; the second and each later one is an array in the one before. */
static int subrange_add(struct reader *reader, struct parent *parent,
			const struct entry_data *entry, struct fail *fail)
{
	struct node *array = &reader->layouts->nodes[parent->node];
	uint64_t target = array->target;
	uint64_t count = entry->has_count ? entry->count : entry->has_upper ? entry->upper + 1 : 0;

	if (!array->variadic) {		/* it has its first dimension */
		array->variadic = true;
		array->size = count;
		return 0;
	}
	array->target = entry->offset;
	parent->node = (uint32_t)reader->layouts->node_count;
	if (node_add(reader, NODE_ARRAY, entry, "", count, target, fail) != 0)
		return -1;
	reader->layouts->nodes[parent->node].variadic = true;
	return 0;
}

static int child_add(struct reader *reader, const struct entry_data *entry, struct fail *fail)
{
	struct parent none = { .tag = 0 };
	struct parent *parent = reader->depth == 0 || reader->depth > PARENTS_MAX ? &none :
				&reader->parents[reader->depth - 1];
	struct node *node = &reader->layouts->nodes[parent->node];
	struct part part = { .name = "", .target = entry->type };

	if (parent->node == 0)
		return 0;
	switch (entry->tag) {
	case DW_TAG_member:
		return node->kind == NODE_STRUCT || node->kind == NODE_UNION ?
		       member_add(reader, parent->node, entry, fail) : 0;
	case DW_TAG_subrange_type:
		return node->kind == NODE_ARRAY ? subrange_add(reader, parent, entry, fail) : 0;
	case DW_TAG_formal_parameter:
		return node->kind == NODE_FUNCTION ?
		       graph_part(reader->layouts, parent->node, &part, fail) : 0;
	case DW_TAG_unspecified_parameters:
		node->variadic = true;
		return 0;
	default:
		return 0;
	}
}

static int entry_add(struct reader *reader, const struct entry_data *entry, struct fail *fail)
{
	enum node_kind kind = kind_of(entry);

	if (kind == NODE_VOID)
		return child_add(reader, entry, fail);
	if (entry->tag == DW_TAG_subprogram || entry->tag == DW_TAG_variable)
		return named_add(reader, entry, kind, fail);
	return node_add(reader, kind, entry, entry->name,
			kind == NODE_POINTER || kind == NODE_ARRAY ? 0 : entry->byte_size,
			entry->type, fail);
}

/* ---- units ---- */

/* A body, in which there is nothing to find. */
static bool is_body(const struct reader *reader, const struct entry_data *entry, bool made)
{
	return entry->tag == DW_TAG_lexical_block || entry->tag == DW_TAG_inlined_subroutine ||
	       entry->tag == DW_TAG_call_site || entry->tag == DW_TAG_GNU_call_site ||
	       entry->tag == DW_TAG_enumeration_type || reader->depth > PARENTS_MAX ||
	       (entry->tag == DW_TAG_subprogram && !made);
}

static int unit_add(struct reader *reader, struct fail *fail)
{
	const uint8_t *info = reader->dwarf.info.data;
	struct cursor cursor = {
		.at = info + reader->unit.entries, .end = info + reader->unit.end,
	};
	struct layouts *layouts = reader->layouts;

	reader->depth = 0;
	while (cursor.at < cursor.end) {
		uint64_t offset = (uint64_t)(cursor.at - info);
		uint64_t code = cursor_uleb(&cursor);
		const struct abbreviation *abbreviation;
		struct entry_data entry;
		size_t count = layouts->node_count;

		if (code == 0) {
			/* behind the last entry is padding */
			reader->depth -= reader->depth > 0;
			continue;
		}
		abbreviation = abbreviation_find(&reader->dwarf.table, code);
		if (abbreviation == NULL)
			return damaged(reader, offset, "an entry of no known abbreviation", fail);
		/* some take no bytes; in what compilers write, an entry has more bytes than
		 * attributes */
		reader->dwarf.attributes += abbreviation->count;
		if (reader->dwarf.attributes > 8 * reader->dwarf.info.size)
			return damaged(reader, offset, "too many attributes", fail);
		entry_read(reader, abbreviation, &cursor, &entry);
		entry.offset = offset;
		if (cursor.bad)
			return damaged(reader, offset, "an entry that cannot be read", fail);
		if (entry_add(reader, &entry, fail) != 0)
			return -1;
		if (!abbreviation->children)
			continue;
		if (is_body(reader, &entry, layouts->node_count != count) &&
		    entry.sibling > (uint64_t)(cursor.at - info) &&
		    entry.sibling <= reader->unit.end) {
			cursor.at = info + entry.sibling;
			continue;
		}
		if (reader->depth < PARENTS_MAX)
			reader->parents[reader->depth] = (struct parent){
				.tag = entry.tag,
				.node = layouts->node_count != count ? (uint32_t)count : 0,
			};
		reader->depth++;
	}
	return 0;
}

/* ---- references ---- */

static uint64_t resolve(const struct reader *reader, uint64_t offset)
{
	size_t low = UNKNOWN + 1, high = reader->offset_count;

	if (offset == 0)
		return 0;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (reader->offsets[middle] < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low < reader->offset_count && reader->offsets[low] == offset ? low : UNKNOWN;
}

/* All of them; and a variable that a declaration came before has its name there. */
static void resolve_all(struct reader *reader)
{
	struct layouts *layouts = reader->layouts;

	for (size_t i = UNKNOWN + 1; i < layouts->node_count; i++) {
		struct node *node = &layouts->nodes[i];

		node->target = resolve(reader, node->target);
		if (node->kind == NODE_ARRAY)
			node->variadic = false;
	}
	for (size_t i = 1; i < layouts->part_count; i++)
		layouts->parts[i].target = resolve(reader, layouts->parts[i].target);
	for (size_t i = 0; i < layouts->variables.count; i++) {
		struct entry *entry = &layouts->variables.items[i];
		struct node *node = &layouts->nodes[entry->node];
		const struct node *before = graph_at(layouts, resolve(reader, node->size));

		if (node->size != 0 && before->kind == NODE_VARIABLE) {
			if (node->target == 0)
				node->target = before->target;
			node->name = before->name;
			entry->name = before->name;
		}
		node->size = 0;
	}
}

static int sections_read(struct reader *reader, const struct elf_file *elf, struct fail *fail)
{
	struct dwarf *dwarf = &reader->dwarf;
	struct {
		const char *name;
		struct bytes *out;
		bool text;
	} sections[] = {
		{ ".debug_info", &dwarf->info, false }, { ".debug_abbrev", &dwarf->abbrev, false },
		{ ".debug_str", &dwarf->str, true }, { ".debug_line_str", &dwarf->line_str, true },
		{ ".debug_str_offsets", &dwarf->str_offsets, false },
	};

	if (elf_file_section(elf, ".zdebug_info") != NULL)
		return fail_set(fail, OUTCOME_NOT_FOUND, "%s: its DWARF is packed as before 2015 "
				"(.zdebug_info), which is not supported: unpack it by objcopy "
				"--decompress-debug-sections", dwarf->path);
	for (size_t i = 0; i < sizeof(sections) / sizeof(*sections); i++) {
		struct bytes *bytes = sections[i].out;

		if (graph_section(reader->layouts, elf, sections[i].name, &bytes->data,
				  &bytes->size, fail) != 0)
			return -1;
		if (sections[i].text && bytes->size > 0 && bytes->data[bytes->size - 1] != '\0')
			return fail_set(fail, OUTCOME_ERROR, "%s: section %s is damaged: it does not "
					"end with a string's end", dwarf->path, sections[i].name);
	}
	return 0;
}

static int units_add(struct reader *reader, const struct elf_file *elf, struct fail *fail)
{
	const struct entry_data unknown = { .offset = 0 };

	if (sections_read(reader, elf, fail) != 0 ||
	    node_add(reader, NODE_OTHER, &unknown, "", 0, 0, fail) != 0)
		return -1;
	for (uint64_t at = 0; at < reader->dwarf.info.size; at = reader->unit.end) {
		if (unit_read(&reader->dwarf, at, &reader->unit, fail) != 0 ||
		    unit_add(reader, fail) != 0)
			return -1;
		if (reader->unit.type == DW_UT_skeleton || reader->dwarf.elsewhere)
			return fail_set(fail, OUTCOME_NOT_FOUND, "%s: a part of its DWARF is in "
					"another file (-gsplit-dwarf, or dwz): build it with -g alone",
					reader->dwarf.path);
	}
	resolve_all(reader);
	return 0;
}

int layouts_read_dwarf(struct layouts *layouts, const struct elf_file *elf, struct fail *fail)
{
	struct reader reader = { .layouts = layouts, .dwarf = { .path = layouts->path } };
	int result;

	/* that of the type `void`, so that offsets and nodes have one index */
	reader.offsets = calloc(1024, sizeof(*reader.offsets));
	reader.offset_size = reader.offsets == NULL ? 0 : 1024;
	reader.offset_count = reader.offset_size == 0 ? 0 : 1;
	result = reader.offset_count == 0 ? fail_memory(fail, "DWARF") :
		 units_add(&reader, elf, fail);
	free(reader.offsets);
	abbreviations_deinit(&reader.dwarf.table);
	return result;
}
