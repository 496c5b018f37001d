/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stress reload N | churn N: runs as root in a guest with the modules beside it, and prints TAP.
 *   reload: patcher_kmem is loaded, read and written through, and unloaded, N times: nothing leaks.
 *   churn: patcherd_test is unloaded and loaded at random while its function is changed and changed
 *          back N times: done or refused, never a wrong page.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kmem.h"
#include "symtab.h"
#include "target.h"

enum { CACHES_MAX = 1024, CODE = 64, CANARY = 4096 };

static int failures, count;

static void ok(bool held, const char *name)
{
	printf("%sok %d - %s\n", held ? "" : "not ", ++count, name);
	failures += !held;
}

static int unload(const char *name)
{
	return (int)syscall(SYS_delete_module, name, O_NONBLOCK);
}

/* ---- reload ---- */

/* Whether objects are counted one by one, as slub_debug=F has it: else all of the page of objects that
 * a CPU allocates from count as allocated (count_partial(), mm/slub.c), and what leaks hides there. */
static bool counts(void)
{
	FILE *file = fopen("/sys/kernel/slab/kmalloc-64/sanity_checks", "re");
	int digit = file != NULL ? getc(file) : EOF;

	if (file != NULL)
		(void)fclose(file);
	return digit == '1';
}

/* How many objects each cache has, and how many vmalloc areas there are. */
struct usage {
	struct cache {
		char name[64];
		long objects;
	} caches[CACHES_MAX];
	size_t count;
	long areas;
};

static bool measure(struct usage *usage)
{
	FILE *slabs = fopen("/proc/slabinfo", "re"), *areas = fopen("/proc/vmallocinfo", "re");
	char line[512];

	usage->count = 0;
	usage->areas = 0;
	while (slabs && usage->count < CACHES_MAX && fgets(line, sizeof(line), slabs)) {
		struct cache *cache = &usage->caches[usage->count];

		usage->count += sscanf(line, "%63s %ld", cache->name, &cache->objects) == 2;
	}
	while (areas && fgets(line, sizeof(line), areas))
		usage->areas++;
	if (slabs)
		(void)fclose(slabs);
	if (areas)
		(void)fclose(areas);
	return usage->count > 0 && usage->areas > 0;
}

static bool one_load(void)
{
	const uint64_t data = symbol("patcherd_test_data");
	struct patcher_kmem_site site = site_of(data, 1, "", "x");
	uint32_t failed;
	char digits[16];
	bool held;

	if (load("patcher_kmem.ko") != 0)
		return false;
	kmem = open("/dev/kmem", O_RDWR | O_CLOEXEC);
	held = read_at(symbol("hex_asc"), digits, sizeof(digits)) == sizeof(digits) &&
	       write_sites(&site, 1, &failed) == 0;
	turn(&site);
	held = held && write_sites(&site, 1, &failed) == 0 && close(kmem) == 0;
	return held && unload("patcher_kmem") == 0;
}

static bool loads(long times)
{
	for (long i = 0; i < times; i++) {
		if (!one_load()) {
			printf("# the %ldth time: %s\n", i + 1, strerror(errno));
			return false;
		}
	}
	return write_file("/proc/sys/vm/drop_caches", "3");
}

static long grown(const struct usage *before, const struct usage *after, size_t cache)
{
	for (size_t i = 0; i < before->count; i++) {
		if (strcmp(before->caches[i].name, after->caches[cache].name) == 0)
			return after->caches[cache].objects - before->caches[i].objects;
	}
	return 0;
}

/* What leaks once a time grows by about that many in either half; what only varies does not. */
static bool leaks(const struct usage usage[3], long half)
{
	const long least = half * 3 / 4;
	bool found = usage[2].areas - usage[0].areas >= half;

	printf("# vmalloc areas: %ld, %ld, %ld\n", usage[0].areas, usage[1].areas, usage[2].areas);
	for (size_t i = 0; i < usage[2].count; i++) {
		long all = grown(&usage[0], &usage[2], i), second = grown(&usage[1], &usage[2], i);

		if (second < least || all - second < least)
			continue;
		printf("# %s: %ld objects more, %ld of them in the second half\n",
		       usage[2].caches[i].name, all, second);
		found = true;
	}
	return found;
}

static void reload(long times)
{
	static struct usage usage[3];
	long half = times * 9 / 20;
	bool held = load("patcherd_test.ko") == 0 && loads(times - 2 * half) && measure(&usage[0]) &&
		    loads(half) && measure(&usage[1]) && loads(half) && measure(&usage[2]);

	ok(counts(), "the kernel counts objects one by one (slub_debug=F)");
	ok(held, "patcher_kmem loads, reads, writes and unloads each time");
	ok(held && !leaks(usage, half), "no cache and no vmalloc area grows with each load");
}

/* ---- churn ---- */

/* So many microseconds as the mask lets through. */
static void pause_by(unsigned *seed, unsigned mask)
{
	*seed = *seed * 1103515245 + 12345;
	(void)usleep(*seed >> 16 & mask);
}

/* Comes and goes until it is told to stop. For most of the time that it is there it is in use, as no
 * other module is written to where nothing stops the CPUs; then, for a moment, it is not. */
static void come_and_go(void)
{
	unsigned seed = 1;

	for (;;) {
		int user = open("/dev/patcherd_test", O_RDONLY | O_CLOEXEC);

		pause_by(&seed, 0xffff);
		if (user < 0 || close(user) != 0)
			_exit(3);
		pause_by(&seed, 0x3ff);
		if (unload("patcherd_test") != 0 && errno != EAGAIN && errno != EWOULDBLOCK)
			_exit(1);
		pause_by(&seed, 0x1fff);
		if (load("patcherd_test.ko") != 0 && errno != EEXIST)
			_exit(2);
	}
}

/* `mov $42,%eax` in the function as it lies now; false: it is not there at the moment. */
static bool find_answer(struct target *target, uint64_t *address)
{
	static const uint8_t old[] = { 0xb8, 42, 0, 0, 0 }, new[] = { 0xb8, 43, 0, 0, 0 };
	uint8_t code[CODE];
	const uint8_t *found;
	struct symtab *symtab;
	const struct symbol *symbol;
	struct fail fail;
	bool there;

	if (symtab_load_kallsyms("/proc/kallsyms", &symtab, &fail) != 0)
		return false;
	symbol = symtab_next(symtab, "patcherd_test_answer", NULL);
	there = symbol != NULL &&
		target_read(target, symbol->address, code, sizeof(code), "code", &fail) == 0;
	found = there ? memmem(code, sizeof(code), old, sizeof(old)) : NULL;
	found = there && found == NULL ? memmem(code, sizeof(code), new, sizeof(new)) : found;
	*address = found == NULL ? 0 : symbol->address + (uint64_t)(found - code);
	symtab_destroy(symtab);
	return found != NULL;
}

/* 1: written, 0: refused as it may be, -1: another error. */
static int change(struct target *target, uint64_t address, uint8_t from, uint8_t to)
{
	const uint8_t old[] = { 0xb8, from, 0, 0, 0 }, new[] = { 0xb8, to, 0, 0, 0 };
	const struct target_change site = {
		.address = address, .length = sizeof(old), .expected = old, .replacement = new,
	};
	struct target_report report;
	struct fail fail;

	if (target_write(target, &site, 1, &report, &fail) == 0)
		return 1;
	if (fail.code == OUTCOME_NOT_FOUND || fail.code == OUTCOME_MISMATCH ||
	    fail.code == OUTCOME_NOT_WRITABLE || fail.code == OUTCOME_ERROR)
		return report.written ? -1 : 0;
	printf("# %s\n", fail.message);
	return -1;
}

static void churn(struct target *target, long times)
{
	static uint8_t before[CANARY], after[CANARY];
	const uint64_t canary = symbol("hex_asc") & ~(uint64_t)(CANARY - 1); /* constants */
	long done = 0, refused = 0, wrong = 0;
	uint64_t address = 0;
	struct fail fail;
	int status;
	pid_t pid;

	ok(target_read(target, canary, before, CANARY, "the canary", &fail) == 0,
	   "the canary's page is read");
	pid = fork();
	if (pid == 0)
		come_and_go();
	/* and until both were seen: on a busy host it may be late */
	for (long i = 0; (i < times || done == 0 || refused == 0) && wrong == 0; i++) {
		int result;

		if ((address == 0 || i % 8 == 0) && !find_answer(target, &address)) {
			refused++;
			continue;
		}
		result = change(target, address, 42, 43);
		if (result == 1)
			result = change(target, address, 43, 42);
		done += result == 1;
		refused += result == 0;
		wrong += result < 0;
	}
	ok(pid > 0 && kill(pid, SIGKILL) == 0 && waitpid(pid, &status, 0) == pid &&
	   WIFSIGNALED(status), "the module comes and goes all the time");
	printf("# %ld changes and back, %ld refused\n", done, refused);
	ok(wrong == 0, "each change is done or refused");
	ok(target_read(target, canary, after, CANARY, "the canary", &fail) == 0 &&
	   memcmp(before, after, CANARY) == 0, "the canary's page is as it was");
}

/* For as long as the program runs. */
static int load_symbols(void *data, const struct symtab **out, struct fail *fail)
{
	struct symtab *symtab;

	(void)data;
	if (symtab_load_kallsyms("/proc/kallsyms", &symtab, fail) != 0)
		return -1;
	*out = symtab;
	return 0;
}

int main(int argc, char **argv)
{
	long times = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
	const struct target_symbols symbols = { load_symbols, NULL };
	struct target *target;
	struct fail fail;

	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	if (times >= 20 && strcmp(argv[1], "reload") == 0) {
		reload(times);
	} else if (times >= 20 && strcmp(argv[1], "churn") == 0) {
		/* a kernel with a /dev/kmem of its own needs no module for it */
		if ((load("patcher_kmem.ko") != 0 && errno != ENOENT) ||
		    load("patcherd_test.ko") != 0) {
			printf("Bail out! the modules: %s\n", strerror(errno));
			return 1;
		}
		if (target_open_kmem(&symbols, &target, &fail) != 0) {
			printf("Bail out! %s\n", fail.message);
			return 1;
		}
		churn(target, times);
		target_close(target);
	} else {
		(void)fprintf(stderr, "usage: stress reload|churn N (20 at least)\n");
		return 2;
	}
	printf("1..%d\n", count);
	return failures != 0;
}
