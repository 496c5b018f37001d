/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/utsname.h>

#include "lib/target_kind.h"
#include "symtab.h"
#include "tests/unit/elf_fixture.h"
#include "tests/unit/file_fixture.h"

static struct elf_file *open_elf(const void *image, size_t length)
{
	struct file file = file_make(image, length);
	struct elf_file *elf;
	struct fail fail;

	if (elf_file_open(file.path, &elf, &fail) != 0)
		fail_msg("%s", fail.message);
	file_close(&file);
	return elf;
}

static struct target *open_image(const struct elf_file *elf, const char *release)
{
	struct target *target;
	struct fail fail;

	if (target_open_image(elf, "vmlinux", release, &target, &fail) != 0)
		fail_msg("%s", fail.message);
	return target;
}

static void an_image_is_described_by_its_file(void **state)
{
	struct elf_fixture image;
	struct elf_file *elf;
	struct target *target;

	(void)state;
	fixture_make(&image, false);
	elf = open_elf(&image, sizeof(image));
	target = open_image(elf, NULL);
	assert_string_equal(target->info.kind, "image");
	assert_string_equal(target->info.path, "vmlinux");
	assert_string_equal(target->info.release, "6.1.0-test");
	assert_string_equal(target->info.build_id, FIXTURE_BUILD_ID);
	assert_int_equal(target->info.architecture, ARCH_X86_64);
	assert_false(target->info.live);
	assert_false(target->info.writable);
	target_close(target);
	target = open_image(elf, "5.10.0-1-amd64");
	assert_string_equal(target->info.release, "5.10.0-1-amd64");
	target_close(target);
	elf_file_close(elf);
}

static void a_modules_own_build_id_is_not_the_kernels(void **state)
{
	struct elf_fixture image;
	struct elf_file *elf;
	struct target *target;

	(void)state;
	fixture_make(&image, true);
	elf = open_elf(&image, sizeof(image));
	target = open_image(elf, NULL);
	assert_non_null(elf_file_build_id(elf));
	assert_string_equal(target->info.build_id, "");
	assert_string_equal(target->info.release, "6.1.0-56-cloud-amd64");
	target_close(target);
	elf_file_close(elf);
}

static void a_release_that_cannot_be_is_refused(void **state)
{
	struct elf_fixture image;
	struct elf_file *elf;
	struct target *target;
	char release[200];
	struct fail fail;

	(void)state;
	memset(release, 'x', sizeof(release) - 1);
	release[sizeof(release) - 1] = '\0';
	fixture_make(&image, false);
	elf = open_elf(&image, sizeof(image));
	assert_int_equal(target_open_image(elf, "vmlinux", release, &target, &fail), -1);
	assert_message(fail, "199 characters");
	elf_file_close(elf);
}

static void expect_unreadable(struct target *target, uint64_t address, size_t length,
			      const char *message)
{
	uint8_t bytes[64];
	struct fail fail;

	assert_int_equal(target_read(target, address, bytes, length, "nfs_flock", &fail), -1);
	assert_int_equal(fail.code, OUTCOME_ERROR);
	assert_true(fail.has_address);
	assert_int_equal(fail.address, address);
	assert_message(fail, "nfs_flock");
	assert_message(fail, message);
}

static void an_image_gives_its_bytes_and_no_others(void **state)
{
	struct elf_fixture image;
	struct elf_file *elf;
	struct target *target;
	uint8_t bytes[4];
	struct fail fail;

	(void)state;
	fixture_make(&image, false);
	elf = open_elf(&image, sizeof(image));
	target = open_image(elf, NULL);
	assert_int_equal(target_read(target, FIXTURE_TEXT + 0x40, bytes, 4, "x", &fail), 0);
	assert_memory_equal(bytes, "\x40\x41\x42\x43", 4);
	expect_unreadable(target, FIXTURE_TEXT + 254, 3,
			  "past the end of .text, at 0xffffffff81000100");
	assert_int_equal(target_read(target, FIXTURE_BSS, bytes, 4, "x", &fail), 0);
	assert_memory_equal(bytes, "\0\0\0\0", 4);
	expect_unreadable(target, FIXTURE_BSS + 60, 5, "past the end of .bss");
	expect_unreadable(target, 0x1000, 1, "no section of the image");
	expect_unreadable(target, FIXTURE_TEXT, 0, "no range of addresses");
	expect_unreadable(target, UINT64_MAX, 2, "no range of addresses");
	expect_unreadable(target, FIXTURE_TEXT, (size_t)1 << 27, "too many to be read");
	target_close(target);
	elf_file_close(elf);
}

static void a_target_that_cannot_write_says_so(void **state)
{
	struct target_change change = { FIXTURE_TEXT, 1, (const uint8_t *)"a", (const uint8_t *)"b",
					false };
	struct elf_fixture image;
	struct elf_file *elf;
	struct target *target;
	struct target_report report;
	struct fail fail;

	(void)state;
	fixture_make(&image, false);
	elf = open_elf(&image, sizeof(image));
	target = open_image(elf, NULL);
	assert_int_equal(target_write(target, &change, 1, &report, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_NOT_WRITABLE);
	assert_message(fail, "kind image can only be read");
	assert_false(report.written);
	target_close(target);
	elf_file_close(elf);
}

/* The image that tests/tools/published-image makes, with an option or "". */
static void check_published(const char *option, const char *bytes_there)
{
	char path[] = "/tmp/test-target-XXXXXX", command[128];
	int fd = mkstemp(path);
	struct symtab *symtab;
	struct elf_file *elf;
	struct target *target;
	uint8_t bytes[0xab];
	struct fail fail;

	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
	(void)snprintf(command, sizeof(command), "tests/tools/published-image %s %s", option, path);
	assert_int_equal(system(command), 0);
	assert_int_equal(elf_file_open(path, &elf, &fail), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symtab_load_system_map("tests/data/linux-2.6.22-i386/System.map", &symtab,
						&fail), 0);
	target = open_image(elf, NULL);
	assert_int_equal(target->info.architecture, ARCH_I386);
	assert_string_equal(target->info.release, "");

	const struct symbol *symbol = symtab_next(symtab, "nfs_flock", NULL);

	assert_int_equal(symbol->address, 0xc01a9d21);
	assert_int_equal(symbol->size, sizeof(bytes));
	assert_int_equal(target_read(target, symbol->address, bytes, symbol->size, "nfs_flock",
				     &fail), 0);
	assert_memory_equal(bytes + 0x54, bytes_there, 2);
	assert_memory_equal(bytes + 0x13, "\x74\x3b", 2);
	expect_unreadable(target, symbol->address, sizeof(bytes) + 1, "past the end of .text");
	expect_unreadable(target, 0xffffffff, 2, "no range of addresses");
	expect_unreadable(target, 0x1c01a9d21, 2, "no range of addresses");
	target_close(target);
	symtab_destroy(symtab);
	elf_file_close(elf);
}

static void the_published_case_is_read_by_its_map(void **state)
{
	(void)state;
	check_published("", "\x74\x47");
	check_published("--changed", "\x75\x47");
}

/* Kernel memory as /proc/kcore has it. */
struct core {
	Elf64_Ehdr header;
	Elf64_Phdr segments[4];
	uint8_t text[64];
	uint8_t modules[32];
};

static void core_make(struct core *core)
{
	memset(core, 0, sizeof(*core));
	core->header = (Elf64_Ehdr){
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			     EV_CURRENT },
		.e_type = ET_CORE, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
		.e_phoff = offsetof(struct core, segments), .e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 4,
	};
	core->segments[0] = (Elf64_Phdr){ .p_type = PT_NOTE, .p_filesz = 64 };
	core->segments[1] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_vaddr = FIXTURE_TEXT,
		.p_offset = offsetof(struct core, text), .p_filesz = sizeof(core->text) };
	core->segments[2] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_vaddr = 0xffffffffc0000000,
		.p_offset = offsetof(struct core, modules), .p_filesz = 4096 };
	core->segments[3] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_vaddr = 0xfffffffffffff000,
		.p_offset = UINT64_MAX - 100, .p_filesz = 4096 };
	for (size_t i = 0; i < sizeof(core->text); i++)
		core->text[i] = (uint8_t)(i + 1);
	memset(core->modules, 0xcc, sizeof(core->modules));
}

static int open_core(const void *data, size_t length, struct target **target, struct fail *fail)
{
	struct file file = file_make(data, length);
	int result = target_open_kcore_at(file.path, target, fail);

	file_close(&file);
	return result;
}

static void kcore_reads_what_its_segments_cover(void **state)
{
	struct core core;
	struct target *target;
	struct utsname name;
	uint8_t bytes[32];
	struct fail fail;

	(void)state;
	core_make(&core);
	assert_int_equal(open_core(&core, sizeof(core), &target, &fail), 0);
	assert_string_equal(target->info.kind, "kcore");
	assert_true(target->info.live);
	assert_false(target->info.writable);
	assert_int_equal(uname(&name), 0);
	assert_string_equal(target->info.release, name.release);
	assert_int_equal(target_read(target, FIXTURE_TEXT + 62, bytes, 2, "x", &fail), 0);
	assert_memory_equal(bytes, "\x3f\x40", 2);
	assert_int_equal(target_read(target, 0xffffffffc0000000, bytes, 32, "x", &fail), 0);
	assert_memory_equal(bytes, core.modules, 32);
	expect_unreadable(target, FIXTURE_TEXT + 62, 3, "not in any segment");
	expect_unreadable(target, FIXTURE_TEXT - 1, 2, "not in any segment");
	expect_unreadable(target, 0x1000, 1, "not in any segment");
	expect_unreadable(target, 0xffffffffc0000000, 33, "the file ends there");
	expect_unreadable(target, 0xfffffffffffff000, 8, "could not be read");
	target_close(target);
}

static void a_32_bit_kcore_is_read_too(void **state)
{
	struct {
		Elf32_Ehdr header;
		Elf32_Phdr segment;
		uint8_t text[16];
	} core = {
		.header = {
			.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32, ELFDATA2LSB },
			.e_type = ET_CORE, .e_machine = EM_386, .e_phoff = sizeof(Elf32_Ehdr),
			.e_phentsize = sizeof(Elf32_Phdr), .e_phnum = 1,
		},
		.segment = { .p_type = PT_LOAD, .p_vaddr = 0xc1000000, .p_filesz = 16,
			     .p_offset = sizeof(Elf32_Ehdr) + sizeof(Elf32_Phdr) },
		.text = { 0x55, 0x89, 0xe5 },
	};
	struct target *target;
	uint8_t bytes[2];
	struct fail fail;

	(void)state;
	assert_int_equal(open_core(&core, sizeof(core), &target, &fail), 0);
	assert_int_equal(target_read(target, 0xc1000001, bytes, 2, "x", &fail), 0);
	assert_memory_equal(bytes, "\x89\xe5", 2);
	target_close(target);
}

static void a_damaged_kcore_is_refused(void **state)
{
	struct target *target;
	struct core core;
	struct fail fail;

	(void)state;
	core_make(&core);
	for (size_t length = 0; length < offsetof(struct core, text); length += 16) {
		assert_int_equal(open_core(&core, length, &target, &fail), -1);
		assert_int_equal(fail.code, OUTCOME_ERROR);
		assert_message(fail, "not kernel memory as an ELF core file");
		assert_null(target);
	}
	core.header.e_type = ET_EXEC;
	assert_int_equal(open_core(&core, sizeof(core), &target, &fail), -1);
	assert_message(fail, "not a core file");
	core_make(&core);
	core.header.e_phnum = 0xffff;
	assert_int_equal(open_core(&core, sizeof(core), &target, &fail), -1);
	assert_message(fail, "table of segments");
	core_make(&core);
	core.header.e_phentsize = 1;
	assert_int_equal(open_core(&core, sizeof(core), &target, &fail), -1);
	assert_message(fail, "table of segments");
	core_make(&core);
	core.header.e_phoff = UINT64_MAX - 8;
	assert_int_equal(open_core(&core, sizeof(core), &target, &fail), -1);
	assert_message(fail, "table of segments cannot be read");
}

/* What is no /dev/kmem is found out before any symbols are asked for. */
static const struct target_symbols no_symbols = { NULL, NULL };

static void expect_not_kmem(const char *path, const char *message, const char *remedy)
{
	struct target *target;
	struct fail fail;

	assert_int_equal(target_open_kmem_at(path, &no_symbols, &target, &fail), -1);
	assert_null(target);
	assert_int_equal(fail.code, OUTCOME_NOT_WRITABLE);
	assert_message(fail, path);
	assert_message(fail, message);
	assert_message(fail, remedy);
}

static void without_our_device_it_says_why_and_what_to_do(void **state)
{
	struct file file = file_text("");

	(void)state;
	expect_not_kmem("/no/such/kmem", "Linux has none since 5.13", "modprobe patcher_kmem");
	expect_not_kmem("/no/such/kmem", "Linux has none since 5.13", "make module KVER=");
	expect_not_kmem(file.path, "is no character device", "modprobe patcher_kmem");
	/* knows no ioctl of ours, as the kernel's own /dev/kmem does not, and is not that one either */
	expect_not_kmem("/dev/null", "made by neither patcher_kmem", "nor the kernel itself");
	file_close(&file);
}

static const uint8_t je[] = { 0x74, 0x39, 0, 0 }, jne[] = { 0x75, 0x39, 0, 0 };

static void changes_become_sites_by_address(void **state)
{
	const struct target_change changes[] = {
		{ 0xffffffffc0000010, 2, je, jne, false },
		{ 0xffffffff81000000, 1, je, jne, true },
		{ 0xffffffffc000000e, 2, jne, je, false },
	};
	struct kmem_request request;
	struct fail fail;

	(void)state;
	assert_int_equal(kmem_request_init(&request, changes, 3, &fail), 0);
	assert_int_equal(request.write.version, PATCHER_KMEM_VERSION);
	assert_int_equal(request.write.count, 3);
	assert_ptr_equal((void *)(uintptr_t)request.write.sites, request.sites);
	assert_int_equal(request.sites[0].address, 0xffffffff81000000);
	assert_int_equal(request.sites[0].flags, PATCHER_KMEM_MULTIPLE);
	assert_int_equal(request.sites[0].length, 1);
	assert_int_equal(request.sites[1].address, 0xffffffffc000000e);
	assert_memory_equal(request.sites[1].expected, jne, 2);
	assert_memory_equal(request.sites[1].replacement, je, 2);
	assert_int_equal(request.sites[1].flags, 0);
	assert_int_equal(request.order[0], 1);
	assert_int_equal(request.order[1], 2);
	assert_int_equal(request.order[2], 0);
	kmem_request_deinit(&request);
}

static void changes_that_cannot_be_are_refused_before_the_kernel(void **state)
{
	struct target_change changes[] = {
		{ 0x1000, 4, je, jne, false },
		{ 0x1003, 1, je, jne, false },
	};
	struct kmem_request request;
	struct fail fail;

	(void)state;
	assert_int_equal(kmem_request_init(&request, changes, 2, &fail), -1);
	assert_message(fail, "overlap at 0x1003");
	kmem_request_deinit(&request);
	changes[1].address = 0x1004;
	changes[1].length = 65;
	assert_int_equal(kmem_request_init(&request, changes, 2, &fail), -1);
	assert_message(fail, "65 bytes at 0x1004");
	kmem_request_deinit(&request);
	assert_int_equal(kmem_request_init(&request, changes, 0, &fail), -1);
	assert_int_equal(kmem_request_init(&request, changes, 1025, &fail), -1);
	assert_message(fail, "1025 changes");
}

/* What the module may answer about the first site in address order, changes[1]. */
static const struct {
	int error;
	enum outcome outcome;
	const char *message;
} answers[] = {
	{ EBUSY, OUTCOME_MISMATCH, "0xffffffff81000008 holds 08 09, not 74 39" },
	{ EAGAIN, OUTCOME_BUSY, "task 4321 " },
	{ ESTALE, OUTCOME_NOT_FOUND, "its module is going away" },
	{ EFAULT, OUTCOME_NOT_FOUND, "nothing is mapped at 0xffffffff81000008" },
	{ ERANGE, OUTCOME_NOT_WRITABLE, "outside the kernel image" },
	{ EINVAL, OUTCOME_ERROR, "Invalid argument" },
};

static void each_answer_of_the_module_has_its_outcome(void **state)
{
	const struct target_change changes[] = {
		{ FIXTURE_TEXT + 16, 2, je, jne, true },
		{ FIXTURE_TEXT + 8, 2, je, jne, false },
	};
	struct elf_fixture image;
	struct kmem_request request;
	struct target_report report;
	struct elf_file *elf;
	struct target *target;
	struct fail fail;

	(void)state;
	fixture_make(&image, false);
	elf = open_elf(&image, sizeof(image));
	target = open_image(elf, NULL);
	assert_int_equal(kmem_request_init(&request, changes, 2, &fail), 0);
	request.write.failed = 0;
	request.write.task = 4321;
	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		memset(&report, 0, sizeof(report));
		assert_int_equal(kmem_request_failed(&request, answers[i].error, target, &report,
						     &fail), -1);
		assert_int_equal(fail.code, answers[i].outcome);
		assert_message(fail, answers[i].message);
		assert_message(fail, "nothing was written");
		assert_int_equal(report.failed, 1);
		assert_false(report.written);
		assert_int_equal(fail.address, FIXTURE_TEXT + 8);
	}
	assert_int_equal(kmem_request_failed(&request, EPERM, target, &report, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_NOT_WRITABLE);
	assert_int_equal(report.failed, SIZE_MAX);
	request.write.failed = UINT32_MAX;
	assert_int_equal(kmem_request_failed(&request, ENOMEM, target, &report, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_ERROR);
	assert_int_equal(report.failed, SIZE_MAX);
	kmem_request_deinit(&request);
	target_close(target);
	elf_file_close(elf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_image_is_described_by_its_file),
		cmocka_unit_test(a_modules_own_build_id_is_not_the_kernels),
		cmocka_unit_test(a_release_that_cannot_be_is_refused),
		cmocka_unit_test(an_image_gives_its_bytes_and_no_others),
		cmocka_unit_test(a_target_that_cannot_write_says_so),
		cmocka_unit_test(the_published_case_is_read_by_its_map),
		cmocka_unit_test(kcore_reads_what_its_segments_cover),
		cmocka_unit_test(a_32_bit_kcore_is_read_too),
		cmocka_unit_test(a_damaged_kcore_is_refused),
		cmocka_unit_test(without_our_device_it_says_why_and_what_to_do),
		cmocka_unit_test(changes_become_sites_by_address),
		cmocka_unit_test(changes_that_cannot_be_are_refused_before_the_kernel),
		cmocka_unit_test(each_answer_of_the_module_has_its_outcome),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
