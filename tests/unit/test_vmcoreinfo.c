/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <elf.h>

#include "tests/unit/file_fixture.h"
#include "vmcoreinfo.h"

#define BUILD_ID "00112233445566778899aabbccddeeff00112233"

/* The notes of /proc/kcore as Linux 6.1 has them: those of a process first, ours last. */
struct core {
	Elf64_Ehdr header;
	Elf64_Phdr segments[2];
	struct {
		Elf64_Nhdr other;
		char other_name[8];
		uint8_t other_desc[336];
		Elf64_Nhdr note;
		char name[12];
		char text[512];
	} notes;
};

static const char good[] =
	"OSRELEASE=6.1.0-56-cloud-amd64\nBUILD-ID=" BUILD_ID "\nPAGESIZE=4096\n"
	"SYMBOL(init_uts_ns)=ffffffff9b61a680\nSYMBOL(swapper_pg_dir)=ffffffff9b610001\n"
	"SYMBOL(_stext)=ffffffff99e00000\nNUMBER(phys_base)=1\nSYMBOL(init_top_pgt)=ffffffff9b610000\n"
	"KERNELOFFSET=18e00000\nNUMBER(KERNEL_IMAGE_SIZE)=1073741824\n"
	"NUMBER(sme_mask)=140737488355328\n";

static void core_make(struct core *core, const char *text)
{
	memset(core, 0, sizeof(*core));
	memcpy(core->header.e_ident, ELFMAG, SELFMAG);
	core->header.e_ident[EI_CLASS] = ELFCLASS64;
	core->header.e_ident[EI_DATA] = ELFDATA2LSB;
	core->header.e_ident[EI_VERSION] = EV_CURRENT;
	core->header.e_type = ET_CORE;
	core->header.e_machine = EM_X86_64;
	core->header.e_version = EV_CURRENT;
	core->header.e_ehsize = sizeof(core->header);
	core->header.e_phoff = offsetof(struct core, segments);
	core->header.e_phentsize = sizeof(core->segments[0]);
	core->header.e_phnum = 2;
	core->segments[0].p_type = PT_NOTE;
	core->segments[0].p_offset = offsetof(struct core, notes);
	core->segments[1].p_type = PT_LOAD;
	core->notes.other = (Elf64_Nhdr){ sizeof("CORE"), sizeof(core->notes.other_desc), NT_PRSTATUS };
	strcpy(core->notes.other_name, "CORE");
	core->notes.note = (Elf64_Nhdr){ sizeof("VMCOREINFO"), (Elf64_Word)strlen(text), 0 };
	strcpy(core->notes.name, "VMCOREINFO");
	assert_true(strlen(text) <= sizeof(core->notes.text));
	memcpy(core->notes.text, text, strlen(text));
	core->segments[0].p_filesz = sizeof(core->notes);
}

static int load(const struct core *core, size_t length, struct vmcoreinfo *out, struct fail *fail)
{
	struct file file = file_make(core, length);
	int result = vmcoreinfo_load(file.path, out, fail);

	file_close(&file);
	return result;
}

static void refused(const struct core *core, size_t length, const char *message)
{
	struct vmcoreinfo info;
	struct fail fail;

	assert_int_equal(load(core, length, &info, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_ERROR);
	assert_message(fail, "/proc/self/fd/");
	assert_message(fail, message);
}

static void text_refused(const char *text, const char *message)
{
	struct core core;

	core_make(&core, text);
	refused(&core, sizeof(core), message);
}

static void the_note_says_by_how_much_the_kernel_was_moved(void **state)
{
	struct vmcoreinfo info;
	struct core core;
	struct fail fail;

	(void)state;
	core_make(&core, good);
	assert_int_equal(load(&core, sizeof(core), &info, &fail), 0);
	assert_true(info.moves);
	assert_int_equal(info.offset, 0x18e00000);
	assert_int_equal(info.stext, 0xffffffff99e00000u);
	assert_string_equal(info.build_id, BUILD_ID);
}

static void the_note_says_where_the_page_tables_are(void **state)
{
	struct vmcoreinfo info;
	struct core core;
	struct fail fail;

	(void)state;
	core_make(&core, good);
	assert_int_equal(load(&core, sizeof(core), &info, &fail), 0);
	assert_int_equal(info.root, 0xffffffff9b610000u);
	assert_int_equal(info.sme_mask, UINT64_C(1) << 47);
	core_make(&core, "SYMBOL(swapper_pg_dir)=c1a00000\nCONFIG_X86_PAE=y\n");
	assert_int_equal(load(&core, sizeof(core), &info, &fail), 0);
	assert_int_equal(info.root, 0xc1a00000);
	assert_int_equal(info.sme_mask, 0);
}

static void a_mask_that_cannot_be_is_refused(void **state)
{
	static const char *const texts[] = {
		"NUMBER(sme_mask)=\n", "NUMBER(sme_mask)=-1\n", "NUMBER(sme_mask)=3\n",
		"NUMBER(sme_mask)=4503599627370496\n", "NUMBER(sme_mask)=0x800\n",
		"NUMBER(sme_mask)=1", "SYMBOL(init_top_pgt)=banana\n", "SYMBOL(swapper_pg_dir)=\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		text_refused(texts[i], "which cannot be");
}

static void an_older_kernel_gives_no_build_id(void **state)
{
	struct vmcoreinfo info;
	struct core core;
	struct fail fail;

	(void)state;
	core_make(&core, "OSRELEASE=5.4\nKERNELOFFSET=0\n");
	assert_int_equal(load(&core, sizeof(core), &info, &fail), 0);
	assert_int_equal(info.offset, 0);
	assert_int_equal(info.stext, 0);
	assert_string_equal(info.build_id, "");
}

static void a_key_counts_only_at_the_start_of_a_line(void **state)
{
	struct vmcoreinfo info;
	struct core core;
	struct fail fail;

	(void)state;
	core_make(&core, "X-KERNELOFFSET=18e00000\nKERNELOFFSETS=1\n");
	assert_int_equal(load(&core, sizeof(core), &info, &fail), 0);
	assert_false(info.moves);
}

static void an_offset_that_cannot_be_is_refused(void **state)
{
	static const char *const texts[] = {
		"KERNELOFFSET=\n", "KERNELOFFSET=banana\n", "KERNELOFFSET= 1\n", "KERNELOFFSET=-1\n",
		"KERNELOFFSET=1", "KERNELOFFSET=1 \n", "KERNELOFFSET=40000000\n",
		"KERNELOFFSET=ffffffffffffffff\n", "KERNELOFFSET=10000000000000000\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		text_refused(texts[i], "which cannot be");
	text_refused("KERNELOFFSET=0\nSYMBOL(_stext)=\n", "SYMBOL(_stext)");
}

static void a_build_id_that_cannot_be_is_refused(void **state)
{
	static const char *const texts[] = {
		"KERNELOFFSET=0\nBUILD-ID=\n", "KERNELOFFSET=0\nBUILD-ID=xyz\n",
		"KERNELOFFSET=0\nBUILD-ID=0011",
		"KERNELOFFSET=0\nBUILD-ID=" BUILD_ID BUILD_ID "\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		text_refused(texts[i], "BUILD-ID");
}

static void a_file_without_the_note_is_refused(void **state)
{
	struct core core;

	(void)state;
	core_make(&core, good);
	core.notes.name[0] = 'X';
	refused(&core, sizeof(core), "no whole note VMCOREINFO");
	core_make(&core, good);
	core.segments[0].p_filesz = 0;
	refused(&core, sizeof(core), "no whole note VMCOREINFO");
	core_make(&core, good);
	core.segments[0].p_type = PT_LOAD;
	refused(&core, sizeof(core), "no notes");
}

static void sizes_beyond_the_notes_are_refused(void **state)
{
	static const Elf64_Word sizes[] = { 1000, INT32_MAX, UINT32_MAX - 3, UINT32_MAX };
	struct core core;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		core_make(&core, good);
		core.notes.note.n_descsz = sizes[i];
		refused(&core, sizeof(core), "no whole note");
		core_make(&core, good);
		core.notes.note.n_namesz = sizes[i];
		refused(&core, sizeof(core), "no whole note");
		core_make(&core, good);
		core.notes.other.n_namesz = sizes[i];
		refused(&core, sizeof(core), "no whole note");
		core_make(&core, good);
		core.notes.other.n_descsz = sizes[i];
		refused(&core, sizeof(core), "no whole note");
	}
}

static void notes_that_are_cut_off_are_refused(void **state)
{
	static const Elf64_Xword sizes[] = { 1, 11, 12, 355, 360, 368, 380, 400 };
	struct core core;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		core_make(&core, good);
		core.segments[0].p_filesz = sizes[i];
		refused(&core, sizeof(core), "no whole note");
	}
}

static void a_file_cut_off_anywhere_is_refused(void **state)
{
	struct core core;

	(void)state;
	core_make(&core, good);
	for (size_t length = 0; length < offsetof(struct core, notes) + sizeof(core.notes);
	     length++)
		refused(&core, length, "no ");
}

static void a_segment_outside_the_file_is_refused(void **state)
{
	static const struct {
		Elf64_Off offset;
		Elf64_Xword size;
	} places[] = {
		{ 1 << 20, 64 }, { INT64_MAX, 64 }, { UINT64_MAX, 64 }, { UINT64_MAX - 63, 64 },
		{ sizeof(Elf64_Ehdr), 1 << 20 }, { sizeof(Elf64_Ehdr), UINT64_MAX },
	};
	struct core core;

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		core_make(&core, good);
		core.segments[0].p_offset = places[i].offset;
		core.segments[0].p_filesz = places[i].size;
		refused(&core, sizeof(core), "no notes");
	}
}

static void what_is_no_core_file_is_refused(void **state)
{
	struct vmcoreinfo info;
	struct core core;
	struct fail fail;

	(void)state;
	core_make(&core, good);
	core.header.e_ident[0] = 'X';
	refused(&core, sizeof(core), "no notes of an ELF core file");
	assert_int_equal(vmcoreinfo_load("/nonexistent/kcore", &info, &fail), -1);
	assert_message(fail, "/nonexistent/kcore: cannot be opened");
	assert_message(fail, "No such file or directory");
}

/* A System.map with _stext where it is linked. */
static struct symtab *map_make(void)
{
	struct file file = file_text("ffffffff81000000 T _stext\nffffffff81000100 T nfs_flock\n");
	struct symtab *map;
	struct fail fail;

	if (symtab_load_system_map(file.path, &map, &fail) != 0)
		fail_msg("%s", fail.message);
	file_close(&file);
	return map;
}

static void a_map_moves_by_the_kernels_offset(void **state)
{
	struct vmcoreinfo info = { true, 0x18e00000, 0xffffffff99e00000u, BUILD_ID, 0, 0 };
	struct symtab *map = map_make();
	struct fail fail;
	int64_t slide;

	(void)state;
	assert_int_equal(vmcoreinfo_slide(&info, BUILD_ID, map, &slide, &fail), 0);
	assert_int_equal(slide, 0x18e00000);
	assert_int_equal(vmcoreinfo_slide(&info, "", map, &slide, &fail), 0);
	info.build_id[0] = '\0';
	info.stext = 0;
	assert_int_equal(vmcoreinfo_slide(&info, BUILD_ID, map, &slide, &fail), 0);
	symtab_destroy(map);
}

static void a_map_whose_stext_is_elsewhere_is_refused(void **state)
{
	struct vmcoreinfo info = { true, 0x18e00000, 0xffffffff99e01000u, BUILD_ID, 0, 0 };
	struct symtab *map = map_make();
	struct fail fail;
	int64_t slide;

	(void)state;
	assert_int_equal(vmcoreinfo_slide(&info, BUILD_ID, map, &slide, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_GUARD);
	assert_message(fail, "0xffffffff99e00000");
	assert_message(fail, "0xffffffff99e01000");
	symtab_destroy(map);
}

static void the_note_of_another_kernel_is_refused(void **state)
{
	struct vmcoreinfo info = { true, 0x18e00000, 0, BUILD_ID, 0, 0 };
	struct symtab *map = map_make();
	struct fail fail;
	int64_t slide;

	(void)state;
	assert_int_equal(vmcoreinfo_slide(&info, "ff", map, &slide, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_GUARD);
	assert_message(fail, BUILD_ID);
	symtab_destroy(map);
}

static void a_kernel_that_does_not_say_gives_no_slide(void **state)
{
	struct vmcoreinfo info = { .stext = 0xc1000000 };
	struct symtab *map = map_make();
	struct fail fail;
	int64_t slide;

	(void)state;
	assert_int_equal(vmcoreinfo_slide(&info, "", map, &slide, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_ERROR);
	assert_message(fail, "no KERNELOFFSET");
	symtab_destroy(map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_note_says_by_how_much_the_kernel_was_moved),
		cmocka_unit_test(the_note_says_where_the_page_tables_are),
		cmocka_unit_test(a_mask_that_cannot_be_is_refused),
		cmocka_unit_test(an_older_kernel_gives_no_build_id),
		cmocka_unit_test(a_key_counts_only_at_the_start_of_a_line),
		cmocka_unit_test(an_offset_that_cannot_be_is_refused),
		cmocka_unit_test(a_build_id_that_cannot_be_is_refused),
		cmocka_unit_test(a_file_without_the_note_is_refused),
		cmocka_unit_test(sizes_beyond_the_notes_are_refused),
		cmocka_unit_test(notes_that_are_cut_off_are_refused),
		cmocka_unit_test(a_file_cut_off_anywhere_is_refused),
		cmocka_unit_test(a_segment_outside_the_file_is_refused),
		cmocka_unit_test(what_is_no_core_file_is_refused),
		cmocka_unit_test(a_map_moves_by_the_kernels_offset),
		cmocka_unit_test(a_map_whose_stext_is_elsewhere_is_refused),
		cmocka_unit_test(the_note_of_another_kernel_is_refused),
		cmocka_unit_test(a_kernel_that_does_not_say_gives_no_slide),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("vmcoreinfo", tests, NULL, NULL);
}
