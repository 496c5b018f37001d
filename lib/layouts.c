/* SPDX-License-Identifier: GPL-2.0-or-later */
/* layouts: what is asked of them. */
#include "lib/layouts_internal.h"

#include <stdlib.h>
#include <string.h>

#include "lib/types_internal.h"

const char *layouts_format_name(enum layouts_format format)
{
	static const char *const names[] = {
		[LAYOUTS_BTF] = "BTF", [LAYOUTS_DWARF] = "DWARF", [LAYOUTS_CTF] = "CTF",
	};

	return names[format];
}

/* With nothing but the type `void`, and no member 0. NULL: memory ran out. */
static struct layouts *create(const char *path, enum layouts_format format, struct fail *fail)
{
	struct layouts *layouts = calloc(1, sizeof(*layouts));
	const struct part none = { .name = "" };

	if (layouts == NULL) {
		(void)fail_memory(fail, path);
		return NULL;
	}
	layouts->format = format;
	layouts->path = strdup(path);
	layouts->pointer = 8;
	if (layouts->path == NULL ||
	    graph_node(layouts, NODE_VOID, "", 0, 0, fail) != 0 ||
	    graph_part(layouts, 0, &none, fail) != 0) {
		layouts_close(layouts);
		(void)fail_memory(fail, path);
		return NULL;
	}
	layouts->nodes[0].first = 0;
	return layouts;
}

/* The model of what was read; closes it where that failed. */
static int finish(int result, struct layouts *layouts, struct layouts **out, struct fail *fail)
{
	if (result == 0)
		result = model_make(layouts, fail);
	if (result == 0)
		*out = layouts;
	else
		layouts_close(layouts);
	return result;
}

static bool has(const struct elf_file *elf, const char *name)
{
	const struct elf_section *section = elf_file_section(elf, name);

	return section != NULL && section->data != NULL && section->size > 0;
}

static int open_btf(const struct elf_file *elf, const char *path, const uint8_t *base,
		    size_t base_size, struct layouts *layouts, struct fail *fail)
{
	const struct elf_section *section = elf_file_section(elf, ".BTF");
	bool split = layer_is_split(section->data, section->size);

	/* with .BTF.base it goes on from a shortened copy of the kernel's types (Linux 6.11, for
	 * modules built apart from the kernel's tree) */
	if (split && elf_file_section(elf, ".BTF.base") != NULL)
		return fail_set(fail, OUTCOME_NOT_FOUND, "%s: its type information (BTF) goes on from a "
				"part of its kernel's (.BTF.base), which is not supported: build it "
				"with -g, which adds DWARF", path);
	if (split && base == NULL)
		return fail_set(fail, OUTCOME_NOT_FOUND, "%s: its type information (BTF) goes on from "
				"that of the kernel it was built for: give --btf with that kernel's "
				"vmlinuz", path);
	return split ? layouts_read_btf(layouts, base, base_size, "the BTF that it goes on from",
					section->data, section->size, path, layouts->pointer, fail) :
		       layouts_read_btf(layouts, section->data, section->size, path, NULL, 0, NULL,
					layouts->pointer, fail);
}

int layouts_open(const struct elf_file *elf, const char *path, const uint8_t *base,
		 size_t base_size, struct layouts **out, struct fail *fail)
{
	bool btf = has(elf, ".BTF"), dwarf = has(elf, ".debug_info") || has(elf, ".zdebug_info");
	enum layouts_format format = LAYOUTS_BTF;
	struct layouts *layouts;

	*out = NULL;
	/* a kernel's BTF is made of its DWARF, says the same, and is a hundredth of it */
	if (!btf || elf_file_relocatable(elf))
		format = dwarf ? LAYOUTS_DWARF : has(elf, ".ctf") ? LAYOUTS_CTF : LAYOUTS_BTF;
	if (format == LAYOUTS_BTF && !btf)
		return fail_set(fail, OUTCOME_NOT_FOUND, "%s says nothing about its types: it has none of "
				".debug_info (DWARF), .ctf and .BTF: build it with -g, or give "
				"another file", path);
	layouts = create(path, format, fail);
	if (layouts == NULL)
		return -1;
	layouts->pointer = elf_file_architecture(elf) == ARCH_I386 ? 4 : 8;
	return finish(format == LAYOUTS_DWARF ? layouts_read_dwarf(layouts, elf, fail) :
		      format == LAYOUTS_CTF ? layouts_read_ctf(layouts, elf, fail) :
		      open_btf(elf, path, base, base_size, layouts, fail), layouts, out, fail);
}

int layouts_open_btf(const uint8_t *data, size_t size, const char *path, const uint8_t *split,
		     size_t split_size, const char *split_path, struct layouts **out,
		     struct fail *fail)
{
	struct layouts *layouts = create(path, LAYOUTS_BTF, fail);

	*out = NULL;
	if (layouts == NULL)
		return -1;
	return finish(layouts_read_btf(layouts, data, size, path, split, split_size, split_path, 0,
				       fail), layouts, out, fail);
}

static void entries_deinit(struct entries *entries)
{
	free(entries->items);
}

void layouts_close(struct layouts *layouts)
{
	if (layouts == NULL)
		return;
	for (size_t i = 0; i < layouts->section_count; i++)
		free(layouts->sections[i]);
	free(layouts->sections);
	layer_destroy(layouts->layers[0]);
	layer_destroy(layouts->layers[1]);
	entries_deinit(&layouts->aggregates);
	entries_deinit(&layouts->functions);
	entries_deinit(&layouts->variables);
	arena_deinit(&layouts->arena);
	free(layouts->nodes);
	free(layouts->parts);
	free(layouts->groups);
	free(layouts->kept);
	free(layouts->waiting);
	free(layouts->path);
	free(layouts);
}

enum layouts_format layouts_format(const struct layouts *layouts)
{
	return layouts->format;
}

unsigned layouts_pointer(const struct layouts *layouts)
{
	return layouts->pointer;
}

const char *layouts_path(const struct layouts *layouts)
{
	return layouts->path;
}

const char *layouts_name(struct layouts *layouts, size_t index)
{
	return index < layouts->group_count ? layouts->groups[index].name : NULL;
}

static int by_group(const void *name, const void *group)
{
	return strcmp(name, ((const struct group *)group)->name);
}

const struct aggregate *layouts_aggregate(struct layouts *layouts, const char *name,
					  const struct aggregate *previous)
{
	const struct group *group = layouts->group_count == 0 ? NULL :
				    bsearch(name, layouts->groups, layouts->group_count,
					    sizeof(*group), by_group);
	size_t i = 0;

	if (group == NULL)
		return NULL;
	while (previous != NULL && i < group->count &&
	       layouts->kept[group->first + i]->aggregate != previous)
		i++;
	i += previous != NULL;
	return i < group->count ? layouts->kept[group->first + i]->aggregate : NULL;
}

/* Whether they are of one type; "extern int a[];" and "int a[4];" are. */
static bool entry_same(struct layouts *layouts, const struct entry *a, const struct entry *b)
{
	const struct node *x = graph_at(layouts, a->node), *y = graph_at(layouts, b->node);

	if (x->kind != NODE_VARIABLE || y->kind != NODE_VARIABLE)
		return graph_same(layouts, a->node, b->node);
	x = graph_at(layouts, x->target);
	y = graph_at(layouts, y->target);
	if (x->kind == NODE_ARRAY && y->kind == NODE_ARRAY && (x->size == 0 || y->size == 0))
		return graph_same(layouts, x->target, y->target);
	return graph_same(layouts, (uint64_t)(x - layouts->nodes), (uint64_t)(y - layouts->nodes));
}

/* The one of a name, or the first of several that are alike; NULL: there is none, or they differ. */
static struct entry *entry_of(struct layouts *layouts, struct entries *entries, const char *name,
			      bool own)
{
	size_t count;
	struct entry *entry = graph_find(entries, name, &count);

	if (entry == NULL || (own && entry->rank == RANK_BASE))
		return NULL;
	for (size_t i = 1; i < count; i++) {
		if ((entry[i].rank != RANK_BASE || entry->rank == RANK_BASE) &&
		    !entry_same(layouts, entry, &entry[i]))
			return NULL;
	}
	return entry;
}

const struct prototype *layouts_function(struct layouts *layouts, const char *name, bool own)
{
	struct entry *entry = entry_of(layouts, &layouts->functions, name, own);
	const struct node *node = entry == NULL ? NULL : graph_at(layouts, entry->node);
	struct prototype *made;
	size_t count = 0;

	if (node == NULL || node->kind != NODE_FUNCTION || entry->made != NULL)
		return node == NULL ? NULL : entry->made;
	for (uint32_t i = node->first; i != 0; i = layouts->parts[i].next)
		count++;
	made = arena_take(&layouts->arena, sizeof(*made));
	if (made == NULL)
		return NULL;
	*made = (struct prototype){
		.name = entry->name, .variadic = node->variadic, .parameter_count = count,
		.parameters = arena_take(&layouts->arena, count * sizeof(*made->parameters)),
	};
	if (made->parameters == NULL || model_value(layouts, node->target, &made->result) != 0)
		return NULL;
	count = 0;
	for (uint32_t i = node->first; i != 0; i = layouts->parts[i].next) {
		if (model_value(layouts, layouts->parts[i].target, &made->parameters[count++]) != 0)
			return NULL;
	}
	entry->made = made;
	return made;
}

const struct value *layouts_variable(struct layouts *layouts, const char *name, bool own)
{
	struct entry *entry = entry_of(layouts, &layouts->variables, name, own);
	struct value *made;

	if (entry == NULL || entry->made != NULL)
		return entry == NULL ? NULL : entry->made;
	made = arena_take(&layouts->arena, sizeof(*made));
	if (made == NULL ||
	    model_value(layouts, graph_at(layouts, entry->node)->target, made) != 0)
		return NULL;
	entry->made = made;
	return made;
}
