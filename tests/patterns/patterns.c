/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * patterns FILE SEED COUNT: draws COUNT instructions of an ELF file and searches for each by a pattern of
 * 1 to 5 lines, itself and its neighbours as disassemble prints them; once more with names in place of
 * registers, and once with "..." in place of a neighbour. Prints one "name number" a line; what is wrong
 * goes to stderr, in words. A stripped file's functions are where its calls go.
 *
 * Counted are:
 *   drawn        instructions, but for opaque ones
 *   lines        of all functions that were drawn from
 *   refused      of these, what pattern_line_check() does not take, or does not match itself
 *   searches
 *   found        the instruction
 *   ambiguous    it is one of several
 *   wrong        something else is found, or nothing; or one, though the same lines are elsewhere, too
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pattern.h"

enum { LINES_MAX = 5, NAMES_MAX = 8 };

struct counts {
	unsigned long drawn, lines, refused, searches, found, ambiguous, wrong;
};

struct file {
	struct elf_file *elf;
	struct kernel kernel;
	struct symtab *symtab;
	const struct symbol **functions;
	size_t function_count;
	uint64_t random;
	struct counts counts;
};

static int die(const char *path, const char *what)
{
	fprintf(stderr, "patterns: %s: %s\n", path, what);
	exit(1);
}

/* xorshift64 of Marsaglia, "Xorshift RNGs": the same on each machine. */
static size_t draw(struct file *file, size_t below)
{
	file->random ^= file->random << 13;
	file->random ^= file->random >> 7;
	file->random ^= file->random << 17;
	return (size_t)(file->random % below);
}

/* ---- functions -------------------------------------------------------------------------------- */

static int address_compare(const void *a, const void *b)
{
	uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;

	return one < other ? -1 : one > other;
}

/* Where the calls of a section go that stay in it; returns how many. */
static size_t calls_collect(const struct file *file, const struct elf_section *section,
			    uint64_t **out, struct fail *fail)
{
	uint8_t *bytes = malloc(section->size);
	uint64_t *targets = malloc(section->size * sizeof(*targets));
	size_t count = 0;

	if (bytes == NULL || targets == NULL ||
	    target_read(file->kernel.target, section->address, bytes, section->size, "code",
			fail) != 0)
		die(section->name, "cannot be read");
	for (size_t at = 0; at < section->size;) {
		struct insn insn;

		if (insn_decode(file->kernel.decoder, bytes + at, section->size - at,
				section->address + at, &insn, fail) != 0) {
			at++;
			continue;
		}
		at += insn.length;
		if (insn.flow == FLOW_CALL && insn.has_target &&
		    insn.target - section->address < section->size)
			targets[count++] = insn.target;
	}
	free(bytes);
	qsort(targets, count, sizeof(*targets), address_compare);
	*out = targets;
	return count;
}

/* A System.map made of where the calls of .text go. */
static int symbols_make(struct file *file, struct fail *fail)
{
	char path[] = "/tmp/patterns.XXXXXX";
	int descriptor = mkstemp(path), result;
	FILE *map = descriptor < 0 ? NULL : fdopen(descriptor, "w");
	const struct elf_section *text = elf_file_section(file->elf, ".text");
	uint64_t *targets;
	size_t count;

	if (map == NULL || text == NULL)
		die(path, "no .text, or no room for its symbols");
	count = calls_collect(file, text, &targets, fail);
	for (size_t i = 0; i < count; i++) {
		if (i == 0 || targets[i] != targets[i - 1])
			fprintf(map, "%016" PRIx64 " T f%" PRIx64 "\n", targets[i], targets[i]);
	}
	fprintf(map, "%016" PRIx64 " T _etext\n", text->address + text->size);
	free(targets);
	if (fclose(map) != 0)
		die(path, "cannot be written");
	result = symtab_load_system_map(path, &file->symtab, fail);
	(void)unlink(path);
	return result;
}

static void file_open(struct file *file, const char *path)
{
	struct fail fail;
	size_t count;

	if (elf_file_open(path, &file->elf, &fail) != 0 ||
	    target_open_image(file->elf, path, NULL, &file->kernel.target, &fail) != 0 ||
	    decoder_create(file->kernel.target->info.architecture, &file->kernel.decoder, &fail) != 0)
		die(path, fail.message);
	if (symtab_load_elf(file->elf, &file->symtab, &fail) != 0 &&
	    (fail.code != OUTCOME_NOT_FOUND || symbols_make(file, &fail) != 0))
		die(path, fail.message);
	file->kernel.symtab = file->symtab;
	file->kernel.image = file->elf;
	count = symtab_count(file->symtab);
	file->functions = calloc(count, sizeof(struct symbol *));
	for (size_t i = 0; i < count && file->functions != NULL; i++) {
		const struct symbol *symbol = symtab_item(file->symtab, i);

		if (symbol_is_text(symbol) && symbol->size > 0 && symbol->size < FUNCTION_SIZE_MAX)
			file->functions[file->function_count++] = symbol;
	}
	if (file->function_count == 0)
		die(path, "no functions");
}

static void file_close(struct file *file)
{
	free(file->functions);
	symtab_destroy(file->symtab);
	decoder_destroy(file->kernel.decoder);
	target_close(file->kernel.target);
	elf_file_close(file->elf);
}

/* ---- patterns --------------------------------------------------------------------------------- */

/* Instructions of a function, and the lines that say them. */
struct wanted {
	const struct function *function;
	size_t first, count, at;
	char texts[LINES_MAX][ASM_MAX];
	char names[NAMES_MAX][8];		/* the registers named so far */
	size_t name_count;
};

/* The register at `text` as "ax" or "r8", whatever its width; 0: it is no general one. Returns the
 * length of its name. */
static size_t register_read(const char *text, char out[8])
{
	static const char legacy[] = " ax cx dx bx sp bp si di ";
	size_t length = 1 + strspn(text + 1, "abcdefghijklmnopqrstuvwxyz0123456789");
	char word[8] = " ", *name = word + 1;

	if (length > 5)
		return 0;
	memcpy(name, text + 1, length - 1);
	if (name[0] == 'r' && strchr("0123456789", name[1]) != NULL) {
		name[1 + strspn(name + 1, "0123456789")] = '\0';
		strcpy(out, name);
		return length;
	}
	if (strlen(name) == 3 && (name[0] == 'r' || name[0] == 'e'))
		memmove(name, name + 1, 3);
	else if (strlen(name) == 3 && name[2] == 'l')
		name[2] = '\0';
	else if (strlen(name) == 2 && (name[1] == 'l' || name[1] == 'h'))
		name[1] = 'x';
	strcpy(out, name);
	strcat(word, " ");
	return strlen(out) == 2 && strstr(legacy, word) != NULL ? length : 0;
}

/* Puts @r0, @r1 … in place of the registers of a line, the same for the same one. */
static void line_name(struct wanted *wanted, char line[ASM_MAX])
{
	char text[ASM_MAX], stem[8];
	size_t used = 0;

	strcpy(text, line);
	for (const char *at = text; *at != '\0';) {
		size_t length = *at == '%' ? register_read(at, stem) : 0, i = 0;

		while (length > 0 && i < wanted->name_count && strcmp(wanted->names[i], stem) != 0)
			i++;
		if (length == 0 || i == NAMES_MAX) {
			line[used++] = *at++;
			continue;
		}
		if (i == wanted->name_count)
			strcpy(wanted->names[wanted->name_count++], stem);
		used += (size_t)sprintf(line + used, "@r%zu", i);
		at += length;
	}
	line[used] = '\0';
}

/* In how many places of the function the very same lines stand. */
static size_t places_count(const struct file *file, const struct wanted *wanted)
{
	const struct function *function = wanted->function;
	char text[ASM_MAX];
	size_t places = 0;

	for (size_t i = 0; i + wanted->count <= function->count; i++) {
		size_t same = 0;

		while (same < wanted->count &&
		       strcmp(wanted->texts[same], function_print(file->symtab, function->symbol,
								  &function->insns[i + same],
								  text)) == 0)
			same++;
		places += same == wanted->count;
	}
	return places;
}

static void complain(struct file *file, const struct wanted *wanted, const char *what)
{
	file->counts.wrong++;
	fprintf(stderr, "%s+0x%" PRIx64 ": %s\n", wanted->function->symbol->name,
		wanted->function->insns[wanted->first + wanted->at].address -
		wanted->function->symbol->address, what);
	for (size_t i = 0; i < wanted->count; i++)
		fprintf(stderr, "  %s %s\n", i == wanted->at ? ">" : " ", wanted->texts[i]);
}

static void search(struct file *file, const struct wanted *wanted, size_t places)
{
	const size_t insn = wanted->first + wanted->at;
	const struct pattern_code code = { .function = wanted->function };
	struct pattern_line lines[LINES_MAX];
	struct pattern pattern = { .lines = lines, .count = wanted->count, .at = wanted->at };
	const struct site site = { .where = SITE_FIND, .patterns = &pattern, .pattern_count = 1,
				   .symbol = (char *)wanted->function->symbol->name };
	uint64_t steps = PATTERN_STEPS;
	struct pattern_hit hit;
	struct fail fail;
	char address[32];

	for (size_t i = 0; i < wanted->count; i++)
		lines[i] = (struct pattern_line){ .text = (char *)wanted->texts[i] };
	file->counts.searches++;
	if (pattern_find(&file->kernel, &site, &code, 1, NULL, &steps, &hit, &fail) == 0) {
		if (hit.insn != insn || hit.already)
			complain(file, wanted, "something else is found");
		else if (places > 1)
			complain(file, wanted, "found, though there are several");
		else
			file->counts.found++;
		return;
	}
	snprintf(address, sizeof(address), "(0x%" PRIx64 ")", wanted->function->insns[insn].address);
	if (fail.code == OUTCOME_AMBIGUOUS && (strstr(fail.message, address) != NULL ||
					       strstr(fail.message, "\n  and ") != NULL))
		file->counts.ambiguous++;
	else
		complain(file, wanted, fail.message);
}

/* The drawn instruction with up to four neighbours that can be named. */
static void instruction_try(struct file *file, const struct function *function, size_t index)
{
	struct wanted wanted = { .function = function, .first = index, .count = 1 };
	size_t count = 1 + draw(file, LINES_MAX), places;

	while (wanted.count < count) {
		bool before = draw(file, 2) == 0;
		size_t next = before ? wanted.first - 1 : wanted.first + wanted.count;

		if ((before && wanted.first == 0) || next >= function->count ||
		    function->insns[next].opaque)
			break;
		wanted.first -= before;
		wanted.count++;
	}
	wanted.at = index - wanted.first;
	for (size_t i = 0; i < wanted.count; i++)
		(void)function_print(file->symtab, function->symbol,
				     &function->insns[wanted.first + i], wanted.texts[i]);
	places = places_count(file, &wanted);
	search(file, &wanted, places);

	struct wanted named = wanted;

	for (size_t i = 0; i < named.count; i++)
		line_name(&named, named.texts[i]);
	search(file, &named, places);
	for (size_t i = 1; i + 1 < wanted.count; i++) {
		if (i == wanted.at)
			continue;
		strcpy(wanted.texts[i], "...");
		search(file, &wanted, places);
		break;
	}
}

static void lines_check(struct file *file, const struct function *function)
{
	for (size_t i = 0; i < function->count; i++) {
		const struct insn *insn = &function->insns[i];
		char text[ASM_MAX];
		const char *why = "it does not match itself";

		(void)function_print(file->symtab, function->symbol, insn, text);
		file->counts.lines++;
		if (pattern_line_check(text, &why) &&
		    (insn->opaque || function_match(file->symtab, function->symbol, text, insn)))
			continue;
		file->counts.refused++;
		fprintf(stderr, "%s: \"%s\": %s\n", function->symbol->name, text, why);
	}
}

static void function_try(struct file *file)
{
	const struct symbol *symbol = file->functions[draw(file, file->function_count)];
	struct function function;
	struct fail fail;
	size_t index;

	if (function_load(file->kernel.target, file->kernel.decoder, symbol, &function, &fail) != 0)
		die(symbol->name, fail.message);
	index = function.count == 0 ? 0 : draw(file, function.count);
	if (function.count > 0 && !function.insns[index].opaque) {
		file->counts.drawn++;
		lines_check(file, &function);
		instruction_try(file, &function, index);
	}
	function_deinit(&function);
}

int main(int argc, char **argv)
{
	struct file file = { .elf = NULL };
	const struct counts *counts = &file.counts;
	unsigned long wanted;

	if (argc != 4)
		return die("usage", "patterns FILE SEED COUNT");
	file_open(&file, argv[1]);
	file.random = strtoull(argv[2], NULL, 0) | 1;	/* it never leaves 0 */
	wanted = strtoul(argv[3], NULL, 0);
	while (counts->drawn < wanted)
		function_try(&file);
	printf("drawn %lu\nlines %lu\nrefused %lu\nsearches %lu\nfound %lu\nambiguous %lu\n"
	       "wrong %lu\n", counts->drawn, counts->lines, counts->refused, counts->searches,
	       counts->found, counts->ambiguous, counts->wrong);
	file_close(&file);
	return 0;
}
