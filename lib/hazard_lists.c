/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hazard_lists.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "clock.h"

enum {
	LIST_MAX = 1000 * 1000,		/* more lines than any kernel has functions */
	MICROSECONDS_MAX = 1000,	/* for a list that may be cut */
	LINES_MIN = 64,			/* of it, however long they take: a short list is never cut */
	PART_SIZE = 512			/* of it at a time: the kernel makes no more lines at once */
};

static void unreadable(struct owner_list *list, const char *what, const char *why)
{
	list->state = LIST_UNREADABLE;
	(void)snprintf(list->why, sizeof(list->why), "%.100s: %.100s", what, why);
}

static void listed_deinit(struct listed *item)
{
	free(item->name);
	free(item->object);
	free(item->detail);
}

void owner_list_deinit(struct owner_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		listed_deinit(&list->items[i]);
	free(list->items);
	memset(list, 0, sizeof(*list));
}

/* A copy of the string, where there is one. */
static bool string_own(char **string)
{
	if (*string == NULL)
		return true;
	*string = strdup(*string);
	return *string != NULL;
}

/* Appends an item; the strings are copied, NULL stays NULL. */
static int list_add(struct owner_list *list, struct listed item, struct fail *fail)
{
	bool grow = (list->count & (list->count - 1)) == 0;	/* at 0, 1, 2, 4, … */

	if (list->count >= LIST_MAX)
		return fail_set(fail, OUTCOME_ERROR, "a list of the kernel has over %d lines",
				LIST_MAX);
	if (grow) {
		struct listed *items = reallocarray(list->items,
						   list->count == 0 ? 1 : list->count * 2,
						   sizeof(*items));

		if (items == NULL)
			return fail_memory(fail, "reading a list of the kernel");
		list->items = items;
	}

	bool name = string_own(&item.name), object = string_own(&item.object);
	bool detail = string_own(&item.detail);

	if (!name || !object || !detail) {
		listed_deinit(&item);
		return fail_memory(fail, "reading a list of the kernel");
	}
	list->items[list->count++] = item;
	return 0;
}

struct filesystem {
	const char *type;
	long magic;
	const char *places[3];
};

static const struct filesystem debugfs = {
	"debugfs", DEBUGFS_MAGIC, { "/sys/kernel/debug" }
};
static const struct filesystem tracefs = {
	"tracefs", TRACEFS_MAGIC, { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" }
};

static bool kernel_has_filesystem(const char *type)
{
	CLEANUP_FCLOSE FILE *file = fopen("/proc/filesystems", "re");
	char line[128], name[64];

	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		if (sscanf(line, "nodev %63s", name) == 1 && strcmp(name, type) == 0)
			return true;
	}
	return false;
}

/*
 * The root directory of a file system of the kernel's: where it is mounted, else by a mount that
 * only this file descriptor has, so that nobody else sees it. -1: *list says why not.
 */
static int filesystem_open(const struct filesystem *fs, struct owner_list *list)
{
	CLEANUP_CLOSE int context = -1;
	int fd;

	for (const char *const *place = fs->places; *place != NULL; place++) {
		struct statfs stat;

		fd = open(*place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0 && fstatfs(fd, &stat) == 0 && (long)stat.f_type == fs->magic)
			return fd;
		if (fd >= 0)
			(void)close(fd);
	}
	if (!kernel_has_filesystem(fs->type)) {
		list->state = LIST_ABSENT;
		return -1;
	}
	context = fsopen(fs->type, FSOPEN_CLOEXEC);
	if (context >= 0 && fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0) {
		fd = fsmount(context, FSMOUNT_CLOEXEC, 0);
		if (fd >= 0)
			return fd;
	}
	unreadable(list, fs->places[0], strerror(errno));
	return -1;
}

/* Opens a list. NULL: list->state says whether it is not there or could not be opened. */
static FILE *list_open(const struct filesystem *fs, const char *path, struct owner_list *list)
{
	CLEANUP_CLOSE int root = -1;
	FILE *file;
	int fd;

	root = filesystem_open(fs, list);
	if (root < 0)
		return NULL;
	fd = openat(root, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		list->state = LIST_ABSENT;
		return NULL;
	}
	file = fd < 0 ? NULL : fdopen(fd, "r");
	if (file == NULL) {
		unreadable(list, path, strerror(errno));
		if (fd >= 0)
			(void)close(fd);
		return NULL;
	}
	list->state = LIST_READ;
	return file;
}

/* Takes one line, without its newline, into the list. 0, 1: the line is not in the list's form,
 * -1: memory ran out. */
typedef int (*line_take)(char *line, struct owner_list *list, struct fail *fail);

static int list_read(const struct filesystem *fs, const char *path, line_take take, bool may_cut,
		     struct owner_list *list, struct fail *fail)
{
	CLEANUP_FCLOSE FILE *file = list_open(fs, path, list);
	CLEANUP_FREE char *line = NULL;
	int64_t start = clock_microseconds(CLOCK_MONOTONIC);
	size_t size = 0, lines = 0;
	int taken = 0;

	if (file == NULL)
		return 0;
	if (may_cut && setvbuf(file, NULL, _IOFBF, PART_SIZE) != 0)
		return fail_memory(fail, "reading a list of the kernel");
	while (taken == 0 && !list->cut && getline(&line, &size, file) > 0) {
		line[strcspn(line, "\n")] = '\0';
		taken = take(line, list, fail);
		list->cut = may_cut && ++lines >= LINES_MIN &&
			    clock_microseconds(CLOCK_MONOTONIC) - start > MICROSECONDS_MAX;
	}
	if (taken < 0)
		return -1;
	if (taken > 0)
		unreadable(list, path, "a line in a form that is not known");
	else if (ferror(file))
		unreadable(list, path, strerror(errno));
	return 0;
}

/* "nfs" of "[nfs]"; NULL: the word is no module. */
static char *module_word(char *word)
{
	size_t length = word == NULL ? 0 : strlen(word);

	if (length < 3 || word[0] != '[' || word[length - 1] != ']')
		return NULL;
	word[length - 1] = '\0';
	return word + 1;
}

/* kernel/kprobes.c, report_probe(): "ADDRESS  k|r  symbol+0xOFF  module [FLAG]…", from 2.6.23
 * on. All zero: hidden. */
static int take_kprobe(char *line, struct owner_list *list, struct fail *fail)
{
	char kind[8], symbol[256], module[64] = "[";
	struct listed item = { .name = symbol };

	/* NOLINTNEXTLINE(cert-err34-c): what is too large becomes UINT64_MAX, where no text is */
	if (sscanf(line, "%" SCNx64 " %7s %255[^+ ]+%" SCNx64 " %63s", &item.address, kind, symbol,
		   &item.offset, module) < 3)
		return 1;
	item.object = module[0] == '[' ? NULL : module;
	item.optimized = strstr(line, "[OPTIMIZED]") != NULL;
	item.ftrace = strstr(line, "[FTRACE]") != NULL;
	item.disabled = strstr(line, "[DISABLED]") != NULL || strstr(line, "[GONE]") != NULL;
	return list_add(list, item, fail);
}

/* kernel/kprobes.c, kprobe_blacklist_seq_show(): "0xSTART-0xEND\tsymbol [module]". All zero:
 * hidden. */
static int take_blacklist(char *line, struct owner_list *list, struct fail *fail)
{
	char symbol[256], module[66] = "";
	struct listed item = { .name = symbol };

	/* NOLINTNEXTLINE(cert-err34-c): what is too large becomes UINT64_MAX, where no text is */
	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %255s %65s", &item.address, &item.end, symbol,
		   module) < 3)
		return 1;
	item.object = module_word(module);
	return list_add(list, item, fail);
}

/* One blank for each run of blanks and tabs, none at the ends. */
static void squeeze(char *text)
{
	char *out = text;

	for (const char *at = text; *at != '\0'; at++) {
		if (!isspace((unsigned char)*at))
			*out++ = *at;
		else if (out > text && out[-1] != ' ')
			*out++ = ' ';
	}
	if (out > text && out[-1] == ' ')
		out--;
	*out = '\0';
}

/* Adds to what is known of the last function: "direct-->bpf_trampoline_6442+0x0/0x87". */
static int continue_detail(char *line, struct owner_list *list, struct fail *fail)
{
	struct listed *last = list->count == 0 ? NULL : &list->items[list->count - 1];
	char *detail;

	if (last == NULL)
		return 1;
	squeeze(line);
	if (asprintf(&detail, "%s %s", last->detail == NULL ? "" : last->detail, line) < 0)
		return fail_memory(fail, "reading a list of the kernel");
	free(last->detail);
	last->detail = detail;
	return 0;
}

int list_take_traced(char *line, struct owner_list *list, struct fail *fail)
{
	struct listed item = { .name = NULL };
	char *save = NULL, *word;

	if (line[0] == '\t')
		return continue_detail(line, list, fail);
	item.name = strtok_r(line, " ", &save);
	word = strtok_r(NULL, " ", &save);
	if (item.name == NULL || word == NULL)
		return 1;
	item.object = module_word(word);
	if (save != NULL)
		squeeze(save);
	item.detail = save;
	return list_add(list, item, fail);
}

/* "GROUP/EVENT", in the letters that the kernel takes: it becomes part of a command to type. */
static bool is_event(const char *text)
{
	size_t group = strcspn(text, "/");

	for (size_t i = 0; text[i] != '\0'; i++) {
		if (i != group && !isalnum((unsigned char)text[i]) && text[i] != '_' &&
		    (i > group || text[i] != '-'))
			return false;
	}
	return group > 0 && text[group] == '/' && text[group + 1] != '\0';
}

/* "MODULE:SYMBOL+OFFSET", the offset in decimal digits. */
static bool parse_place(char *place, struct listed *item)
{
	char *plus = strchr(place, '+'), *colon = strchr(place, ':'), *end;

	if (plus != NULL) {
		*plus++ = '\0';
		errno = 0;
		item->offset = strtoull(plus, &end, 10);
		if (!isdigit((unsigned char)*plus) || *end != '\0' || errno != 0)
			return false;
	}
	if (colon != NULL) {
		*colon = '\0';
		item->object = place;
		place = colon + 1;
	}
	item->name = place;
	return *place != '\0' && (item->object == NULL || *item->object != '\0');
}

int list_take_kprobe_event(char *line, struct owner_list *list, struct fail *fail)
{
	char *save = NULL, *head = strtok_r(line, " ", &save), *place = strtok_r(NULL, " ", &save);
	struct listed item = { .name = NULL };
	size_t digits;

	if (head == NULL || place == NULL || (head[0] != 'p' && head[0] != 'r'))
		return 1;
	digits = strspn(head + 1, "0123456789");
	if ((digits > 0 && head[0] == 'p') || head[1 + digits] != ':')
		return 1;
	item.detail = head + 1 + digits + 1;
	if (!is_event(item.detail))
		return 1;
	/* One without a symbol is at an address that the kernel shows as a hash. */
	if (strncmp(place, "0x", 2) == 0)
		return 0;
	return parse_place(place, &item) ? list_add(list, item, fail) : 1;
}

int list_kprobes(struct owner_list *list, struct fail *fail)
{
	return list_read(&debugfs, "kprobes/list", take_kprobe, false, list, fail);
}

int list_kprobe_blacklist(struct owner_list *list, struct fail *fail)
{
	return list_read(&debugfs, "kprobes/blacklist", take_blacklist, false, list, fail);
}

int list_traced(struct owner_list *list, struct fail *fail)
{
	return list_read(&tracefs, "enabled_functions", list_take_traced, true, list, fail);
}

int list_kprobe_events(struct owner_list *list, struct fail *fail)
{
	return list_read(&tracefs, "kprobe_events", list_take_kprobe_event, false, list, fail);
}

static bool symbol_named(const struct symbol *symbol, const char *module)
{
	return module == NULL ? symbol->module == NULL :
	       symbol->module != NULL && strcmp(symbol->module, module) == 0;
}

/* Adds an owner for each symbol that may be the one meant. */
static int resolve(struct owner_list *list, const struct listed *hidden, const struct symtab *symtab,
		   struct fail *fail)
{
	const struct symbol *symbol = NULL;
	bool found = hidden->object != NULL;	/* not in a System.map, and no image function then */

	while ((symbol = symtab_next(symtab, hidden->name, symbol)) != NULL) {
		struct listed item = *hidden;

		if (!symbol_named(symbol, hidden->object))
			continue;
		found = true;
		item.address = symbol->address + hidden->offset;
		item.end = symbol->address + symbol->size;
		if (list_add(list, item, fail) != 0)
			return -1;
	}
	if (!found)
		unreadable(list, hidden->name, "the kernel hides its address (sysctl "
			   "kernel.kptr_restrict=1), and it is no symbol");
	return 0;
}

int owner_list_resolve(struct owner_list *list, const struct symtab *symtab, struct fail *fail)
{
	size_t count = list->count;

	for (size_t i = 0; i < count; i++) {
		struct listed hidden = list->items[i];	/* list->items moves when it grows */

		if (hidden.address == 0 && resolve(list, &hidden, symtab, fail) != 0)
			return -1;
	}
	return 0;
}

/* A file of one digit, "enabled" or "transition"; -1: not readable. */
static int flag_read(int directory, const char *name)
{
	CLEANUP_CLOSE int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	char digit;

	if (fd < 0 || read(fd, &digit, 1) != 1)
		return -1;
	return digit != '0';
}

static DIR *directory_open(int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);

	if (directory == NULL && fd >= 0)
		(void)close(fd);
	return directory;
}

/* The entries of OBJECT/ are "function,position". */
static int livepatch_object(int patch_fd, const char *patch, const char *object,
			    struct owner_list *list, struct fail *fail)
{
	DIR *directory = directory_open(patch_fd, object);
	struct dirent *entry;
	int result = 0;

	if (directory == NULL) {
		unreadable(list, object, strerror(errno));
		return 0;
	}
	while (result == 0 && (entry = readdir(directory)) != NULL) {
		char *comma = strrchr(entry->d_name, ',');
		struct listed item = { .name = entry->d_name, .detail = (char *)patch };

		if (comma == NULL)
			continue;
		*comma = '\0';
		item.object = strcmp(object, "vmlinux") == 0 ? NULL : (char *)object;
		result = list_add(list, item, fail);
	}
	(void)closedir(directory);
	return result;
}

static int livepatch_patch(int parent, const char *patch, struct owner_list *list,
			   struct fail *fail)
{
	DIR *directory = directory_open(parent, patch);
	struct dirent *entry;
	int enabled, transition, result = 0;

	if (directory == NULL) {
		unreadable(list, patch, strerror(errno));
		return 0;
	}
	enabled = flag_read(dirfd(directory), "enabled");
	transition = flag_read(dirfd(directory), "transition");
	if (enabled < 0 || transition < 0)
		unreadable(list, patch, "cannot read whether it is enabled");
	while ((enabled > 0 || transition > 0) && result == 0 &&
	       (entry = readdir(directory)) != NULL) {
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
			result = livepatch_object(dirfd(directory), patch, entry->d_name, list,
						  fail);
	}
	(void)closedir(directory);
	return result;
}

int list_livepatches(struct owner_list *list, struct fail *fail)
{
	static const char path[] = "/sys/kernel/livepatch";
	DIR *directory;
	struct dirent *entry;
	int result = 0;

	directory = directory_open(AT_FDCWD, path);
	if (directory == NULL) {
		if (errno == ENOENT)
			list->state = LIST_ABSENT;
		else
			unreadable(list, path, strerror(errno));
		return 0;
	}
	list->state = LIST_READ;
	while (result == 0 && (entry = readdir(directory)) != NULL) {
		if (entry->d_name[0] != '.')
			result = livepatch_patch(dirfd(directory), entry->d_name, list, fail);
	}
	(void)closedir(directory);
	return result;
}
