/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hazard_bench FUNCTION ROUNDS: how long all owners of one function take on the running kernel: the
 * first time, and the median of later requests, at the start of which what may have changed is
 * forgotten. Prints microseconds as JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "function.h"
#include "hazard.h"

static int64_t now(void)
{
	struct timespec time;

	if (clock_gettime(CLOCK_MONOTONIC, &time) != 0)
		abort();
	return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

static int by_number(const void *left, const void *right)
{
	const int64_t *a = left, *b = right;

	return *a < *b ? -1 : *a > *b;
}

/* One request's share of hazard: microseconds; -1: *fail. */
static int64_t measure(const struct kernel *kernel, const struct function *function,
		       struct fail *fail)
{
	CLEANUP(owners_deinit) struct owners owners = { .items = NULL };
	int64_t start = now();
	uint64_t last = function->insns[function->count - 1].address - function->symbol->address;

	hazards_renew(kernel->hazards, kernel->modules);
	if (hazard_hidden(kernel, function, last, 1, fail) != 0 ||
	    hazard_owners(kernel, function, &owners, fail) != 0)
		return -1;
	return now() - start;
}

static int run(const char *name, size_t rounds, struct fail *fail)
{
	struct modules modules = { .items = NULL };
	struct kernel kernel = { .modules = &modules };
	struct symtab *symtab = NULL;
	const struct symbol *symbol;
	struct function function;
	int64_t first, *times = calloc(rounds, sizeof(*times));

	/* A program that ends after it gives nothing back. */
	if (times == NULL || symtab_load_kallsyms("/proc/kallsyms", &symtab, fail) != 0 ||
	    modules_load(&modules, fail) != 0 || target_open_kcore(&kernel.target, fail) != 0 ||
	    decoder_create(kernel.target->info.architecture, &kernel.decoder, fail) != 0 ||
	    hazards_create(&kernel.hazards, fail) != 0)
		return -1;
	kernel.symtab = symtab;
	if (function_find(symtab, name, NULL, true, 0, &symbol, fail) != 0 ||
	    function_load(kernel.target, kernel.decoder, symbol, &function, fail) != 0)
		return -1;
	first = measure(&kernel, &function, fail);
	for (size_t i = 0; i < rounds && first >= 0; i++) {
		times[i] = measure(&kernel, &function, fail);
		if (times[i] < 0)
			return -1;
	}
	if (first < 0)
		return -1;
	qsort(times, rounds, sizeof(*times), by_number);
	printf("{\"first_us\":%lld,\"warm_us\":%lld}\n", (long long)first,
	       (long long)times[rounds / 2]);
	return 0;
}

int main(int argc, char **argv)
{
	struct fail fail = { .message = "out of memory" };
	int rounds = argc == 3 ? atoi(argv[2]) : 0;

	if (rounds < 1) {
		fprintf(stderr, "usage: hazard_bench FUNCTION ROUNDS\n");
		return 2;
	}
	if (run(argv[1], (size_t)rounds, &fail) == 0)
		return 0;
	fprintf(stderr, "hazard_bench: %s\n", fail.message);
	return 1;
}
