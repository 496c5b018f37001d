/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/types_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "lib/near.h"

static int header_check(const uint8_t *data, size_t size, const char *path, struct btf_header *out,
			struct fail *fail)
{
	if (size < sizeof(*out) || size > TYPES_SIZE_MAX)
		return fail_set(fail, OUTCOME_ERROR, "%s: no type information (BTF) has a size of %zu "
				"bytes", path, size);
	memcpy(out, data, sizeof(*out));
	if (out->magic != BTF_MAGIC)
		return fail_set(fail, OUTCOME_ERROR, "%s: no type information (BTF) of a "
				"little-endian kernel: it begins with 0x%04x, not 0x%04x", path,
				out->magic, BTF_MAGIC);
	/* libbpf looks at the rest, but not at this: the types would lie at odd addresses */
	if (out->version != BTF_VERSION || out->hdr_len < sizeof(*out) || out->hdr_len % 4 != 0)
		return fail_set(fail, OUTCOME_ERROR, "%s: type information (BTF) in a form that is "
				"not known: version %u, a header of %u bytes", path, out->version,
				out->hdr_len);
	return 0;
}

/* The strings of a whole one begin with that of no characters, which is at offset 0; split BTF has
 * the one of its base. */
bool layer_is_split(const uint8_t *data, size_t size)
{
	struct btf_header header;
	uint64_t start;

	if (size < sizeof(header))
		return false;
	memcpy(&header, data, sizeof(header));
	start = (uint64_t)header.hdr_len + header.str_off;
	return header.str_len == 0 || (start < size && data[start] != '\0');
}

static uint32_t hash_of(const char *name, size_t length)
{
	uint32_t hash = 0x811c9dc5;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)name[i]) * 0x01000193; /* FNV-1a */
	return hash ^ hash >> 15;
}

static bool is_asked_for(const struct btf_type *type)
{
	return btf_is_struct(type) || btf_is_union(type) || btf_is_typedef(type) ||
	       btf_is_fwd(type) || btf_is_func(type);
}

/* Whether its name is a whole string. Nothing that writes BTF lets one be the end of another: where
 * that is so, the strings of another kernel stand before those of a module. */
static bool name_is_whole(const struct layer *layer, const struct btf_type *type)
{
	const char *before = type->name_off == 0 ?
			     "" : btf__name_by_offset(layer->btf, type->name_off - 1);

	return before != NULL && *before == '\0' &&
	       btf__name_by_offset(layer->btf, type->name_off) != NULL;
}

static int index_build(struct layer *layer, struct fail *fail)
{
	uint32_t count = layer->end - layer->first;
	uint32_t heads = 16;

	while (heads < count / 2)
		heads *= 2;
	layer->mask = heads - 1;
	layer->heads = calloc(heads, sizeof(*layer->heads));
	layer->next = calloc((size_t)count + 1, sizeof(*layer->next));
	if (layer->heads == NULL || layer->next == NULL)
		return fail_memory(fail, layer->path);
	for (uint32_t id = layer->end; id-- > layer->first;) {
		const struct btf_type *type = layer_type(layer, id);
		const char *name;
		uint32_t *head;

		if (type == NULL || !name_is_whole(layer, type))
			return layer->base == NULL ?
			       fail_set(fail, OUTCOME_ERROR, "%s: damaged type information (BTF): "
					"type %u has no right name", layer->path, id) :
			       fail_set(fail, OUTCOME_ERROR, "%s: its type %u has no right name on "
					"top of the types in %s: those are of another build of the "
					"kernel, or one of the files is damaged", layer->path, id,
					layer->base->path);
		name = layer_name(layer, type);
		if (!is_asked_for(type) || *name == '\0')
			continue;
		head = &layer->heads[hash_of(name, strlen(name)) & layer->mask];
		layer->next[id - layer->first] = *head;
		*head = id;
	}
	return 0;
}

/* libbpf 1.1 exports btf__new() for whole BTF, and for split BTF only what reads a file. NULL with
 * errno. */
static struct btf *split_new(const uint8_t *data, size_t size, struct btf *base)
{
	CLEANUP_CLOSE int fd = memfd_create("btf", MFD_CLOEXEC);
	char path[64];
	size_t done = 0;

	while (fd >= 0 && done < size) {
		ssize_t put = write(fd, data + done, size - done);

		if (put < 0)
			return NULL;
		done += (size_t)put;
	}
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return fd < 0 ? NULL : btf__parse_raw_split(path, base);
}

static int layer_load(struct layer *layer, const uint8_t *data, size_t size, unsigned pointer,
		      struct fail *fail)
{
	struct btf_header header;

	if (header_check(data, size, layer->path, &header, fail) != 0)
		return -1;
	(void)libbpf_set_print(NULL);	/* it tells on stderr what is wrong otherwise */
	layer->btf = layer->base == NULL ? btf__new(data, (uint32_t)size) :
		     split_new(data, size, layer->base->btf);
	if (layer->btf == NULL && errno != EINVAL)
		return fail_errno(fail, errno, "%s: cannot take its type information (BTF)",
				  layer->path);
	if (layer->btf == NULL)
		return fail_set(fail, OUTCOME_ERROR, "%s: damaged type information (BTF), or of a "
				"kernel newer than is known here: libbpf cannot read it", layer->path);
	layer->first = layer->base == NULL ? 1 : layer->base->end;
	layer->end = btf__type_cnt(layer->btf);
	layer->pointer = pointer != 0 ? pointer : (unsigned)btf__pointer_size(layer->btf);
	if (layer->pointer == 0)
		layer->pointer = 8;	/* it has no `long` to tell by, and hardly a pointer */
	return index_build(layer, fail);
}

int layer_create(const uint8_t *data, size_t size, const struct layer *base, const char *path,
		 unsigned pointer, struct layer **out, struct fail *fail)
{
	struct layer *layer = calloc(1, sizeof(*layer));

	*out = NULL;
	if (layer == NULL)
		return fail_memory(fail, path);
	layer->base = base;
	layer->path = strdup(path);
	if ((layer->path == NULL ? fail_memory(fail, path) :
	     layer_load(layer, data, size, pointer, fail)) != 0) {
		layer_destroy(layer);
		return -1;
	}
	*out = layer;
	return 0;
}

void layer_destroy(struct layer *layer)
{
	if (layer == NULL)
		return;
	btf__free(layer->btf);
	free(layer->heads);
	free(layer->next);
	free(layer->path);
	free(layer);
}

const struct btf_type *layer_type(const struct layer *layer, uint32_t id)
{
	return id == 0 ? NULL : btf__type_by_id(layer->btf, id);
}

const char *layer_name(const struct layer *layer, const struct btf_type *type)
{
	const char *name = btf__name_by_offset(layer->btf, type->name_off);

	return name == NULL ? "" : name;
}

uint32_t layer_next(const struct layer *layer, const char *name, size_t length, uint32_t previous)
{
	uint32_t hash = hash_of(name, length);

	for (; layer != NULL; layer = layer->base) {
		uint32_t id;

		if (previous >= layer->end)
			return 0;
		if (previous != 0 && previous < layer->first)
			continue;
		id = previous == 0 ? layer->heads[hash & layer->mask] :
				     layer->next[previous - layer->first];
		for (; id != 0; id = layer->next[id - layer->first]) {
			const char *other = layer_name(layer, layer_type(layer, id));

			if (strncmp(other, name, length) == 0 && other[length] == '\0')
				return id;
		}
		previous = 0;
	}
	return 0;
}

void layer_near(const struct layer *layer, const char *name, struct fail *fail)
{
	struct near near = { .count = 0 };

	for (; layer != NULL; layer = layer->base) {
		for (uint32_t id = layer->first; id < layer->end; id++) {
			const struct btf_type *type = layer_type(layer, id);

			if (type != NULL && (type_is_compound(type) || btf_is_typedef(type)))
				near_add(&near, name, layer_name(layer, type));
		}
	}
	near_say(&near, fail);
}
