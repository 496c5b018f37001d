/* SPDX-License-Identifier: GPL-2.0-or-later */
/* symtab_kallsyms: the index from text, /proc/kallsyms or a System.map. It is built at each start
 * and at each load of a module, so what is done per line is little: text is parsed as it comes, in
 * one pass that checks and copies. */
#include "lib/symtab_internal.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* As cat(1) does. The kernel gives kallsyms out by the page. */
enum { CHUNK = 128 * 1024, LINE_MAX_BYTES = 16 + 3 + SYMTAB_NAME_MAX + 3 + 64 + 1 };

struct reader {
	const char *path;
	struct symtab *symtab;
	const char *module;		/* of the line before */
	uint64_t seen;			/* all addresses, or-ed together */
};

static int garbage(const struct reader *reader, const char *line, const char *end, const char *why,
		   struct fail *fail)
{
	char shown[65];
	size_t length = 0;

	for (; line < end && *line != '\n' && length < sizeof(shown) - 1; line++)
		shown[length++] = isprint((unsigned char)*line) ? *line : '?';
	shown[length] = '\0';
	return fail_set(fail, OUTCOME_ERROR, "%s:%zu: %s, in a line that should be \"address type "
			"name\": \"%s\"", reader->path, reader->symtab->count + 1, why, shown);
}

/* A digit's value plus 1; 0: none. A table, for branches on digits cannot be predicted. */
static const uint8_t hex_digits[256] = {
	['0'] = 1, ['1'] = 2, ['2'] = 3, ['3'] = 4, ['4'] = 5, ['5'] = 6, ['6'] = 7, ['7'] = 8,
	['8'] = 9, ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15,
	['f'] = 16, ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

/* Eight lower-case digits at once; false: it is not that. */
static bool parse_eight(const char *digits, uint64_t *value)
{
	uint64_t text, nibbles;

	memcpy(&text, digits, sizeof(text));
	nibbles = (text & EACH_BYTE(0x0f)) + 9 * (text >> 6 & EACH_BYTE(1));
	/* as text again, where 10 and above are letters: only digits come back as they were */
	if ((nibbles & EACH_BYTE(0xf0)) != 0 ||
	    nibbles + EACH_BYTE('0') + 39 * ((nibbles + EACH_BYTE(6)) >> 4 & EACH_BYTE(1)) != text)
		return false;
	nibbles = __builtin_bswap64(nibbles);
	nibbles = (nibbles | nibbles >> 4) & 0x00ff00ff00ff00ffu;
	nibbles = (nibbles | nibbles >> 8) & 0x0000ffff0000ffffu;
	*value = *value << 32 | ((nibbles | nibbles >> 16) & 0xffffffffu);
	return true;
}

/* 1 to 16 digits; returns what is behind them. */
static const char *parse_address(const char *text, uint64_t *value)
{
	const char *at = text;
	unsigned digit;

	*value = 0;
	if (parse_eight(at, value)) {
		at += 8;
		if (parse_eight(at, value))
			return at + 8;
	}
	for (; at - text < 16 && (digit = hex_digits[(unsigned char)*at]) != 0; at++)
		*value = *value << 4 | (digit - 1);
	return at;
}

/* How many visible characters `from` begins with, at most `max` and some; copies them, 8 at a time,
 * so that up to 7 bytes more are read and written. `from` has a newline before it ends. */
static size_t copy_word(char *to, const char *from, size_t max)
{
	uint64_t bytes, stops;

	for (size_t length = 0; length < max; length += sizeof(bytes)) {
		memcpy(&bytes, from + length, sizeof(bytes));
		memcpy(to + length, &bytes, sizeof(bytes));
		/* The high bit of each byte below 0x21 or above 0x7e; carries and borrows make
		 * false ones only above a true one. */
		stops = (((bytes - EACH_BYTE(0x21)) & ~bytes) | (bytes + EACH_BYTE(1)) | bytes) &
			EACH_BYTE(0x80);
		if (stops != 0)
			return length + (size_t)__builtin_ctzll(stops) / 8;
	}
	return max;
}

/* "\t[nfs]", of which `line` is at the tab. Returns the newline, or NULL. */
static const char *parse_module(struct reader *reader, const char *line, struct symbol *symbol,
				struct fail *fail)
{
	size_t length = 0;

	if (line[1] != '[')
		return NULL;
	line += 2;
	while ((unsigned char)line[length] - 0x21u < 0x5eu && line[length] != ']')
		length++;
	if (length == 0 || length > 63 || line[length] != ']' || line[length + 1] != '\n')
		return NULL;
	if (reader->module == NULL || strncmp(reader->module, line, length) != 0 ||
	    reader->module[length] != '\0') {
		char *room = symtab_name_room(reader->symtab);

		if (room == NULL) {
			(void)fail_memory(fail, "names of modules");
			return NULL;
		}
		memcpy(room, line, length);
		reader->module = symtab_name_keep(reader->symtab, length);
	}
	symbol->module = reader->module;
	return line + length + 1;
}

/* One line, which ends with a newline before `end`. Returns what is behind it; NULL: *fail. */
static const char *parse_line(struct reader *reader, const char *line, const char *end,
			      struct fail *fail)
{
	struct symbol symbol = { .address = 0 };
	const char *at = parse_address(line, &symbol.address);

	if (at == line || *at != ' ') {
		(void)garbage(reader, line, end, "no address", fail);
		return NULL;
	}
	symbol.type = at[1];
	/* '?': a livepatch keeps all its symbols, of sections that are gone too (kernel/module/
	 * kallsyms.c, is_core_symbol() and elf_type()) */
	if ((((at[1] | 0x20) < 'a' || (at[1] | 0x20) > 'z') && at[1] != '?') || at[2] != ' ') {
		(void)garbage(reader, line, end, "no type", fail);
		return NULL;
	}
	at += 3;

	char *name = symtab_name_room(reader->symtab);
	size_t length = name != NULL ? copy_word(name, at, SYMTAB_NAME_MAX) : 0;

	if (name == NULL) {
		(void)fail_memory(fail, "names of symbols");
		return NULL;
	}
	at += length;
	if (length == 0 || length >= SYMTAB_NAME_MAX || (*at != '\n' && *at != '\t')) {
		(void)garbage(reader, line, end, "no name", fail);
		return NULL;
	}
	symbol.name = symtab_name_keep(reader->symtab, length);
	if (*at == '\t') {
		fail->message[0] = '\0';
		at = parse_module(reader, at, &symbol, fail);
		if (at == NULL) {
			if (fail->message[0] == '\0')
				(void)garbage(reader, line, end, "no [module]", fail);
			return NULL;
		}
	}
	reader->seen |= symbol.address;
	symtab_add(reader->symtab, &symbol, length);
	return at + 1;
}

/* All whole lines of `text`; *left: how many bytes at its end are not a whole one. */
static int parse_chunk(struct reader *reader, const char *text, size_t length, size_t *left,
		       struct fail *fail)
{
	const char *last = memrchr(text, '\n', length);
	const char *end = last != NULL ? last + 1 : text;

	*left = (size_t)(text + length - end);
	if (*left > LINE_MAX_BYTES)
		return garbage(reader, end, text + length, "no newline for too long", fail);
	/* the shortest line is "0 t x\n" */
	if (symtab_reserve(reader->symtab, length / 6 + 1, fail) != 0)
		return -1;
	while (text < end) {
		text = parse_line(reader, text, end, fail);
		if (text == NULL)
			return -1;
	}
	return 0;
}

static int parse_file(struct reader *reader, int fd, struct fail *fail)
{
	CLEANUP_FREE char *buffer = calloc(1, LINE_MAX_BYTES + CHUNK + 2 * sizeof(uint64_t));
	size_t left = 0;
	ssize_t got;

	if (buffer == NULL)
		return fail_memory(fail, "reading symbols");
	while ((got = read(fd, buffer + left, CHUNK)) > 0) {
		size_t length = left + (size_t)got;

		if (parse_chunk(reader, buffer, length, &left, fail) != 0)
			return -1;
		memmove(buffer, buffer + length - left, left);
	}
	if (got < 0)
		return fail_errno(fail, errno, "%s: cannot read symbols", reader->path);
	if (left > 0)
		return fail_set(fail, OUTCOME_ERROR, "%s:%zu: the file is truncated: its last line "
				"has no newline; get a whole copy", reader->path,
				reader->symtab->count + 1);
	if (reader->symtab->count == 0)
		return fail_set(fail, OUTCOME_ERROR, "%s: the file is empty: no symbols",
				reader->path);
	return 0;
}

static int open_text(const char *path, struct fail *fail)
{
	/* O_NONBLOCK: a FIFO shall be refused, not waited for */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat status;

	if (fd < 0)
		return fail_errno(fail, errno, "%s: cannot open the list of symbols", path);
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
		return fd;
	(void)close(fd);
	return fail_set(fail, OUTCOME_ERROR, "%s: not a regular file, so no list of symbols", path);
}

/* Debian's linux-image packages have one line in place of a System.map. */
static int refuse_stub(const char *path, int fd, struct fail *fail)
{
	static const char stub[] = "The real System.map is in ";
	char head[256];
	ssize_t got = pread(fd, head, sizeof(head), 0);

	if (got > 0 && memmem(head, (size_t)got, stub, sizeof(stub) - 1) != NULL)
		return fail_set(fail, OUTCOME_ERROR, "%s: Debian's stub, which only says that the "
				"real System.map is in the package linux-image-VERSION-dbg; "
				"install that and give its "
				"/usr/lib/debug/boot/System.map-VERSION", path);
	return 0;
}

static int load(struct reader *reader, bool system_map, struct symtab **out, struct fail *fail)
{
	CLEANUP_CLOSE int fd = open_text(reader->path, fail);

	if (fd < 0 || (system_map && refuse_stub(reader->path, fd, fail) != 0))
		return -1;
	reader->symtab = symtab_create();
	if (reader->symtab == NULL)
		return fail_memory(fail, "symbols");
	if (parse_file(reader, fd, fail) != 0)
		goto failed;
	if (reader->seen == 0) {
		(void)fail_set(fail, OUTCOME_ERROR, "%s: every address is 0: %s", reader->path,
			       system_map ?
			       "a copy of a /proc/kallsyms that hid them; make it as root" :
			       "the kernel hides them from this process; run as root (CAP_SYSLOG) "
			       "and with kernel.kptr_restrict below 2 (sysctl "
			       "kernel.kptr_restrict=1)");
		goto failed;
	}
	if (symtab_finish(reader->symtab, fail) != 0)
		goto failed;
	*out = reader->symtab;
	return 0;
failed:
	symtab_destroy(reader->symtab);
	return -1;
}

int symtab_load_kallsyms(const char *path, struct symtab **out, struct fail *fail)
{
	struct reader reader = { .path = path };

	*out = NULL;
	return load(&reader, false, out, fail);
}

int symtab_load_system_map(const char *path, struct symtab **out, struct fail *fail)
{
	struct reader reader = { .path = path };

	*out = NULL;
	return load(&reader, true, out, fail);
}
