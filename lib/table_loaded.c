/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/table_loaded.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 4096 };

void table_loaded_directory(const char *module, char out[128])
{
	(void)snprintf(out, 128, "/sys/module/%.64s/sections", module);
}

/* "0xffffffffc0412000" of DIRECTORY/SECTION; 0: there is none. */
static int section_start(const char *directory, const char *section, uint64_t *out,
			 struct fail *fail)
{
	char path[512], text[32] = "", *end;
	CLEANUP_FCLOSE FILE *file = NULL;

	(void)snprintf(path, sizeof(path), "%.200s/%.255s", directory, section);
	*out = 0;
	file = fopen(path, "re");
	if (file == NULL && errno == ENOENT)
		return 0;
	if (file == NULL)
		return fail_errno(fail, errno, "%s", path);
	if (fgets(text, sizeof(text), file) == NULL)
		return fail_set(fail, OUTCOME_ERROR, "%s: empty", path);
	errno = 0;
	*out = strtoull(text, &end, 16);
	if (errno != 0 || end == text || *end != '\n' || *out == 0)
		return fail_set(fail, OUTCOME_ERROR, "%s: no address; patcherd needs CAP_SYSLOG", path);
	return 0;
}

/* Where the section that follows `start` begins; UINT64_MAX: none does. */
static int section_end(const char *path, uint64_t start, uint64_t *out, struct fail *fail)
{
	struct dirent *item;
	int result = 0;
	DIR *directory;

	*out = UINT64_MAX;
	directory = opendir(path);
	if (directory == NULL)
		return fail_errno(fail, errno, "%s", path);
	while (result == 0 && (item = readdir(directory)) != NULL) {
		uint64_t address;

		if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0)
			continue;
		result = section_start(path, item->d_name, &address, fail);
		if (result == 0 && address > start && address < *out)
			*out = address;
	}
	(void)closedir(directory);	/* only read */
	return result;
}

/* Reads page by page from `start` to `end`, or to the first page but one that is not there. */
static int read_pages(struct target *target, const char *name, uint64_t start, uint64_t end,
		      uint8_t **out, size_t *length, struct fail *fail)
{
	*length = 0;
	while (*length < TABLE_SIZE_MAX && *length < end - start) {
		uint64_t at = start + *length;
		size_t part = PAGE - at % PAGE;
		uint8_t *more = realloc(*out, *length + PAGE);

		if (more == NULL)
			return fail_memory(fail, "a module's tables");
		*out = more;
		if (part > end - at)
			part = (size_t)(end - at);
		if (target_read(target, at, *out + *length, part, name, fail) != 0)
			return *length == 0 ? -1 : 0;	/* the guard page */
		*length += part;
	}
	return 0;
}

int table_loaded_read(struct target *target, const char *directory, const char *section,
		      uint8_t **out, uint64_t *start, size_t *length, struct fail *fail)
{
	uint64_t end;

	*length = 0;
	if (section_start(directory, section, start, fail) != 0)
		return -1;
	if (*start == 0)
		return 0;
	if (section_end(directory, *start, &end, fail) != 0)
		return -1;
	return read_pages(target, section, *start, end, out, length, fail);
}

int table_loaded_init(const char *directory, uint64_t *start, uint64_t *end, struct fail *fail)
{
	*end = 0;
	if (section_start(directory, ".init.text", start, fail) != 0)
		return -1;
	if (*start == 0)
		return 0;
	if (section_end(directory, *start, end, fail) != 0)
		return -1;
	if (*end - *start > TABLE_SIZE_MAX)
		*end = *start + TABLE_SIZE_MAX;
	return 0;
}
