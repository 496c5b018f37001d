/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz_types: type information from anywhere (libFuzzer): as a kernel's, and as a module's on top of
 * one that is right. Whatever it says, questions end, and answers are no larger than they may be. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "lib/types_internal.h"
#include "tests/unit/btf_elf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);

enum { TYPES_ASKED = 64 };

static void need(bool right)
{
	if (!right)
		abort();
}

/* A small kernel, in which there is one of everything. */
static struct btf *kernel_make(void)
{
	struct btf *btf = btf__new_empty();

	need(btf != NULL && btf__add_int(btf, "int", 4, BTF_INT_SIGNED) == 1 &&
	     btf__add_ptr(btf, 4) == 2 && btf__add_array(btf, 1, 1, 3) == 3 &&
	     btf__add_struct(btf, "s", 32) == 4 && btf__add_field(btf, "a", 1, 0, 0) == 0 &&
	     btf__add_field(btf, NULL, 5, 32, 0) == 0 && btf__add_field(btf, "n", 2, 64, 0) == 0 &&
	     btf__add_field(btf, "v", 3, 128, 0) == 0 && btf__add_field(btf, "f", 1, 224, 3) == 0 &&
	     btf__add_union(btf, NULL, 4) == 5 && btf__add_field(btf, "u", 1, 0, 0) == 0 &&
	     btf__add_typedef(btf, "t", 4) == 6 && btf__add_const(btf, 6) == 7 &&
	     btf__add_func_proto(btf, 7) == 8 && btf__add_func_param(btf, "p", 2) == 0 &&
	     btf__add_func(btf, "x", BTF_FUNC_STATIC, 8) == 9 &&
	     btf__add_enum64(btf, "e", 8, true) == 10 && btf__add_fwd(btf, "w", BTF_FWD_UNION) == 11 &&
	     btf__add_decl_tag(btf, "d", 4, 1) == 12 && btf__add_type_tag(btf, "g", 1) == 13);
	return btf;
}

static void ask(struct types *types, const char *path)
{
	struct type_layout layout;
	struct type_member member;
	enum type_kind kind;
	char text[64], member_path[256];
	uint64_t number;
	struct fail fail;

	(void)snprintf(member_path, sizeof(member_path), "%.100s.a|%.100s.v[1]|t.u", path, path);
	if (types_size(types, NULL, path, &number, &fail) != 0)
		need(fail.message[0] != '\0');
	if (types_member(types, NULL, member_path, &member, &fail) == 0)
		need(member.size <= UINT32_MAX && member.bit_offset < 8);
	else
		need(fail.message[0] != '\0');
	if (types_returns(types, NULL, path, &kind, &fail) == 0)
		need(kind <= TYPE_OTHER);
	for (uint64_t offset = 0; offset < 40; offset += 3) {
		if (types_member_at(types, NULL, path, offset, text, sizeof(text), &number))
			need(number <= offset && text[0] != '\0');
	}
	if (types_layout(types, NULL, path, &layout, &fail) != 0)
		return;
	need(layout.count > 0 && layout.count <= TYPES_ROWS_MAX && layout.rows[0].depth == 0);
	for (size_t i = 1; i < layout.count; i++)
		need(layout.rows[i].depth >= 1 && layout.rows[i].depth <=
		     layout.rows[i - 1].depth + layout.rows[i - 1].opens);
	types_layout_deinit(&layout);
}

/* All names that are asked for by somebody, up to so many. */
static void ask_all(struct types *types)
{
	const struct layer *layer;
	struct fail fail;
	unsigned asked = 0;

	ask(types, "s");
	ask(types, "t");
	ask(types, "x");
	if (types_layer(types, NULL, &layer, &fail) != 0)
		return;
	for (uint32_t id = layer->first; id < layer->end && asked < TYPES_ASKED; id++) {
		const char *name = layer_name(layer, layer_type(layer, id));

		if (*name == '\0')
			continue;
		ask(types, name);
		asked++;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct btf *kernel = kernel_make();
	struct elf_file *elf;
	struct types *types;
	struct fail fail;
	uint32_t base_size;
	const void *base = btf__raw_data(kernel, &base_size);

	need(base != NULL);
	if (types_create_image(NULL, NULL, data, size, "fuzz", &types, &fail) == 0) {
		ask_all(types);
		types_destroy(types);
	}
	elf = btf_elf(data, size);
	if (elf != NULL) {
		if (types_create_image(elf, "fuzz.ko", base, base_size, "base", &types, &fail) == 0) {
			ask_all(types);
			types_destroy(types);
		}
		elf_file_close(elf);
	}
	btf__free(kernel);
	return 0;
}

/* Begins with the kernel above, or a module on top of it, and keeps the header's sums right: nothing
 * else comes past the first look. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	struct btf_header header;
	uint32_t length;

	if (size < sizeof(header) || seed % 64 == 0) {
		struct btf *kernel = kernel_make();
		struct btf *module = btf__new_empty_split(kernel);
		const void *raw;

		need(module != NULL && btf__add_struct(module, "m", 8) > 0 &&
		     btf__add_field(module, "s", 6, 0, 0) == 0);
		raw = btf__raw_data(seed % 128 == 0 ? module : kernel, &length);
		need(raw != NULL);
		if (length <= max) {
			memcpy(data, raw, length);
			size = length;
		}
		btf__free(module);
		btf__free(kernel);
		return size;
	}
	memcpy(&header, data, sizeof(header));
	size = sizeof(header) + LLVMFuzzerMutate(data + sizeof(header), size - sizeof(header),
						 max - sizeof(header));
	if (seed % 8 != 0 && header.str_off <= size - sizeof(header)) {
		header.magic = BTF_MAGIC;
		header.hdr_len = sizeof(header);
		header.type_len = header.str_off - (header.type_off <= header.str_off ?
						    header.type_off : 0);
		header.str_len = (uint32_t)(size - sizeof(header)) - header.str_off;
		data[size - 1] = '\0';
	}
	memcpy(data, &header, sizeof(header));
	return size;
}
