/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mapped_fixture: a file that is 4 MiB of "physical memory" with a kernel, its page tables and a
 * module. */
#ifndef PATCHERD_MAPPED_FIXTURE_H
#define PATCHERD_MAPPED_FIXTURE_H

#include <stdlib.h>

#include "file_fixture.h"
#include "lib/target_mapped.h"
#include "module.h"
#include "symtab.h"

enum { SIZE = 0x400000, PAGE = 0x1000 };
/* The kernel lies at 1 MiB, and is 1 MiB long; a module's page at 3 MiB. */
#if UINTPTR_MAX == UINT32_MAX
#define TEXT UINT64_C(0xc1000000)
#define MODULE UINT64_C(0xf8000000)
#define NUMBERS "c1"
enum { ROOT_INDEX = 3, MODULE_INDEX = 448 };
#else
#define TEXT UINT64_C(0xffffffff81000000)
#define MODULE UINT64_C(0xffffffffa0000000)
#define NUMBERS "ffffffff81"
enum { ROOT_INDEX = 511, MODULE_INDEX = 256 };
#endif
#define BANNER (TEXT + 0x1000)
#define ROOT (TEXT + 0x2000)
#define FREED (TEXT + 0x80000)
#define CODE 0x100000u
#define MODULE_PHYSICAL 0x300000u
#define PRESENT 0x63u

static const char version[] = "Linux version 5.10.0-test (gcc) #1 SMP\n";

struct machine {
	struct file memory, iomem, version, online;
	char kcore[1];
	struct mapped_paths paths;
	struct symtab *symtab;
	struct target *target;
	unsigned asked;			/* for symbols */
};

/* ---- modules, which are not this machine's ------------------------------------------------- */

static uint64_t identity;
static int64_t uses;
static unsigned identity_calls, identity_changes_at;

int module_identity(const char *name, uint64_t *out, struct fail *fail)
{
	(void)fail;
	assert_string_equal(name, "nfs");
	if (++identity_calls == identity_changes_at)
		identity++;
	*out = identity;
	return 0;
}

int modules_load(struct modules *out, struct fail *fail)
{
	static struct module nfs;

	(void)fail;
	nfs = (struct module){ .name = "nfs", .address = MODULE, .size = 2 * PAGE, .live = true,
			       .uses = uses };
	*out = (struct modules){ &nfs, identity != 0, 1 };
	return 0;
}

const struct module *modules_at(const struct modules *modules, uint64_t address, size_t length)
{
	uint64_t inside = address - MODULE;

	return modules->count == 1 && inside < 2 * PAGE && length <= 2 * PAGE - inside ?
	       modules->items : NULL;
}

void modules_deinit(struct modules *modules)
{
	(void)modules;
}

/* ---- the machine --------------------------------------------------------------------------- */

static inline void poke(struct machine *machine, uint64_t physical, const void *data, size_t length)
{
	assert_int_equal(pwrite(machine->memory.fd, data, length, (off_t)physical), length);
}

static inline void entry(struct machine *machine, uint64_t table, unsigned index, uint64_t value)
{
	poke(machine, table + index * 8, &value, sizeof(value));
}

static inline void peek(struct machine *machine, uint64_t physical, void *data, size_t length)
{
	assert_int_equal(pread(machine->memory.fd, data, length, (off_t)physical), length);
}

/* Of 4 levels, and with PAE the same without the second. */
static inline void tables_make(struct machine *machine)
{
	const uint64_t root = ROOT - TEXT + CODE;

	entry(machine, root, ROOT_INDEX,
	      (root + (ROOT_INDEX == 3 ? 2 * PAGE : PAGE)) | PRESENT);
	entry(machine, root + PAGE, 510, (root + 2 * PAGE) | PRESENT);
	entry(machine, root + 2 * PAGE, 8, (root + 3 * PAGE) | PRESENT);
	entry(machine, root + 2 * PAGE, MODULE_INDEX, (root + 4 * PAGE) | PRESENT);
	for (unsigned i = 0; i < 256; i++)
		entry(machine, root + 3 * PAGE, i, (CODE + i * PAGE) | PRESENT);
	entry(machine, root + 4 * PAGE, 0, MODULE_PHYSICAL | PRESENT);
	/* out of RAM */
	entry(machine, root + 4 * PAGE, 1, 0xfee00000 | PRESENT);
}

static inline int symbols_load(void *data, const struct symtab **out, struct fail *fail)
{
	struct machine *machine = data;

	(void)fail;
	machine->asked++;
	*out = machine->symtab;
	return 0;
}

static inline void symbols_make(struct machine *machine, const char *text)
{
	struct file file = file_text(text);
	struct fail fail;

	symtab_destroy(machine->symtab);
	if (symtab_load_system_map(file.path, &machine->symtab, &fail) != 0)
		fail_msg("%s", fail.message);
	file_close(&file);
}

static const char good_symbols[] =
	NUMBERS "000000 T _text\n" NUMBERS "001000 D linux_banner\n"
	NUMBERS "002000 D init_top_pgt\n" NUMBERS "080000 D __init_begin\n"
	NUMBERS "090000 D __init_end\n";

static inline int machine_setup(void **state)
{
	struct machine *machine = calloc(1, sizeof(*machine));
	uint8_t zeros[PAGE] = { 0 };

	identity = 4711;
	uses = 1;
	identity_changes_at = identity_calls = 0;
	machine->memory = file_make(zeros, sizeof(zeros));
	assert_int_equal(ftruncate(machine->memory.fd, SIZE), 0);
	machine->iomem = file_text("00001000-003fffff : System RAM\n"
				   "  00100000-0017ffff : Kernel code\n"
				   "  00180000-001fffff : Kernel data\n");
	machine->version = file_text(version);
	machine->online = file_text("0\n");
	tables_make(machine);
	poke(machine, BANNER - TEXT + CODE, version, sizeof(version));
	symbols_make(machine, good_symbols);
	machine->paths = (struct mapped_paths){
		.memory = machine->memory.path, .iomem = machine->iomem.path,
		.version = machine->version.path, .kcore = "/nonexistent/kcore",
		.online = machine->online.path,
	};
	*state = machine;
	return 0;
}

static inline int machine_teardown(void **state)
{
	struct machine *machine = *state;

	target_close(machine->target);
	symtab_destroy(machine->symtab);
	file_close(&machine->memory);
	file_close(&machine->iomem);
	file_close(&machine->version);
	file_close(&machine->online);
	free(machine);
	return 0;
}

#endif
