/* SPDX-License-Identifier: GPL-2.0-or-later */
/* symtab_bench: [ROUNDS [FILE]]: the median time to build the index from /proc/kallsyms, or a file
 * like it, beside the median time to read the same as cat(1) does, taken in turns. One line of
 * JSON. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "symtab.h"

enum { ROUNDS_MAX = 10000 };

static double now(void)
{
	struct timespec time;

	(void)clock_gettime(CLOCK_MONOTONIC, &time); /* cannot fail for this clock */
	return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static int read_all(const char *path)
{
	static char buffer[128 * 1024];
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = -1;

	while (fd >= 0 && (got = read(fd, buffer, sizeof(buffer))) > 0)
		;
	return got == 0 ? 0 : -1;
}

static int by_size(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return a < b ? -1 : a > b;
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 21;
	const char *path = argc > 2 ? argv[2] : "/proc/kallsyms";
	static double index[ROUNDS_MAX], reading[ROUNDS_MAX];
	struct fail fail;
	size_t count = 0;

	if (rounds < 1 || rounds > ROUNDS_MAX) {
		fprintf(stderr, "usage: symtab_bench [ROUNDS [FILE]]\n");
		return 2;
	}
	for (int i = 0; i < rounds; i++) {
		struct symtab *symtab;
		double start = now();

		if (read_all(path) != 0) {
			fprintf(stderr, "%s: %s\n", path, strerror(errno));
			return 1;
		}
		reading[i] = now() - start;
		start = now();
		if (symtab_load_kallsyms(path, &symtab, &fail) != 0) {
			fprintf(stderr, "%s\n", fail.message);
			return 1;
		}
		index[i] = now() - start;
		count = symtab_count(symtab);
		symtab_destroy(symtab);
	}
	qsort(index, (size_t)rounds, sizeof(*index), by_size);
	qsort(reading, (size_t)rounds, sizeof(*reading), by_size);
	printf("{\"symbols\":%zu,\"index_us\":%.0f,\"read_us\":%.0f}\n", count, index[rounds / 2],
	       reading[rounds / 2]);
	return 0;
}
