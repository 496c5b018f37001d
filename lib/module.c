/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "module.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/elf_note.h"

enum {
	MODULES_TEXT_MAX = 4 * 1024 * 1024,
	PATH_SIZE = sizeof("/sys/module//notes/.note.gnu.build-id") +
		    sizeof(((struct module *)0)->name)
};
_Static_assert((int)MODULE_BUILD_ID_MAX == (int)BUILD_ID_TEXT_MAX, "a build-id's text has one size");

/* "-" where the kernel cannot unload any module; a user "[permanent]" where this one has no way out
 * (print_unload_info(), kernel/module); "-1" of one on its way out, whose last reference, the kernel's
 * own, is gone (try_release_module_ref()). */
static bool parse_uses(const char *references, const char *users, const char *state, int64_t *out)
{
	char *end;

	if (strcmp(references, "-1") == 0 && strcmp(state, "Unloading") == 0) {
		*out = 0;
		return true;
	}
	errno = 0;
	*out = strtoll(references, &end, 10);
	if (strcmp(references, "-") != 0 && (!isdigit((unsigned char)references[0]) || *end != '\0'))
		return false;
	if (strcmp(references, "-") == 0 || strstr(users, "[permanent]") != NULL)
		*out = -1;
	return errno == 0;
}

/* "nfs 409600 1 lockd,sunrpc, Live 0xffffffffc0a2d000 (E)" (kernel/module/procfs.c, m_show) */
static bool parse_line(char *line, struct module *out)
{
	enum { NAME, SIZE, REFERENCES, USERS, STATE, ADDRESS, FIELDS };
	char *fields[FIELDS], *rest = line, *end;

	for (int i = 0; i < FIELDS; i++) {
		fields[i] = strsep(&rest, " ");
		if (fields[i] == NULL || fields[i][0] == '\0')
			return false;
	}
	memset(out, 0, sizeof(*out));
	if (strlen(fields[NAME]) >= sizeof(out->name))
		return false;
	(void)snprintf(out->name, sizeof(out->name), "%s", fields[NAME]);
	out->live = strcmp(fields[STATE], "Live") == 0;
	if (!parse_uses(fields[REFERENCES], fields[USERS], fields[STATE], &out->uses))
		return false;
	errno = 0;
	out->size = strtoull(fields[SIZE], &end, 10);
	if (errno != 0 || !isdigit((unsigned char)fields[SIZE][0]) || *end != '\0')
		return false;
	out->address = strtoull(fields[ADDRESS], &end, 16);
	return errno == 0 && strncmp(fields[ADDRESS], "0x", 2) == 0 &&
	       isxdigit((unsigned char)fields[ADDRESS][2]) && *end == '\0';
}

static uint64_t mix(uint64_t hash, const void *data, size_t length)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3u; /* FNV-1a */
	return hash;
}

static int parse_text(char *text, struct modules *out, struct fail *fail)
{
	size_t size = 0;

	for (char *line; (line = strsep(&text, "\n")) != NULL && *line != '\0';) {
		if (out->count == size) {
			size = size == 0 ? 64 : size * 2;

			struct module *items = reallocarray(out->items, size, sizeof(*items));

			if (items == NULL)
				return fail_memory(fail, "the list of modules");
			out->items = items;
		}
		if (!parse_line(line, &out->items[out->count]))
			return fail_set(fail, OUTCOME_ERROR, "/proc/modules:%zu: not a line as the "
					"kernel writes it", out->count + 1);
		out->count++;
	}
	if (text != NULL && *text != '\0')
		return fail_set(fail, OUTCOME_ERROR, "/proc/modules:%zu: an empty line",
				out->count + 1);
	out->fingerprint = 0xcbf29ce484222325u;
	/* whole items: parse_line() leaves no byte of them undefined */
	for (size_t i = 0; i < out->count; i++) {
		struct module still = out->items[i];

		still.uses = 0;		/* this changes all the time */
		out->fingerprint = mix(out->fingerprint, &still, sizeof(still));
	}
	return 0;
}

int modules_parse(const char *text, struct modules *out, struct fail *fail)
{
	CLEANUP_FREE char *copy = strdup(text);

	memset(out, 0, sizeof(*out));
	if (copy == NULL)
		return fail_memory(fail, "the list of modules");
	if (parse_text(copy, out, fail) == 0)
		return 0;
	modules_deinit(out);
	return -1;
}

/* All of /proc/modules; an empty text where the kernel has no modules at all. */
static char *read_text(struct fail *fail)
{
	CLEANUP_CLOSE int fd = open("/proc/modules", O_RDONLY | O_CLOEXEC);
	size_t length = 0, size = 16384;
	char *text = malloc(size);
	ssize_t got = 1;

	if (text == NULL) {
		(void)fail_memory(fail, "the list of modules");
		return NULL;
	}
	if (fd < 0 && errno != ENOENT) {
		(void)fail_errno(fail, errno, "/proc/modules: cannot open the list of modules");
		goto failed;
	}
	while (fd >= 0 && got > 0) {
		if (length + 1 == size) {
			char *more = size < MODULES_TEXT_MAX ? realloc(text, size * 2) : NULL;

			if (more == NULL)
				break;
			text = more;
			size *= 2;
		}
		got = read(fd, text + length, size - length - 1);
		if (got > 0)
			length += (size_t)got;
	}
	if (fd >= 0 && got > 0) {
		(void)fail_memory(fail, "the list of modules");
		goto failed;
	}
	if (got < 0) {
		(void)fail_errno(fail, errno, "/proc/modules: cannot read the list of modules");
		goto failed;
	}
	text[length] = '\0';
	return text;
failed:
	free(text);
	return NULL;
}

int modules_load(struct modules *out, struct fail *fail)
{
	CLEANUP_FREE char *text = read_text(fail);

	memset(out, 0, sizeof(*out));
	if (text == NULL || modules_parse(text, out, fail) != 0)
		return -1;
	/* One that was loaded again where it was looks the same but for this. */
	for (size_t i = 0; i < out->count; i++) {
		uint64_t identity;

		if (module_identity(out->items[i].name, &identity, fail) != 0) {
			modules_deinit(out);
			return -1;
		}
		out->fingerprint = mix(out->fingerprint, &identity, sizeof(identity));
	}
	return 0;
}

void modules_deinit(struct modules *modules)
{
	free(modules->items);
	memset(modules, 0, sizeof(*modules));
}

bool module_name_equal(const char *a, const char *b)
{
	for (; *a != '\0' && *b != '\0'; a++, b++) {
		if (*a != *b && !((*a == '-' || *a == '_') && (*b == '-' || *b == '_')))
			return false;
	}
	return *a == *b;
}

const struct module *modules_find(const struct modules *modules, const char *name)
{
	for (size_t i = 0; i < modules->count; i++) {
		if (module_name_equal(modules->items[i].name, name))
			return &modules->items[i];
	}
	return NULL;
}

const struct module *modules_at(const struct modules *modules, uint64_t address, size_t length)
{
	for (size_t i = 0; i < modules->count; i++) {
		const struct module *module = &modules->items[i];
		uint64_t inside = address - module->address;

		if (module->live && module->address != 0 && inside < module->size &&
		    length <= module->size - inside)
			return module;
	}
	return NULL;
}

/* "/sys/module/NAME/FILE", with the name as the kernel has it. -1: it is no name of a module. */
static int module_path(const char *name, const char *file, char *out, size_t size,
		       struct fail *fail)
{
	int length = snprintf(out, size, "/sys/module/%s/%s", name, file);

	if (*name == '\0' || strchr(name, '/') != NULL || strspn(name, ".") == strlen(name) ||
	    length < 0 || (size_t)length >= size)
		return fail_set(fail, OUTCOME_ERROR, "\"%.64s\" is no name of a module", name);
	for (char *at = out + strlen("/sys/module/"); *at != '/'; at++) {
		if (*at == '-')
			*at = '_';
	}
	return 0;
}

int module_identity(const char *name, uint64_t *out, struct fail *fail)
{
	char path[PATH_SIZE];
	struct stat status;

	*out = 0;
	if (module_path(name, "initstate", path, sizeof(path), fail) != 0)
		return -1;
	/* Code built into the kernel has a directory too, but no initstate. */
	if (stat(path, &status) != 0)
		goto missing;
	*strrchr(path, '/') = '\0';
	if (stat(path, &status) != 0)
		goto missing;
	*out = status.st_ino;
	return 0;
missing:
	return errno == ENOENT ? 0 : fail_errno(fail, errno, "%s: cannot look at the module", path);
}

int module_build_id(const char *name, char out[MODULE_BUILD_ID_MAX], struct fail *fail)
{
	CLEANUP_FCLOSE FILE *file = NULL;
	char path[PATH_SIZE];
	uint8_t note[256];
	size_t size;

	out[0] = '\0';
	if (module_path(name, "notes/.note.gnu.build-id", path, sizeof(path), fail) != 0)
		return -1;
	file = fopen(path, "re");
	if (file == NULL)
		return errno == ENOENT ? 0 :
		       fail_errno(fail, errno, "%s: cannot read the module's build-id", path);
	size = fread(note, 1, sizeof(note), file);
	if (!elf_note_build_id(note, size, out))
		out[0] = '\0';
	return 0;
}
