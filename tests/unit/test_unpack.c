/* SPDX-License-Identifier: GPL-2.0-or-later */
/* unpack: what each format's own library packed comes out again; what is damaged does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <lz4.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "unpack.h"

enum { PLAIN = 20 << 20, PACKED = 32 << 20 };

static uint8_t *plain;		/* more than one block of each format; does not pack to nothing */
static uint8_t *packed;

static int setup(void **state)
{
	uint32_t value = 1;

	(void)state;
	plain = malloc(PLAIN);
	packed = malloc(PACKED);
	assert_non_null(plain);
	assert_non_null(packed);
	for (size_t i = 0; i < PLAIN; i++) {
		value = value * 1664525 + 1013904223;
		plain[i] = i % 64 < 4 ? (uint8_t)(value >> 24) : 0x90;
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(plain);
	free(packed);
	return 0;
}

static size_t pack_gzip(uint8_t *out)
{
	z_stream stream = { .next_in = plain, .avail_in = PLAIN, .next_out = out,
			    .avail_out = PACKED };

	assert_int_equal(deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	assert_int_equal(deflateEnd(&stream), Z_OK);
	return stream.total_out;
}

static size_t pack_xz(uint8_t *out)
{
	size_t length = 0;

	assert_int_equal(lzma_easy_buffer_encode(0, LZMA_CHECK_CRC32, NULL, plain, PLAIN, out,
						 &length, PACKED), LZMA_OK);
	return length;
}

static size_t pack_zstd(uint8_t *out)
{
	ZSTD_CCtx *context = ZSTD_createCCtx();
	size_t length;

	/* as the program zstd does */
	assert_false(ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)));
	length = ZSTD_compress2(context, out, PACKED, plain, PLAIN);
	assert_false(ZSTD_isError(length));
	(void)ZSTD_freeCCtx(context);
	return length;
}

/* lz4 -l: blocks of 8 MiB, each with its length before it. */
static size_t pack_lz4(uint8_t *out)
{
	static const uint8_t magic[] = { 0x02, 0x21, 0x4c, 0x18 };
	size_t length = sizeof(magic);

	memcpy(out, magic, sizeof(magic));
	for (size_t at = 0; at < PLAIN; at += 8 << 20) {
		size_t part = PLAIN - at < 8 << 20 ? PLAIN - at : 8 << 20;
		int got = LZ4_compress_default((char *)plain + at, (char *)out + length + 4,
					       (int)part, (int)(PACKED - length - 4));
		uint32_t number = (uint32_t)got;

		assert_true(got > 0);
		memcpy(out + length, &number, 4);
		length += 4 + number;
	}
	return length;
}

static size_t (*const packers[])(uint8_t *out) = { pack_gzip, pack_xz, pack_zstd, pack_lz4 };
enum { PACKERS = sizeof(packers) / sizeof(packers[0]) };

static void assert_unpacks(const uint8_t *data, size_t size)
{
	struct fail fail;
	uint8_t *out;
	size_t length;

	if (unpack_bytes("t", data, size, &out, &length, &fail) != 0)
		fail_msg("%s", fail.message);
	assert_int_equal(length, PLAIN);
	assert_memory_equal(out, plain, PLAIN);
	free(out);
}

static void assert_refused(const uint8_t *data, size_t size, const char *why)
{
	struct fail fail;
	uint8_t *out;
	size_t length;

	assert_int_equal(unpack_bytes("t.ko", data, size, &out, &length, &fail), -1);
	assert_null(out);
	if (strstr(fail.message, why) == NULL || strstr(fail.message, "t.ko") == NULL)
		fail_msg("\"%s\" is not in: \"%s\"", why, fail.message);
}

static void each_format_comes_out_as_it_was(void **state)
{
	(void)state;
	for (size_t i = 0; i < PACKERS; i++)
		assert_unpacks(packed, packers[i](packed));
}

static void the_size_behind_a_kernel_s_payload_does_no_harm(void **state)
{
	(void)state;
	for (size_t i = 0; i < PACKERS; i++) {
		size_t length = packers[i](packed);
		uint32_t size = PLAIN;

		memcpy(packed + length, &size, sizeof(size));
		assert_unpacks(packed, length + sizeof(size));
	}
}

static void what_is_cut_short_or_damaged_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < PACKERS - 1; i++) {	/* lz4's legacy frame has no end */
		size_t length = packers[i](packed);

		assert_refused(packed, length / 2, "it is cut short");
		memset(packed + length / 2, 0xff, 64);
		assert_refused(packed, length, "data is damaged");
	}
	assert_true(pack_lz4(packed) > 64);
	assert_refused(packed, 6, "it is cut short");
	memset(packed + 8, 0xff, 64);
	assert_refused(packed, 1000000, "");
}

static void what_unpacks_to_more_than_any_kernel_is_refused(void **state)
{
	ZSTD_CCtx *context = ZSTD_createCCtx();
	ZSTD_outBuffer out = { packed, PACKED, 0 };

	(void)state;
	memset(plain, 0, PLAIN);
	for (size_t done = 0; done <= UNPACK_SIZE_MAX; done += PLAIN) {
		ZSTD_inBuffer in = { plain, PLAIN, 0 };

		while (in.pos < in.size)
			assert_false(ZSTD_isError(ZSTD_compressStream2(context, &out, &in,
								       ZSTD_e_continue)));
	}
	assert_int_equal(ZSTD_compressStream2(context, &out, &(ZSTD_inBuffer){ NULL, 0, 0 },
					      ZSTD_e_end), 0);
	(void)ZSTD_freeCCtx(context);
	assert_refused(packed, out.pos, "more than 512 MiB");
}

/* Two sectors of setup, then the payload. */
static size_t make_bzimage(uint8_t *image, size_t payload)
{
	uint32_t length = (uint32_t)payload, offset = 16;

	memset(image, 0, 1024 + offset);
	image[0x1f1] = 1;
	memcpy(image + 0x202, "HdrS", 4);
	image[0x206] = 0x0f;
	image[0x207] = 0x02;
	memcpy(image + 0x248, &offset, 4);
	memcpy(image + 0x24c, &length, 4);
	return 1024 + offset;
}

static void a_kernel_s_payload_is_found_in_its_bzimage(void **state)
{
	uint8_t *image = malloc(PACKED + 2048);
	size_t length, start;

	(void)state;
	assert_non_null(image);
	for (size_t i = 0; i < PACKERS; i++) {
		length = packers[i](packed);
		start = make_bzimage(image, length);
		memcpy(image + start, packed, length);
		assert_unpacks(image, start + length);
		assert_refused(image, start + length - 1, "cut short");
	}
	image[0x206] = 0x07;
	assert_refused(image, start + length, "boot protocol older");
	(void)make_bzimage(image, length);
	memcpy(image + start, "BZh9", 4);
	assert_refused(image, start + length, "packed in a way");
	memset(image + 0x248, 0xff, 8);
	assert_refused(image, start + length, "cut short");
	free(image);
}

static void what_is_not_packed_is_left_alone(void **state)
{
	static const char elf[] = "\177ELF and more";
	struct fail fail;
	uint8_t *out;
	size_t length;

	(void)state;
	for (size_t size = 0; size < sizeof(elf); size++) {
		assert_int_equal(unpack_bytes("t", (const uint8_t *)elf, size, &out, &length, &fail),
				 0);
		assert_null(out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_format_comes_out_as_it_was),
		cmocka_unit_test(the_size_behind_a_kernel_s_payload_does_no_harm),
		cmocka_unit_test(what_is_cut_short_or_damaged_is_refused),
		cmocka_unit_test(a_kernel_s_payload_is_found_in_its_bzimage),
		cmocka_unit_test(what_is_not_packed_is_left_alone),
		cmocka_unit_test(what_unpacks_to_more_than_any_kernel_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
