/* SPDX-License-Identifier: GPL-2.0-or-later */
/* layouts_text: a type as C declares it, which is from the name outwards: *, [], (). */
#include "lib/layouts_internal.h"

#include <stdio.h>
#include <string.h>

#include "lib/declaration.h"

enum { PARAMETERS_DEPTH_MAX = 3 };	/* of functions that take functions */

static const char *const words[NODE_VARIABLE + 1] = {
	[NODE_VOID] = "void", [NODE_ENUM] = "enum", [NODE_STRUCT] = "struct", [NODE_UNION] = "union",
	[NODE_STRUCT_DECLARED] = "struct", [NODE_UNION_DECLARED] = "union", [NODE_CONST] = "const ",
	[NODE_VOLATILE] = "volatile ", [NODE_RESTRICT] = "restrict ", [NODE_ATOMIC] = "_Atomic ",
	[NODE_TAG] = "",
};

/* As deep as PARAMETERS_DEPTH_MAX, NOLINTBEGIN(misc-no-recursion) */
static void declare(const struct layouts *layouts, uint64_t id, unsigned depth, struct text *out);

static void parameters(const struct layouts *layouts, const struct node *function, unsigned depth,
		       struct text *out)
{
	text_wrap(out, "", depth >= PARAMETERS_DEPTH_MAX ? "(..." :
		  function->first == 0 && !function->variadic ? "(void" : "(");
	for (uint32_t i = depth < PARAMETERS_DEPTH_MAX ? function->first : 0; i != 0 && !out->cut;
	     i = layouts->parts[i].next) {
		struct text type = { .cut = false };

		declare(layouts, layouts->parts[i].target, depth + 1, &type);
		text_wrap(out, "", i == function->first ? "" : ", ");
		text_wrap(out, "", type.data);
	}
	if (function->variadic && depth < PARAMETERS_DEPTH_MAX)
		text_wrap(out, "", function->first == 0 ? "..." : ", ...");
	text_wrap(out, "", ")");
}

/* What a pointer, an array or a function adds around what is declared. */
static void derive(const struct layouts *layouts, const struct node *node, unsigned depth,
		   bool *pointer, struct text *around)
{
	char size[32];

	(void)snprintf(size, sizeof(size), "[%ju]", (uintmax_t)node->size);
	if (node->kind == NODE_POINTER)
		text_derive(around, pointer, NULL);
	else if (node->kind == NODE_ARRAY)
		text_derive(around, pointer, node->size == 0 ? "[]" : size);
	else
		text_derive(around, pointer, "");
	if (node->kind == NODE_FUNCTION)
		parameters(layouts, node, depth, around);
}

static void declare(const struct layouts *layouts, uint64_t id, unsigned depth, struct text *out)
{
	struct text around = { .cut = false }, before = { .cut = false };
	bool pointer = false;
	const struct node *node;
	bool plain;

	for (int i = 0;; i++) {
		node = graph_at(layouts, id);
		if (i >= LAYOUTS_DEPTH_MAX || around.cut)
			break;
		if (node->kind >= NODE_CONST && node->kind <= NODE_TAG) {
			text_wrap(&before, "", words[node->kind]);
		} else if (node->kind == NODE_POINTER || node->kind == NODE_ARRAY ||
			   node->kind == NODE_FUNCTION) {
			if (node->kind == NODE_POINTER) {
				text_wrap(&around, before.data, "");
				before.data[0] = '\0';
			}
			derive(layouts, node, depth, &pointer, &around);
		} else if (node->kind != NODE_BITS) {
			break;
		}
		id = node->target;
	}
	plain = node->kind == NODE_OTHER || node->kind == NODE_FLOAT || node->kind == NODE_TYPEDEF;
	text_wrap(out, "", before.data);
	if (!plain)
		text_wrap(out, "", words[node->kind] == NULL ? "..." : words[node->kind]);
	if (node->name[0] != '\0' && !plain)
		text_wrap(out, "", " ");
	text_wrap(out, "", node->name);
	if (around.data[0] != '\0')
		text_wrap(out, "", " ");
	text_wrap(out, "", around.data);
	text_trim(out);
}

/* NOLINTEND(misc-no-recursion) */

const char *graph_text(struct layouts *layouts, uint64_t id)
{
	struct node *node = &layouts->nodes[id < layouts->node_count ? id : 0];

	if (node->text == NULL) {
		struct text text = { .cut = false };
		size_t size;
		char *copy;

		declare(layouts, id, 0, &text);
		size = strlen(text.data) + 1;
		copy = arena_take(&layouts->arena, size);
		if (copy != NULL)
			memcpy(copy, text.data, size);
		node->text = copy;
	}
	return node->text;
}
