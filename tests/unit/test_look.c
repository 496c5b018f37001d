/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel_fixture.h"
#include "patcherd/look.h"

enum { A = KERNEL_BASE + 0x10, B = KERNEL_BASE + 0x20 };

static struct journal_site site_old_new(uint64_t address, const char *module)
{
	return (struct journal_site){
		.symbol = (char *)"nfs_flock", .module = (char *)module,
		.module_identity = module != NULL ? 4711 : 0, .address = address,
		.old = { .data = { 0x74, 0x39 }, .length = 2 },
		.replacement = { .data = { 0x75, 0x39 }, .length = 2 },
	};
}

static void put(struct fake *fake, uint64_t address, uint8_t first)
{
	*at_address(fake, address) = first;
	*at_address(fake, address + 1) = 0x39;
}

static void a_site_is_what_memory_holds(void **state)
{
	static const struct { uint8_t first; enum look_now now; const char *name; } cases[] = {
		{ 0x74, LOOK_OLD, "old" }, { 0x75, LOOK_NEW, "new" }, { 0x90, LOOK_OTHER, "other" },
	};
	struct journal_site site = site_old_new(A, NULL);
	struct fake *fake = *state;
	struct look_site look;
	struct fail fail;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put(fake, A, cases[i].first);
		assert_int_equal(look_at_site(&fake->target, &site, &look, &fail), 0);
		assert_string_equal(look_name(look.now), cases[i].name);
		assert_int_equal(look.now, cases[i].now);
		assert_int_equal(look.found.length, 2);
		assert_int_equal(look.found.data[0], cases[i].first);
	}
}

static void a_module_unloaded_or_loaded_anew_is_gone_and_not_read(void **state)
{
	static const uint64_t identities[] = { 0, 4712 };
	struct journal_site site = site_old_new(A, "nfs");
	struct fake *fake = *state;
	struct look_site look;
	struct fail fail;

	put(fake, A, 0x75);
	assert_int_equal(look_at_site(&fake->target, &site, &look, &fail), 0);
	assert_int_equal(look.now, LOOK_NEW);
	fake->shared->unreadable = A;
	for (size_t i = 0; i < 2; i++) {
		fake->shared->identity = identities[i];
		assert_int_equal(look_at_site(&fake->target, &site, &look, &fail), 0);
		assert_string_equal(look_name(look.now), "gone");
		assert_int_equal(look.found.length, 0);
	}
}

static void memory_that_cannot_be_read_is_a_failure_with_its_address(void **state)
{
	struct journal_site site = site_old_new(A, "nfs");
	struct fake *fake = *state;
	struct look_site look;
	struct fail fail;

	fake->shared->unreadable = A;
	assert_int_equal(look_at_site(&fake->target, &site, &look, &fail), -1);
	assert_true(fail.has_address && fail.address == A);
	assert_contains(fail.message, "nfs_flock");
}

static void an_entry_is_what_its_sites_are(void **state)
{
	static const struct { uint8_t a, b; uint64_t identity; enum look_state state; } cases[] = {
		{ 0x75, 0x75, 4711, LOOK_STATE_APPLIED },
		{ 0x74, 0x74, 4711, LOOK_STATE_NOT_APPLIED },
		{ 0x75, 0x74, 4711, LOOK_STATE_PARTIAL },
		{ 0x74, 0x75, 4711, LOOK_STATE_PARTIAL },
		{ 0x75, 0x90, 4711, LOOK_STATE_TAMPERED },
		{ 0x75, 0x75, 0, LOOK_STATE_LOST },
		{ 0x74, 0x75, 1, LOOK_STATE_LOST },
		{ 0x90, 0x75, 0, LOOK_STATE_TAMPERED },
	};
	struct journal_site sites[] = { site_old_new(A, NULL), site_old_new(B, "nfs") };
	struct journal_entry entry = { .sites = sites, .site_count = 2 };
	struct fake *fake = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct look_site looks[2];
		enum look_state now;
		struct fail fail;

		put(fake, A, cases[i].a);
		put(fake, B, cases[i].b);
		fake->shared->identity = cases[i].identity;
		assert_int_equal(look_at_entry(&fake->target, &entry, looks, &now, &fail), 0);
		assert_int_equal(now, cases[i].state);
	}
}

static void a_variable_that_is_not_as_written_is_changed_not_tampered(void **state)
{
	/* `a` is code, `b` a variable */
	static const struct { uint8_t a, b; enum look_state state; } cases[] = {
		{ 0x75, 0x75, LOOK_STATE_APPLIED }, { 0x75, 0x90, LOOK_STATE_CHANGED },
		{ 0x75, 0x74, LOOK_STATE_CHANGED }, { 0x74, 0x74, LOOK_STATE_NOT_APPLIED },
		{ 0x74, 0x75, LOOK_STATE_PARTIAL }, { 0x74, 0x90, LOOK_STATE_PARTIAL },
		{ 0x90, 0x90, LOOK_STATE_TAMPERED },
	};
	struct journal_site sites[] = { site_old_new(A, NULL), site_old_new(B, "nfs") };
	struct journal_entry entry = { .sites = sites, .site_count = 2 };
	struct fake *fake = *state;
	struct look_site looks[2];
	enum look_state now;
	struct fail fail;

	sites[1].variable = true;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put(fake, A, cases[i].a);
		put(fake, B, cases[i].b);
		fake->shared->identity = 4711;
		assert_int_equal(look_at_entry(&fake->target, &entry, looks, &now, &fail), 0);
		assert_int_equal(now, cases[i].state);
	}
	put(fake, A, 0x75);
	fake->shared->identity = 1;
	assert_int_equal(look_at_entry(&fake->target, &entry, looks, &now, &fail), 0);
	assert_int_equal(now, LOOK_STATE_LOST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KERNEL_TEST(a_site_is_what_memory_holds),
		KERNEL_TEST(a_module_unloaded_or_loaded_anew_is_gone_and_not_read),
		KERNEL_TEST(memory_that_cannot_be_read_is_a_failure_with_its_address),
		KERNEL_TEST(an_entry_is_what_its_sites_are),
		KERNEL_TEST(a_variable_that_is_not_as_written_is_changed_not_tampered),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("look", tests, NULL, NULL);
}
