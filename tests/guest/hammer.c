/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hammer ROUNDS [WHAT…]: toggles instructions that patcherd_hammer.ko, which is loaded, has every CPU
 * run all the time, and prints TAP. WHAT: byte, bytes, pair; all of them without. It runs on real
 * hardware as well, which alone can show the errors of a change that CPUs see half way; an emulator
 * runs whole instructions and cannot.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symtab.h"
#include "target.h"

static const struct what {
	const char *name, *function;
	size_t length;
	bool multiple;
	uint8_t old[16], new[16];
} whats[] = {
	{ "byte", "patcherd_hammer_byte", 5, false, "\xb8\x2a\0\0\0", "\xb8\x2b\0\0\0" },
	{ "bytes", "patcherd_hammer_bytes", 5, false, "\xb8\x11\x11\x11\x11",
	  "\xb8\x22\x22\x22\x22" },
	{ "pair", "patcherd_hammer_pair", 10, true, "\xb8\1\0\0\0\xba\1\0\0\0",
	  "\xb8\2\0\0\0\xba\2\0\0\0" },
};
enum { WHATS = sizeof(whats) / sizeof(whats[0]), FUNCTION_MAX = 64 };

static unsigned long parameter(const char *name)
{
	char path[128];
	unsigned long value = 0;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/sys/module/patcherd_hammer/parameters/%s", name);
	file = fopen(path, "re");
	if (file == NULL || fscanf(file, "%lu", &value) != 1) {
		printf("Bail out! %s: %s\n", path, strerror(errno));
		exit(1);
	}
	(void)fclose(file);
	return value;
}

static int load_symbols(void *data, const struct symtab **out, struct fail *fail)
{
	(void)fail;
	*out = data;
	return 0;
}

/* Where the instructions stand in the function; 0: *fail says why not known. */
static uint64_t find(const struct what *what, const struct symtab *symtab, struct target *target,
		     struct fail *fail)
{
	const struct symbol *symbol = symtab_next(symtab, what->function, NULL);
	uint8_t code[FUNCTION_MAX];
	const uint8_t *found;

	if (symbol == NULL) {
		(void)fail_set(fail, OUTCOME_NOT_FOUND, "no %s", what->function);
		return 0;
	}
	if (target_read(target, symbol->address, code, sizeof(code), what->function, fail) != 0)
		return 0;
	found = memmem(code, sizeof(code), what->old, what->length);
	if (found != NULL)
		return symbol->address + (uint64_t)(found - code);
	(void)fail_set(fail, OUTCOME_MISMATCH, "%s has other code", what->function);
	return 0;
}

/* Toggles, an even number of times; -1: a write failed for another reason than a task inside. */
static int toggle(const struct what *what, uint64_t address, struct target *target,
		  unsigned long rounds, unsigned long *busy, struct fail *fail)
{
	const uint8_t *const states[] = { what->old, what->new };
	struct target_report report;

	for (unsigned long round = 0; round < rounds * 2;) {
		const struct target_change change = {
			.address = address, .length = what->length,
			.expected = states[round % 2], .replacement = states[(round + 1) % 2],
			.multiple = what->multiple,
		};

		if (target_write(target, &change, 1, &report, fail) == 0)
			round++;
		else if (fail->code == OUTCOME_BUSY)
			++*busy;
		else
			return -1;
	}
	return 0;
}

static bool wanted(const struct what *what, int count, char **names)
{
	for (int i = 0; i < count; i++) {
		if (strcmp(names[i], what->name) == 0)
			return true;
	}
	return count == 0;
}

static bool hammer(const struct what *what, const struct symtab *symtab, struct target *target,
		   unsigned long rounds)
{
	unsigned long busy = 0, before = parameter("least"), wrong;
	struct fail fail;
	uint64_t address = find(what, symtab, target, &fail);

	if (address == 0 || toggle(what, address, target, rounds, &busy, &fail) != 0) {
		printf("# %s\n", fail.message);
		return false;
	}
	wrong = parameter("wrong");
	printf("# %lu times a task was inside; the CPU that called least made %lu rounds\n", busy,
	       parameter("least") - before);
	if (wrong != 0)
		printf("# %lu wrong values, the last 0x%lx\n", wrong, parameter("last_wrong"));
	return wrong == 0 && parameter("least") > before;
}

int main(int argc, char **argv)
{
	unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	struct target_symbols symbols = { load_symbols, NULL };
	struct symtab *symtab;
	struct target *target;
	int count = 0, failures = 0;
	struct fail fail;

	if (rounds == 0) {
		(void)fprintf(stderr, "usage: hammer ROUNDS [byte|bytes|pair …]\n");
		return 2;
	}
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	if (symtab_load_kallsyms("/proc/kallsyms", &symtab, &fail) != 0) {
		printf("Bail out! %s\n", fail.message);
		return 1;
	}
	symbols.data = symtab;
	if (target_open_kmem(&symbols, &target, &fail) != 0) {
		printf("Bail out! %s\n", fail.message);
		return 1;
	}
	for (size_t i = 0; i < WHATS; i++) {
		bool held;

		if (!wanted(&whats[i], argc - 2, argv + 2))
			continue;
		held = hammer(&whats[i], symtab, target, rounds);
		printf("%sok %d - %s: toggled %lu times, each call returned old or new\n",
		       held ? "" : "not ", ++count, whats[i].name, rounds * 2);
		failures += !held;
	}
	printf("1..%d\n", count);
	target_close(target);
	symtab_destroy(symtab);
	return failures != 0;
}
