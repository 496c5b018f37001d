/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <lz4.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

enum {
	GROW_FIRST = 1 << 20,
	XZ_MEMORY_MAX = 256 << 20,	/* what its dictionary may take; xz -9 takes 65 MiB */
	LZ4_BLOCK = 8 << 20,		/* of a legacy frame, unpacked */
	/* the setup header of a bzImage */
	SETUP_SECTORS = 0x1f1, SETUP_MARK = 0x202, SETUP_VERSION = 0x206,
	SETUP_PAYLOAD = 0x248, SETUP_PAYLOAD_LENGTH = 0x24c, SETUP_END = 0x250,
	SECTOR = 512, PROTOCOL_PAYLOAD = 0x208
};

/* What comes out, as it grows. */
struct output {
	uint8_t *data;
	size_t length, size;
	bool no_memory, too_large;	/* why it grew no more */
};

/* Room behind what is there. False: there is none. */
static bool output_grow(struct output *output)
{
	size_t size = output->size == 0 ? GROW_FIRST : output->size * 2;
	uint8_t *data;

	if (output->length < output->size)
		return true;
	output->too_large = output->size >= UNPACK_SIZE_MAX;
	if (output->too_large)
		return false;
	data = realloc(output->data, size);
	output->no_memory = data == NULL;
	if (output->no_memory)
		return false;
	output->data = data;
	output->size = size;
	return true;
}

/* Each unpacks `size` bytes at `data`, behind the end of which anything may stand. NULL, or why not,
 * unless *out says it. */
typedef const char *(*unpacker)(const uint8_t *data, size_t size, struct output *out);

static const char *unpack_gzip(const uint8_t *data, size_t size, struct output *out)
{
	/* zlib does not write there */
	z_stream stream = { .next_in = (uint8_t *)data, .avail_in = (uInt)size };
	int result = inflateInit2(&stream, 15 + 16);	/* the largest window; gzip's header */

	while (result == Z_OK && output_grow(out)) {
		size_t room = out->size - out->length;

		stream.next_out = out->data + out->length;
		stream.avail_out = (uInt)room;
		result = inflate(&stream, Z_NO_FLUSH);
		out->length += room - stream.avail_out;
	}
	(void)inflateEnd(&stream);	/* frees only */
	if (result == Z_STREAM_END)
		return NULL;
	return result == Z_BUF_ERROR ? "it is cut short" : "its gzip data is damaged";
}

static const char *unpack_xz(const uint8_t *data, size_t size, struct output *out)
{
	lzma_stream stream = LZMA_STREAM_INIT;
	lzma_ret result = lzma_stream_decoder(&stream, XZ_MEMORY_MAX, 0);

	stream.next_in = data;
	stream.avail_in = size;
	while (result == LZMA_OK && output_grow(out)) {
		size_t room = out->size - out->length;

		stream.next_out = out->data + out->length;
		stream.avail_out = room;
		result = lzma_code(&stream, LZMA_RUN);
		out->length += room - stream.avail_out;
	}
	lzma_end(&stream);
	if (result == LZMA_STREAM_END)
		return NULL;
	return result == LZMA_BUF_ERROR ? "it is cut short" :
	       result == LZMA_MEMLIMIT_ERROR ? "its xz data wants more memory than 256 MiB" :
	       "its xz data is damaged";
}

static const char *unpack_zstd(const uint8_t *data, size_t size, struct output *out)
{
	ZSTD_DStream *stream = ZSTD_createDStream();
	ZSTD_inBuffer in = { data, size, 0 };
	size_t left = 1;	/* what the frame still wants; 0: it ended */

	out->no_memory = stream == NULL;
	while (stream != NULL && left != 0 && !ZSTD_isError(left) && output_grow(out)) {
		ZSTD_outBuffer part = { out->data + out->length, out->size - out->length, 0 };
		size_t before = in.pos;

		left = ZSTD_decompressStream(stream, &part, &in);
		out->length += part.pos;
		if (in.pos == before && part.pos == 0)
			break;
	}
	(void)ZSTD_freeDStream(stream);	/* frees only */
	if (left == 0)
		return NULL;
	return ZSTD_isError(left) ? "its zstd data is damaged" : "it is cut short";
}

static uint32_t little32(const uint8_t *data)
{
	return data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 | (uint32_t)data[3] << 24;
}

/* A legacy frame has no end: it is over where the data are, or where no block can follow. */
static const char *unpack_lz4(const uint8_t *data, size_t size, struct output *out)
{
	size_t at = 4;

	while (size - at >= 4) {
		uint32_t block = little32(data + at);
		int got;

		if (block == 0 || block > size - at - 4)
			break;
		while (out->size - out->length < LZ4_BLOCK) {
			size_t length = out->length;
			bool grown;

			out->length = out->size;	/* the room there is, is too small */
			grown = output_grow(out);
			out->length = length;
			if (!grown)
				return "it cannot be unpacked";
		}
		got = LZ4_decompress_safe((const char *)data + at + 4, (char *)out->data + out->length,
					  (int)block, LZ4_BLOCK);
		if (got <= 0)
			return "its lz4 data is damaged";
		out->length += (size_t)got;
		at += 4 + block;
		if (got < LZ4_BLOCK)
			break;
	}
	return out->length == 0 ? "it is cut short" : NULL;
}

static const struct format {
	uint8_t magic[4];
	size_t magic_length;
	unpacker unpack;
} formats[] = {
	{ { 0x1f, 0x8b }, 2, unpack_gzip },
	{ { 0xfd, '7', 'z', 'X' }, 4, unpack_xz },
	{ { 0x28, 0xb5, 0x2f, 0xfd }, 4, unpack_zstd },
	{ { 0x02, 0x21, 0x4c, 0x18 }, 4, unpack_lz4 },
};

static const struct format *format_of(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (size >= formats[i].magic_length &&
		    memcmp(data, formats[i].magic, formats[i].magic_length) == 0)
			return &formats[i];
	}
	return NULL;
}

/* Narrows *data and *size to a bzImage's payload. 1: it is none. */
static int find_payload(const char *path, const uint8_t **data, size_t *size, struct fail *fail)
{
	const uint8_t *header = *data;
	uint64_t start, length;

	if (*size < SETUP_END || memcmp(header + SETUP_MARK, "HdrS", 4) != 0)
		return 1;
	if ((header[SETUP_VERSION] | header[SETUP_VERSION + 1] << 8) < PROTOCOL_PAYLOAD)
		return fail_set(fail, OUTCOME_ERROR, "%s: a bzImage of a boot protocol older than "
				"2.08, which does not say where the kernel is", path);
	start = (header[SETUP_SECTORS] + 1u) * (uint64_t)SECTOR + little32(header + SETUP_PAYLOAD);
	length = little32(header + SETUP_PAYLOAD_LENGTH);
	if (start > *size || length > *size - start)
		return fail_set(fail, OUTCOME_ERROR, "%s: a bzImage that is cut short: its kernel "
				"ends at %ju, the file at %zu", path, (uintmax_t)(start + length),
				*size);
	*data += start;
	*size = (size_t)length;
	return 0;
}

int unpack_bytes(const char *path, const uint8_t *data, size_t size, uint8_t **out,
		 size_t *length, struct fail *fail)
{
	struct output output = { .data = NULL };
	const struct format *format;
	int payload = find_payload(path, &data, &size, fail);
	const char *why;

	*out = NULL;
	*length = 0;
	if (payload < 0)
		return -1;
	format = format_of(data, size);
	if (format == NULL && payload == 0)
		return fail_set(fail, OUTCOME_ERROR, "%s: a bzImage whose kernel is packed in a way "
				"that patchctl does not know (not gzip, xz, zstd or lz4)", path);
	if (format == NULL)
		return 0;
	why = format->unpack(data, size, &output);
	if (why == NULL) {
		*out = output.data;
		*length = output.length;
		return 0;
	}
	free(output.data);
	if (output.no_memory)
		return fail_memory(fail, path);
	return fail_set(fail, OUTCOME_ERROR, "%s: %s", path, output.too_large ?
			"it unpacks to more than 512 MiB, which no kernel does" : why);
}

int unpack_file(const char *path, uint8_t **out, size_t *length, struct fail *fail)
{
	/* O_NONBLOCK: a FIFO shall be refused, not waited for */
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat status;
	void *map;
	int result;

	*out = NULL;
	*length = 0;
	if (fd < 0 || fstat(fd, &status) != 0)
		return fail_errno(fail, errno, "%s: cannot open the image", path);
	/* What is no file, or too short or large for one, is for whoever reads it to refuse. */
	if (!S_ISREG(status.st_mode) || status.st_size < 4 || status.st_size > UNPACK_SIZE_MAX)
		return 0;
	map = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return fail_errno(fail, errno, "%s: cannot map the image", path);
	result = unpack_bytes(path, map, (size_t)status.st_size, out, length, fail);
	(void)munmap(map, (size_t)status.st_size);
	return result;
}
