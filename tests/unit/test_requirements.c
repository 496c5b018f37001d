/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a patch requires of a kernel, against a small one in memory and a module in a file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "plan_fixture.h"
#include "elf_fixture.h"

static const uint8_t text[] = { 0x74, 0x00, 0xc3, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc };

static const char symbols[] =
	"ffffffff81000000 T _stext\n"
	"ffffffff81000000 t victim\n"
	"ffffffff81000008 T _etext\n"
	"ffffffff81001000 R __start___ex_table\n"
	"ffffffff81001000 R __stop___ex_table\n";

static void locks(struct btf *btf)
{
	int number = btf__add_int(btf, "unsigned int", 4, 0);

	assert_true(btf__add_struct(btf, "file_lock", 0x58) > 0);
	assert_int_equal(btf__add_field(btf, "fl_flags", number, 0x50 * 8, 0), 0);
}

static int setup(void **state)
{
	struct fixture *f = plan_fixture_make(text, sizeof(text), symbols);

	plan_fixture_types(f, locks);
	f->sites[0] = (struct site){ .symbol = (char *)"victim", .expect.bytes = bytes_of("74 00"),
				     .operation.bytes = bytes_of("75 00") };
	*state = f;
	return 0;
}

static void a_symbol_that_is_required_must_be_there(void **state)
{
	struct fixture *f = *state;
	char *names[] = { (char *)"victim", (char *)"_stext" };

	f->patch.requires.symbols = (struct strings){ names, 2 };
	f->patch.requires.symbols_place = (struct place){ 4, 12 };
	assert_outcome(planned(f), OUTCOME_APPLICABLE);
	names[1] = (char *)"victims";
	assert_outcome(planned(f), OUTCOME_GUARD);
	assert_says(f, "t.yaml:4:12: the patch requires the symbol victims, and this kernel has none "
		       "of that name");
	assert_int_equal(f->plan.site_count, 0);
}

static void a_member_must_be_where_the_author_saw_it(void **state)
{
	struct fixture *f = *state;
	struct type_requirement type = { .name = (char *)"file_lock.fl_flags", .number = 0x50,
					 .place = { 5, 3 } };

	f->patch.requires.types = &type;
	f->patch.requires.type_count = 1;
	assert_outcome(planned(f), OUTCOME_APPLICABLE);
	type.number = 0x28;
	assert_outcome(planned(f), OUTCOME_GUARD);
	assert_says(f, "t.yaml:5:3: the patch requires file_lock.fl_flags at 0x28 (40), and on this "
		       "kernel it is at 0x50 (80)");
	type.name = (char *)"file_lock.fl_flogs";
	assert_outcome(planned(f), OUTCOME_GUARD);
	assert_says(f, "t.yaml:5:3: the patch requires file_lock.fl_flogs at 0x28 (40), and whether "
		       "that is so on this kernel is not known: ");
	plan_fixture_types(f, NULL);
	type.name = (char *)"file_lock.fl_flags";
	assert_outcome(planned(f), OUTCOME_GUARD);
}

static void a_type_must_be_as_large_as_the_author_saw_it(void **state)
{
	struct fixture *f = *state;
	struct type_requirement type = { .name = (char *)"file_lock", .is_size = true,
					 .number = 0x58, .place = { 5, 3 } };

	f->patch.requires.types = &type;
	f->patch.requires.type_count = 1;
	assert_outcome(planned(f), OUTCOME_APPLICABLE);
	type.number = 216;
	assert_outcome(planned(f), OUTCOME_GUARD);
	assert_says(f, "the patch requires file_lock with a size of 0xd8 (216), and on this kernel it "
		       "has 0x58 (88)");
}

static void a_module_must_be_of_a_build_that_the_author_saw(void **state)
{
	struct fixture *f = *state;
	struct elf_fixture elf;
	struct elf_file *image;
	struct file file;
	char *ids[] = { (char *)"0011", (char *)FIXTURE_BUILD_ID };

	fixture_make(&elf, true);
	file = file_make(&elf, sizeof(elf));
	assert_int_equal(elf_file_open(file.path, &image, &f->fail), 0);
	f->kernel.image = image;
	f->sites[0].module = (char *)"nfs";
	f->patch.requires.module_build_ids = (struct strings){ ids, 2 };
	f->patch.requires.module_build_ids_place = (struct place){ 6, 2 };
	assert_outcome(planned(f), OUTCOME_APPLICABLE);
	ids[1] = (char *)"2233";
	assert_outcome(planned(f), OUTCOME_GUARD);
	assert_says(f, "t.yaml:6:2: the patch requires module nfs with build-id 0011 or 2233, and it "
		       "has " FIXTURE_BUILD_ID);
	f->sites[0].module = (char *)"ext4";
	assert_outcome(planned(f), OUTCOME_GUARD);
	assert_says(f, "the image is not module ext4");
	f->kernel.image = NULL;
	elf_file_close(image);
	file_close(&file);
}

static void a_module_that_is_not_loaded_has_no_build(void **state)
{
	struct fixture *f = *state;
	struct modules modules = { .items = NULL };
	char *id = (char *)"0011";

	f->kernel.modules = &modules;
	f->sites[0].module = (char *)"ghost";
	f->patch.requires.module_build_ids = (struct strings){ &id, 1 };
	assert_outcome(planned(f), OUTCOME_GUARD);
	assert_says(f, "module ghost is not loaded");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(a_symbol_that_is_required_must_be_there),
		unit(a_member_must_be_where_the_author_saw_it),
		unit(a_type_must_be_as_large_as_the_author_saw_it),
		unit(a_module_must_be_of_a_build_that_the_author_saw),
		unit(a_module_that_is_not_loaded_has_no_build),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
