/* SPDX-License-Identifier: GPL-2.0-or-later */
/* layouts_ctf: CTF version 3 (binutils, include/ctf.h) into the graph. Not by libctf, which
 * believes the lengths in it; the format is small. A linker makes an archive of several
 * dictionaries, where types of one name differ: the one called .ctf has what all share, and the
 * others go on from it. */
#include <ctf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "lib/layouts_internal.h"

enum { UNKNOWN = 1, DICTIONARIES_MAX = 1 << 16, RATIO_MAX = 1100 };

struct part_of {
	const uint8_t *data;
	size_t size;
};

struct dictionary {
	struct layouts *layouts;
	const char *path;
	struct part_of objects, functions, object_names, function_names, variables, types, strings,
		       outside;		/* strings of the file */
	uint64_t shared, shared_count;	/* ids of the graph before those of the one it goes on
					 * from */
	uint64_t own, own_count;	/* and before its own */
	bool child;
};

static int damaged(const struct dictionary *dictionary, const char *what, size_t index,
		   struct fail *fail)
{
	return fail_set(fail, OUTCOME_ERROR, "%s: section .ctf is damaged: %s (%zu) cannot be",
			dictionary->path, what, index);
}

static uint32_t word(const struct part_of *part, size_t index)
{
	uint32_t value;

	memcpy(&value, part->data + index * sizeof(value), sizeof(value));
	return value;
}

/* NULL: there is none. */
static const char *string(const struct dictionary *dictionary, uint32_t name)
{
	const struct part_of *strings = CTF_NAME_STID(name) == CTF_STRTAB_0 ?
					&dictionary->strings : &dictionary->outside;
	size_t offset = CTF_NAME_OFFSET(name);

	if (name == 0)
		return "";
	if (offset >= strings->size ||
	    memchr(strings->data + offset, '\0', strings->size - offset) == NULL)
		return NULL;
	return (const char *)strings->data + offset;
}

/* The id in the graph of one of the dictionary. */
static uint64_t id_of(const struct dictionary *dictionary, uint32_t id)
{
	uint32_t index = CTF_V2_TYPE_TO_INDEX(id);

	if (id == 0)
		return 0;
	if ((id > CTF_MAX_PTYPE) == dictionary->child)
		return index <= dictionary->own_count ? dictionary->own + index : UNKNOWN;
	return dictionary->child && index <= dictionary->shared_count ?
	       dictionary->shared + index : UNKNOWN;
}

/* ---- types ---- */

struct type {
	const char *name;
	unsigned kind, count;
	uint32_t reference;		/* where it is one */
	uint64_t size;
	struct part_of data;		/* what follows it */
};

static size_t data_size(const struct type *type)
{
	switch (type->kind) {
	case CTF_K_INTEGER: case CTF_K_FLOAT:
		return sizeof(uint32_t);
	case CTF_K_SLICE:
		return sizeof(ctf_slice_t);
	case CTF_K_ARRAY:
		return sizeof(ctf_array_t);
	case CTF_K_FUNCTION:
		return sizeof(uint32_t) * ((size_t)type->count + (type->count & 1));
	case CTF_K_STRUCT: case CTF_K_UNION:
		return type->count * (type->size < CTF_LSTRUCT_THRESH ? sizeof(ctf_member_t) :
				      sizeof(ctf_lmember_t));
	case CTF_K_ENUM:
		return type->count * sizeof(ctf_enum_t);
	default:
		return 0;
	}
}

/* The type at `*at`, which is moved behind it. False: it is damaged. */
static bool type_read(const struct dictionary *dictionary, size_t *at, struct type *out)
{
	const struct part_of *types = &dictionary->types;
	size_t left = types->size - *at, header = sizeof(ctf_stype_t), size;
	ctf_type_t type = { .ctt_name = 0 };

	if (left < header)
		return false;
	memcpy(&type, types->data + *at, header);
	if (type.ctt_size == CTF_LSIZE_SENT) {
		header = sizeof(type);
		if (left < header)
			return false;
		memcpy(&type, types->data + *at, header);
	}
	*out = (struct type){
		.name = string(dictionary, type.ctt_name), .kind = CTF_V2_INFO_KIND(type.ctt_info),
		.count = CTF_V2_INFO_VLEN(type.ctt_info), .reference = type.ctt_type,
		.size = type.ctt_size == CTF_LSIZE_SENT ? CTF_TYPE_LSIZE(&type) : type.ctt_size,
	};
	size = data_size(out);
	if (out->name == NULL || size > left - header)
		return false;
	out->data = (struct part_of){ types->data + *at + header, size };
	*at += header + size;
	return true;
}

static int members_add(const struct dictionary *dictionary, uint32_t node,
		       const struct type *type, struct fail *fail)
{
	bool wide = type->size >= CTF_LSTRUCT_THRESH;

	for (size_t i = 0; i < type->count; i++) {
		size_t at = i * (wide ? 4 : 3);
		uint64_t offset = word(&type->data, at + 1);
		struct part part = {
			.name = string(dictionary, word(&type->data, at)),
			.target = id_of(dictionary, word(&type->data, at + 2)),
			.bit_offset = wide ? offset << 32 | word(&type->data, at + 3) : offset,
		};

		if (part.name == NULL)
			return damaged(dictionary, "a member's name", i, fail);
		if (graph_part(dictionary->layouts, node, &part, fail) != 0)
			return -1;
	}
	return 0;
}

static int parameters_add(const struct dictionary *dictionary, uint32_t node,
			  const struct type *type, struct fail *fail)
{
	size_t count = type->count;

	/* the last one has no type: any number of them */
	if (count > 0 && word(&type->data, count - 1) == 0) {
		dictionary->layouts->nodes[node].variadic = true;
		count--;
	}
	for (size_t i = 0; i < count; i++) {
		struct part part = {
			.name = "", .target = id_of(dictionary, word(&type->data, i)),
		};

		if (graph_part(dictionary->layouts, node, &part, fail) != 0)
			return -1;
	}
	return 0;
}

static int slice_add(const struct dictionary *dictionary, const struct type *type,
		     struct fail *fail)
{
	struct layouts *layouts = dictionary->layouts;
	size_t id = layouts->node_count;
	ctf_slice_t slice;

	memcpy(&slice, type->data.data, sizeof(slice));
	if (slice.cts_offset > UINT8_MAX || slice.cts_bits > UINT8_MAX)
		return damaged(dictionary, "a bitfield's place", slice.cts_offset, fail);
	if (graph_node(layouts, NODE_BITS, "", slice.cts_bits, id_of(dictionary, slice.cts_type),
		       fail) != 0)
		return -1;
	layouts->nodes[id].shift = (uint8_t)slice.cts_offset;
	return 0;
}

static int type_add(const struct dictionary *dictionary, const struct type *type,
		    struct fail *fail)
{
	static const enum node_kind kinds[] = {
		[CTF_K_POINTER] = NODE_POINTER, [CTF_K_FUNCTION] = NODE_FUNCTION,
		[CTF_K_TYPEDEF] = NODE_TYPEDEF, [CTF_K_VOLATILE] = NODE_VOLATILE,
		[CTF_K_CONST] = NODE_CONST, [CTF_K_RESTRICT] = NODE_RESTRICT,
	};
	struct layouts *layouts = dictionary->layouts;
	uint32_t id = (uint32_t)layouts->node_count;

	switch (type->kind) {
	case CTF_K_INTEGER: case CTF_K_FLOAT: case CTF_K_UNKNOWN:
		return graph_node(layouts, type->kind == CTF_K_FLOAT ? NODE_FLOAT : NODE_OTHER,
				  type->name, type->size, 0, fail);
	case CTF_K_ENUM:
		return graph_node(layouts, NODE_ENUM, type->name, type->size, 0, fail);
	case CTF_K_ARRAY:
		return graph_node(layouts, NODE_ARRAY, "", word(&type->data, 2),
				  id_of(dictionary, word(&type->data, 0)), fail);
	case CTF_K_STRUCT: case CTF_K_UNION:
		return graph_node(layouts, type->kind == CTF_K_STRUCT ? NODE_STRUCT : NODE_UNION,
				  type->name, type->size, 0, fail) != 0 ? -1 :
		       members_add(dictionary, id, type, fail);
	case CTF_K_FORWARD:
		return graph_node(layouts, type->reference == CTF_K_UNION ? NODE_UNION_DECLARED :
				  type->reference == CTF_K_ENUM ? NODE_OTHER :
				  NODE_STRUCT_DECLARED, type->name, 0, 0, fail);
	case CTF_K_SLICE:
		return slice_add(dictionary, type, fail);
	default:
		if (type->kind >= sizeof(kinds) / sizeof(*kinds))
			return damaged(dictionary, "a type's kind", type->kind, fail);
		return graph_node(layouts, kinds[type->kind],
				  type->kind == CTF_K_TYPEDEF ? type->name : "", 0,
				  id_of(dictionary, type->reference), fail) != 0 ? -1 :
		       type->kind != CTF_K_FUNCTION ? 0 :
		       parameters_add(dictionary, id, type, fail);
	}
}

static int types_add(struct dictionary *dictionary, struct fail *fail)
{
	struct type type;
	size_t at;

	for (at = 0; at < dictionary->types.size; dictionary->own_count++) {
		if (!type_read(dictionary, &at, &type))
			return damaged(dictionary, "a type", dictionary->own_count + 1, fail);
	}
	dictionary->own = dictionary->layouts->node_count - 1;
	for (at = 0; at < dictionary->types.size;) {
		if (!type_read(dictionary, &at, &type) || type_add(dictionary, &type, fail) != 0)
			return -1;
	}
	return 0;
}

/* ---- what has a type ---- */

static int symbol_add(const struct dictionary *dictionary, const char *name, uint64_t id,
		      struct fail *fail)
{
	struct layouts *layouts = dictionary->layouts;
	uint32_t node = (uint32_t)layouts->node_count;

	if (name == NULL)
		return damaged(dictionary, "the name of a function or variable", node, fail);
	if (graph_at(layouts, id)->kind == NODE_FUNCTION)
		return graph_entry(layouts, &layouts->functions, name, (uint32_t)id, RANK_DEFINED, fail);
	if (graph_node(layouts, NODE_VARIABLE, "", 0, id, fail) != 0)
		return -1;
	return graph_entry(layouts, &layouts->variables, name, node, RANK_DEFINED, fail);
}

/* Types of symbols, and their names beside them. Without those they are in the order of the symbols
 * that a linker wrote, which are not read. */
static int symbols_add(const struct dictionary *dictionary, const struct part_of *types,
		       const struct part_of *names, struct fail *fail)
{
	for (size_t i = 0; names->size == types->size && i < types->size / 4; i++) {
		if (symbol_add(dictionary, string(dictionary, word(names, i)),
			       id_of(dictionary, word(types, i)), fail) != 0)
			return -1;
	}
	return 0;
}

static int all_add(struct dictionary *dictionary, bool functions, struct fail *fail)
{
	const struct part_of *variables = &dictionary->variables;

	if (types_add(dictionary, fail) != 0 ||
	    symbols_add(dictionary, &dictionary->objects, &dictionary->object_names, fail) != 0)
		return -1;
	for (size_t i = 0; i < variables->size / sizeof(ctf_varent_t); i++) {
		if (symbol_add(dictionary, string(dictionary, word(variables, 2 * i)),
			       id_of(dictionary, word(variables, 2 * i + 1)), fail) != 0)
			return -1;
	}
	return functions ? symbols_add(dictionary, &dictionary->functions,
				       &dictionary->function_names, fail) : 0;
}

/* ---- the section ---- */

/* What follows the header, unpacked. */
static int body_read(struct dictionary *dictionary, const ctf_header_t *header,
		     struct part_of *body, struct fail *fail)
{
	uint64_t size = (uint64_t)header->cth_stroff + header->cth_strlen;
	uint8_t *bytes;
	uLongf got;

	if ((header->cth_flags & CTF_F_COMPRESS) == 0)
		return size > body->size ? damaged(dictionary, "its size", size, fail) : 0;
	if (size > LAYOUTS_BYTES_MAX || size / RATIO_MAX > body->size)
		return damaged(dictionary, "its size", size, fail);
	bytes = malloc(size + 1);
	if (bytes == NULL)
		return fail_memory(fail, "CTF");
	got = size;
	if (uncompress(bytes, &got, body->data, body->size) != Z_OK || got != size) {
		free(bytes);
		return damaged(dictionary, "what is packed", size, fail);
	}
	*body = (struct part_of){ bytes, size };
	return graph_keep(dictionary->layouts, bytes, fail);
}

/* Each part goes on to where the next one begins. */
static int parts_find(struct dictionary *dictionary, const ctf_header_t *header,
		      const struct part_of *body, struct fail *fail)
{
	enum { PARTS = 7 };
	struct part_of *parts[PARTS] = {
		&dictionary->objects, &dictionary->functions, &dictionary->object_names,
		&dictionary->function_names, &dictionary->variables, &dictionary->types,
		&dictionary->strings,
	};
	uint64_t starts[PARTS + 1] = {
		header->cth_objtoff, header->cth_funcoff, header->cth_objtidxoff,
		header->cth_funcidxoff, header->cth_varoff, header->cth_typeoff, header->cth_stroff,
		(uint64_t)header->cth_stroff + header->cth_strlen,
	};

	for (size_t i = 0; i < PARTS; i++) {
		if (starts[i] > starts[i + 1] || starts[i + 1] > body->size)
			return damaged(dictionary, "the place of a part", i, fail);
		*parts[i] = (struct part_of){
			body->data + starts[i], (size_t)(starts[i + 1] - starts[i]),
		};
	}
	return 0;
}

static int dictionary_add(struct dictionary *dictionary, struct part_of body,
			  const struct elf_file *elf, struct fail *fail)
{
	ctf_header_t header;
	const struct elf_section *outside;

	if (body.size < sizeof(header))
		return damaged(dictionary, "its size", body.size, fail);
	memcpy(&header, body.data, sizeof(header));
	if (header.cth_magic != CTF_MAGIC)
		return damaged(dictionary, "its magic", header.cth_magic, fail);
	if (header.cth_version != CTF_VERSION_3 || (header.cth_flags & ~CTF_F_MAX) != 0)
		return fail_set(fail, OUTCOME_NOT_FOUND, "%s: section .ctf is of version %u, flags 0x%x, "
				"which are not known; version 3, whose number is 4, is",
				dictionary->path, header.cth_version, header.cth_flags);
	body = (struct part_of){ body.data + sizeof(header), body.size - sizeof(header) };
	outside = elf_file_section(elf, (header.cth_flags & CTF_F_DYNSTR) != 0 ? ".dynstr" :
				   ".strtab");
	if (outside != NULL && outside->data != NULL)
		dictionary->outside = (struct part_of){ outside->data, outside->size };
	dictionary->child = header.cth_parname != 0;
	if (body_read(dictionary, &header, &body, fail) != 0 ||
	    parts_find(dictionary, &header, &body, fail) != 0)
		return -1;
	return all_add(dictionary, (header.cth_flags & CTF_F_NEWFUNCINFO) != 0, fail);
}

/* The index-th dictionary of an archive, whose header was read. */
static int archive_get(struct dictionary *dictionary, const struct part_of *section,
		       const struct ctf_archive *archive, size_t index, struct part_of *out,
		       struct fail *fail)
{
	ctf_archive_modent_t entry;
	uint64_t at, size;

	memcpy(&entry, section->data + sizeof(*archive) + index * sizeof(entry), sizeof(entry));
	if (__builtin_add_overflow(archive->ctfa_ctfs, entry.ctf_offset, &at) ||
	    at > section->size || section->size - at < sizeof(size))
		return damaged(dictionary, "the place of a dictionary", index, fail);
	memcpy(&size, section->data + at, sizeof(size));
	at += sizeof(size);
	if (size > section->size - at)
		return damaged(dictionary, "the size of a dictionary", index, fail);
	*out = (struct part_of){ section->data + at, (size_t)size };
	return 0;
}

/* Whether it is the one that the others go on from. */
static bool is_shared(const struct part_of *dictionary)
{
	ctf_header_t header;

	if (dictionary->size < sizeof(header))
		return false;
	memcpy(&header, dictionary->data, sizeof(header));
	return header.cth_parname == 0;
}

static int archive_add(struct layouts *layouts, const struct part_of *section,
		       const struct elf_file *elf, struct fail *fail)
{
	struct dictionary first = { .layouts = layouts, .path = layouts->path };
	struct ctf_archive archive;
	struct part_of data;
	uint64_t work = 0;

	memcpy(&archive, section->data, sizeof(archive));
	if (archive.ctfa_ndicts > DICTIONARIES_MAX ||
	    archive.ctfa_ndicts > (section->size - sizeof(archive)) / sizeof(ctf_archive_modent_t))
		return damaged(&first, "the number of dictionaries", archive.ctfa_ndicts, fail);
	for (int children = 0; children < 2; children++) {
		for (size_t i = 0; i < archive.ctfa_ndicts; i++) {
			struct dictionary dictionary = {
				.layouts = layouts, .path = layouts->path, .shared = first.own,
				.shared_count = first.own_count,
			};

			if (archive_get(&first, section, &archive, i, &data, fail) != 0)
				return -1;
			if (is_shared(&data) == (children != 0))
				continue;
			work += data.size;	/* they may lie in each other */
			if (work > section->size)
				return damaged(&first, "the place of a dictionary", i, fail);
			if (dictionary_add(&dictionary, data, elf, fail) != 0)
				return -1;
			if (children == 0)
				first = dictionary;
		}
	}
	return 0;
}

int layouts_read_ctf(struct layouts *layouts, const struct elf_file *elf, struct fail *fail)
{
	struct dictionary dictionary = { .layouts = layouts, .path = layouts->path };
	struct part_of section;
	uint64_t magic = 0;

	if (graph_section(layouts, elf, ".ctf", &section.data, &section.size, fail) != 0 ||
	    graph_node(layouts, NODE_OTHER, "", 0, 0, fail) != 0)
		return -1;
	if (section.size >= sizeof(struct ctf_archive))
		memcpy(&magic, section.data, sizeof(magic));
	return magic == CTFA_MAGIC ? archive_add(layouts, &section, elf, fail) :
	       dictionary_add(&dictionary, section, elf, fail);
}
