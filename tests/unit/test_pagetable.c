/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "pagetable.h"
#include "tests/unit/file_fixture.h"

/* 64 KiB of RAM at 1 MiB: a table in each page. */
enum { RAM = 0x100000, SIZE = 0x10000, PAGE = 0x1000 };
#define TABLE(number) ((uint64_t)RAM + (number) * PAGE)
#define PRESENT 0x63u		/* present, writable, accessed, dirty */
#define LARGE (PRESENT | 0x80u)
#define NO_EXECUTE (UINT64_C(1) << 63)

struct ram {
	uint8_t bytes[SIZE];
	unsigned reads;
	uint64_t flips;			/* the low half here is another one at each read, so often */
	unsigned flip_count;
};

static int ram_word(void *data, uint64_t physical, uint32_t *out, struct fail *fail)
{
	struct ram *ram = data;

	if (physical < RAM || physical - RAM > SIZE - sizeof(*out) || physical % 4 != 0)
		return fail_set(fail, OUTCOME_ERROR, "no RAM");
	assert_in_range(++ram->reads, 1, 1000);
	memcpy(out, ram->bytes + (physical - RAM), sizeof(*out));
	if (physical == ram->flips && ram->flip_count > 0) {
		ram->flip_count--;
		*out ^= ram->flip_count << 12;
	}
	return 0;
}

static void put(struct ram *ram, unsigned table, unsigned index, unsigned size, uint64_t entry)
{
	memcpy(ram->bytes + table * PAGE + index * size, &entry, size);
}

static int walk(struct ram *ram, struct pagetable table, uint64_t address, struct page *out,
		struct fail *fail)
{
	const struct pagetable_memory memory = { ram_word, ram };

	return pagetable_walk(&table, &memory, address, out, fail);
}

static void leads_to(struct ram *ram, struct pagetable table, uint64_t address, uint64_t physical,
		     uint64_t size)
{
	struct page page;
	struct fail fail;

	if (walk(ram, table, address, &page, &fail) != 0)
		fail_msg("%s", fail.message);
	assert_int_equal(page.physical, physical);
	assert_int_equal(page.size, size);
	assert_int_equal(page.address, address & ~(size - 1));
}

static void refused(struct ram *ram, struct pagetable table, uint64_t address, enum outcome code,
		    const char *message)
{
	struct page page;
	struct fail fail;

	assert_int_equal(walk(ram, table, address, &page, &fail), -1);
	assert_int_equal(fail.code, code);
	assert_message(fail, message);
}

/* The kernel of a machine with 4 levels: 0xffffffffa0001000 in a small page, 0xffffffff81200000
 * in a large one, 0xffff888040000000 in one of 1 GiB. */
static struct pagetable four(struct ram *ram, unsigned root)
{
	put(ram, root, 511, 8, TABLE(root + 1) | PRESENT);
	put(ram, root + 1, 510, 8, TABLE(root + 2) | PRESENT);
	put(ram, root + 2, 9, 8, 0x7fe00000 | LARGE | NO_EXECUTE | 0x1000);
	put(ram, root + 2, 256, 8, TABLE(root + 3) | PRESENT | 0x7ff0000000000000);
	put(ram, root + 3, 1, 8, 0x0001234567000 | PRESENT | NO_EXECUTE | 0x80);
	put(ram, root, 273, 8, TABLE(root + 4) | PRESENT);
	put(ram, root + 4, 1, 8, 0x4040000000 | LARGE | 0x1000);
	return (struct pagetable){ PAGETABLE_4_LEVELS, TABLE(root), 0 };
}

static void four_levels_lead_to_pages_of_each_size(void **state)
{
	struct ram ram = { .reads = 0 };
	struct pagetable table = four(&ram, 0);

	(void)state;
	leads_to(&ram, table, 0xffffffffa0001abc, 0x1234567000, 1 << 12);
	leads_to(&ram, table, 0xffffffff81234567, 0x7fe00000, 1 << 21);
	leads_to(&ram, table, 0xffff888045678901, 0x4040000000, 1 << 30);
}

static void five_levels_lead_there_too(void **state)
{
	struct ram ram = { .reads = 0 };
	struct pagetable table = four(&ram, 1);

	(void)state;
	table = (struct pagetable){ PAGETABLE_5_LEVELS, TABLE(0), 0 };
	put(&ram, 0, 511, 8, TABLE(1) | PRESENT);
	leads_to(&ram, table, 0xffffffffa0001abc, 0x1234567000, 1 << 12);
	leads_to(&ram, table, 0xffffffff81234567, 0x7fe00000, 1 << 21);
	/* not canonical with 4 levels */
	put(&ram, 0, 273, 8, TABLE(1) | PRESENT);
	leads_to(&ram, table, 0xff11888040000000, 0x4040000000, 1 << 30);
}

static void pae_leads_to_pages_of_each_size(void **state)
{
	struct pagetable table = { PAGETABLE_PAE, TABLE(0), 0 };
	struct ram ram = { .reads = 0 };

	(void)state;
	put(&ram, 0, 3, 8, TABLE(1) | 1);
	put(&ram, 1, 8, 8, 0x923456000 | LARGE | NO_EXECUTE);
	put(&ram, 1, 448, 8, TABLE(2) | PRESENT);
	put(&ram, 2, 3, 8, 0xfedcb9000 | PRESENT | NO_EXECUTE);
	leads_to(&ram, table, 0xc1012345, 0x923400000, 1 << 21);
	leads_to(&ram, table, 0xf8003004, 0xfedcb9000, 1 << 12);
}

static void two_levels_lead_to_pages_of_each_size(void **state)
{
	struct pagetable table = { PAGETABLE_2_LEVELS, TABLE(0), 0 };
	struct ram ram = { .reads = 0 };

	(void)state;
	put(&ram, 0, 0xc1000000 >> 22, 4, 0x01000000 | LARGE | 0x1000);
	put(&ram, 0, 0xf8000000 >> 22, 4, TABLE(1) | PRESENT);
	put(&ram, 1, 3, 4, 0x3456f000 | PRESENT);
	leads_to(&ram, table, 0xc1234567, 0x01000000, 1 << 22);
	leads_to(&ram, table, 0xf8003004, 0x3456f000, 1 << 12);
}

static void pse36_gives_a_large_page_its_upper_bits(void **state)
{
	struct pagetable table = { PAGETABLE_2_LEVELS, TABLE(0), 0 };
	struct ram ram = { .reads = 0 };

	(void)state;
	put(&ram, 0, 0xc1000000 >> 22, 4, 0x01000000 | LARGE | 0x5a << 13);
	leads_to(&ram, table, 0xc1234567, 0x5a01000000, 1 << 22);
}

static void the_bit_of_encryption_is_no_address(void **state)
{
	struct ram ram = { .reads = 0 };
	struct pagetable table = four(&ram, 0);
	const uint64_t bit = UINT64_C(1) << 47;

	(void)state;
	put(&ram, 0, 511, 8, TABLE(1) | PRESENT | bit);
	put(&ram, 3, 1, 8, 0x1234567000 | PRESENT | bit);
	refused(&ram, table, 0xffffffffa0001abc, OUTCOME_ERROR, "no RAM");
	table.ignore = bit;
	leads_to(&ram, table, 0xffffffffa0001abc, 0x1234567000, 1 << 12);
}

static void what_is_not_present_is_named_by_its_level(void **state)
{
	struct ram ram = { .reads = 0 };
	struct pagetable table = four(&ram, 0);

	(void)state;
	refused(&ram, table, 0xffffc90000000000, OUTCOME_NOT_FOUND, "its pgd is not present");
	refused(&ram, table, 0xffffffffc0000000, OUTCOME_NOT_FOUND, "its pud is not present");
	refused(&ram, table, 0xffffffff80000000, OUTCOME_NOT_FOUND, "its pmd is not present");
	refused(&ram, table, 0xffffffffa0002000, OUTCOME_NOT_FOUND,
		"nothing is mapped at 0xffffffffa0002000: its pte is not present");
	/* all bits but the one that counts */
	put(&ram, 3, 2, 8, ~UINT64_C(1));
	refused(&ram, table, 0xffffffffa0002000, OUTCOME_NOT_FOUND, "its pte is not present");
}

static void only_the_kernels_half_is_walked(void **state)
{
	static const struct {
		enum pagetable_form form;
		uint64_t address;
	} bad[] = {
		{ PAGETABLE_4_LEVELS, 0 }, { PAGETABLE_4_LEVELS, 0x400000 },
		{ PAGETABLE_4_LEVELS, 0x7fffffffffff }, { PAGETABLE_4_LEVELS, 0x800000000000 },
		{ PAGETABLE_4_LEVELS, 0xffff7fffffffffff }, { PAGETABLE_4_LEVELS, 0xff11000000000000 },
		{ PAGETABLE_5_LEVELS, 0x7fffffffffff }, { PAGETABLE_5_LEVELS, 0xfeffffffffffffff },
		{ PAGETABLE_2_LEVELS, 0x08048000 }, { PAGETABLE_2_LEVELS, 0x100000000 },
		{ PAGETABLE_PAE, 0x08048000 }, { PAGETABLE_PAE, 0xffffffffc0000000 },
	};
	struct ram ram = { .reads = 0 };

	(void)state;
	memset(ram.bytes, 0x63, sizeof(ram.bytes));	/* all of it present */
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		refused(&ram, (struct pagetable){ bad[i].form, TABLE(0), 0 }, bad[i].address,
			OUTCOME_ERROR, "kernel's half");
	assert_int_equal(ram.reads, 0);
}

static void tables_that_lead_to_themselves_end(void **state)
{
	struct pagetable table = { PAGETABLE_5_LEVELS, TABLE(0), 0 };
	struct ram ram = { .reads = 0 };

	(void)state;
	for (unsigned i = 0; i < 512; i++)
		put(&ram, 0, i, 8, TABLE(0) | PRESENT);
	leads_to(&ram, table, 0xffffffffffffffff, TABLE(0), 1 << 12);
	table.form = PAGETABLE_4_LEVELS;
	leads_to(&ram, table, 0xffff800000000000, TABLE(0), 1 << 12);
}

static void a_table_outside_of_ram_is_not_read(void **state)
{
	struct ram ram = { .reads = 0 };
	struct pagetable table = four(&ram, 0);

	(void)state;
	put(&ram, 1, 510, 8, 0xfee00000 | PRESENT);
	refused(&ram, table, 0xffffffff81234567, OUTCOME_ERROR,
		"no RAM (the pmd of 0xffffffff81234567)");
	table.root = 0xfffffffffffff000;
	refused(&ram, table, 0xffffffff81234567, OUTCOME_ERROR, "the pgd of");
}

static void an_entry_is_read_until_its_halves_belong_together(void **state)
{
	struct ram ram = { .reads = 0 };
	struct pagetable table = four(&ram, 0);

	(void)state;
	ram.flips = TABLE(3) + 8;
	ram.flip_count = 5;
	leads_to(&ram, table, 0xffffffffa0001abc, 0x1234567000, 1 << 12);
	ram.flip_count = UINT32_MAX;
	refused(&ram, table, 0xffffffffa0001abc, OUTCOME_ERROR, "changes faster");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(four_levels_lead_to_pages_of_each_size),
		cmocka_unit_test(five_levels_lead_there_too),
		cmocka_unit_test(pae_leads_to_pages_of_each_size),
		cmocka_unit_test(two_levels_lead_to_pages_of_each_size),
		cmocka_unit_test(pse36_gives_a_large_page_its_upper_bits),
		cmocka_unit_test(the_bit_of_encryption_is_no_address),
		cmocka_unit_test(what_is_not_present_is_named_by_its_level),
		cmocka_unit_test(only_the_kernels_half_is_walked),
		cmocka_unit_test(tables_that_lead_to_themselves_end),
		cmocka_unit_test(a_table_outside_of_ram_is_not_read),
		cmocka_unit_test(an_entry_is_read_until_its_halves_belong_together),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("pagetable", tests, NULL, NULL);
}
