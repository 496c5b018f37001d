/* SPDX-License-Identifier: GPL-2.0-or-later */
/* layouts_btf: BTF into the graph, whose ids are those of BTF. */
#include "lib/layouts_internal.h"

#include <string.h>

#include "lib/types_internal.h"

static const enum node_kind kinds[] = {
	[BTF_KIND_PTR] = NODE_POINTER, [BTF_KIND_TYPEDEF] = NODE_TYPEDEF,
	[BTF_KIND_VOLATILE] = NODE_VOLATILE, [BTF_KIND_CONST] = NODE_CONST,
	[BTF_KIND_RESTRICT] = NODE_RESTRICT, [BTF_KIND_FUNC_PROTO] = NODE_FUNCTION,
	[BTF_KIND_VAR] = NODE_VARIABLE, [BTF_KIND_TYPE_TAG] = NODE_TAG,
};

static int member_add(struct layouts *layouts, const struct layer *layer, uint32_t id,
		      const struct btf_type *type, unsigned index, struct fail *fail)
{
	const char *name = btf__name_by_offset(layer->btf, btf_members(type)[index].name_off);
	struct spot spot;
	struct part part = { .name = name == NULL ? "" : name };

	if (!member_spot(layer, type, index, 0, &spot))
		return fail_set(fail, OUTCOME_ERROR, "%s: damaged BTF: member %u of type %u, %s, is in "
				"no right place", layer->path, index, id, part.name);
	part.target = spot.type;
	part.bit_offset = spot.bits;
	part.bit_size = spot.bit_size;
	return graph_part(layouts, id, &part, fail);
}

static int parameters_add(struct layouts *layouts, uint32_t id, const struct btf_type *type,
			  struct fail *fail)
{
	unsigned count = btf_vlen(type);

	/* the last one has no type: any number of them */
	layouts->nodes[id].variadic = count > 0 && btf_params(type)[count - 1].type == 0;
	count -= layouts->nodes[id].variadic;
	for (unsigned i = 0; i < count; i++) {
		struct part part = { .name = "", .target = btf_params(type)[i].type };

		if (graph_part(layouts, id, &part, fail) != 0)
			return -1;
	}
	return 0;
}

static int compound_add(struct layouts *layouts, const struct layer *layer, uint32_t id,
			const struct btf_type *type, struct fail *fail)
{
	if (graph_node(layouts, btf_is_struct(type) ? NODE_STRUCT : NODE_UNION,
		       layer_name(layer, type), type->size, 0, fail) != 0)
		return -1;
	for (unsigned i = 0; i < btf_vlen(type); i++) {
		if (member_add(layouts, layer, id, type, i, fail) != 0)
			return -1;
	}
	return 0;
}

static int type_add(struct layouts *layouts, const struct layer *layer, uint32_t id, uint8_t rank,
		    struct fail *fail)
{
	const struct btf_type *type = layer_type(layer, id);
	const char *name = layer_name(layer, type);
	unsigned kind = btf_kind(type);

	if (type_is_compound(type))
		return compound_add(layouts, layer, id, type, fail);
	if (btf_is_array(type))
		return graph_node(layouts, NODE_ARRAY, "", btf_array(type)->nelems,
				  btf_array(type)->type, fail);
	if (btf_is_fwd(type))
		return graph_node(layouts, btf_kflag(type) ? NODE_UNION_DECLARED :
				  NODE_STRUCT_DECLARED, name, 0, 0, fail);
	if (btf_is_int(type) || btf_is_float(type) || btf_is_any_enum(type))
		return graph_node(layouts, btf_is_any_enum(type) ? NODE_ENUM :
				  btf_is_float(type) ? NODE_FLOAT : NODE_OTHER, name, type->size,
				  0, fail);
	/* what a function is called is no part of its type */
	if (btf_is_func(type) &&
	    graph_entry(layouts, &layouts->functions, name, type->type, rank, fail) != 0)
		return -1;
	if (kind >= sizeof(kinds) / sizeof(*kinds) || kinds[kind] == NODE_VOID)
		return graph_node(layouts, NODE_OTHER, "", 0, 0, fail);
	if (graph_node(layouts, kinds[kind], btf_is_typedef(type) ? name : "", 0, type->type,
		       fail) != 0)
		return -1;
	if (btf_is_var(type))
		return graph_entry(layouts, &layouts->variables, name, id, rank, fail);
	return btf_is_func_proto(type) ? parameters_add(layouts, id, type, fail) : 0;
}

int layouts_read_btf(struct layouts *layouts, const uint8_t *data, size_t size, const char *path,
		     const uint8_t *split, size_t split_size, const char *split_path,
		     unsigned pointer, struct fail *fail)
{
	const struct layer *layer;

	if (layer_create(data, size, NULL, path, pointer, &layouts->layers[1], fail) != 0)
		return -1;
	if (split != NULL &&
	    layer_create(split, split_size, layouts->layers[1], split_path, pointer,
			 &layouts->layers[0], fail) != 0) {
		fail->code = OUTCOME_NOT_FOUND;
		return -1;
	}
	layer = layouts->layers[split != NULL ? 0 : 1];
	layouts->pointer = layer->pointer;
	for (uint32_t id = 1; id < layer->end; id++) {
		if (type_add(layouts, layer, id, id < layer->first ? RANK_BASE : RANK_DEFINED, fail) != 0)
			return -1;
	}
	return 0;
}
