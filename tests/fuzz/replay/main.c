/* SPDX-License-Identifier: GPL-2.0-or-later */
/* replay FILE...: what a fuzzer does with each of the files, without libFuzzer. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FILE_MAX = 1 << 20 };

int main(int argc, char **argv)
{
	uint8_t *data = malloc(FILE_MAX);

	for (int i = 1; i < argc; i++) {
		FILE *file = fopen(argv[i], "rb");
		size_t size;

		if (file == NULL || data == NULL) {
			perror(argv[i]);
			return 1;
		}
		size = fread(data, 1, FILE_MAX, file);
		fclose(file);
		/* told before: an abort says no more */
		fprintf(stderr, "%s\n", argv[i]);
		(void)LLVMFuzzerTestOneInput(data, size);	/* always 0 */
	}
	free(data);
	return 0;
}
