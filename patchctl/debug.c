/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one file that knows libbfd. It is used to show source lines only, never to decide. */
#include "patchctl.h"

#include <stdlib.h>
#include <string.h>

/* bfd.h refuses to be included without them. */
#define PACKAGE "patchctl"
#define PACKAGE_VERSION VERSION
#include <bfd.h>

/* What libbfd's dlopen() is in a static patchctl (ld --wrap): a tool for root must not load linker
 * plugins, and a static one cannot. Its name is ld's choice:
 * NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
void *__wrap_dlopen(const char *path, int mode);
void *__wrap_dlopen(const char *path, int mode)
{
	(void)path;
	(void)mode;
	return NULL;
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

struct debug {
	bfd *file;
	char *module;		/* NULL: the kernel image */
	asymbol **symbols;	/* read at the first question */
	long symbol_count;
};

/* libbfd would print on stderr what it finds odd in a file. */
static void say_nothing(const char *format, va_list arguments)
{
	(void)format;
	(void)arguments;
}

/* "/usr/lib/debug/…/nfs-ssc.ko.debug" -> "nfs_ssc" */
static char *module_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash == NULL ? path : slash + 1;
	char *name = strndup(base, strcspn(base, "."));

	for (char *at = name; at != NULL && *at != '\0'; at++) {
		if (*at == '-')
			*at = '_';
	}
	return name;
}

static bool has_dwarf(bfd *file)
{
	return bfd_get_section_by_name(file, ".debug_info") != NULL ||
	       bfd_get_section_by_name(file, ".zdebug_info") != NULL;
}

int debug_open(const char *path, struct debug **out, struct fail *fail)
{
	struct debug *debug = calloc(1, sizeof(*debug));

	*out = NULL;
	if (debug == NULL)
		return fail_memory(fail, path);
	(void)bfd_init();
	(void)bfd_set_error_handler(say_nothing);
	debug->file = bfd_openr(path, NULL);
	if (debug->file != NULL)
		debug->file->flags |= BFD_DECOMPRESS;
	if (debug->file == NULL || !bfd_check_format(debug->file, bfd_object)) {
		(void)fail_set(fail, OUTCOME_ERROR, "cannot use %s for source lines: %s", path,
			       bfd_errmsg(bfd_get_error()));
		goto failed;
	}
	if (!has_dwarf(debug->file)) {
		(void)fail_set(fail, OUTCOME_ERROR, "%s has no debug information (DWARF)\n"
			       "Debian has it in the package of the kernel's name with -dbg", path);
		goto failed;
	}
	/* Every module has this section, and nothing else does (scripts/mod/modpost.c). */
	if (bfd_get_section_by_name(debug->file, ".gnu.linkonce.this_module") != NULL) {
		debug->module = module_name(path);
		if (debug->module == NULL) {
			(void)fail_memory(fail, path);
			goto failed;
		}
	}
	*out = debug;
	return 0;
failed:
	debug_close(debug);
	return -1;
}

void debug_close(struct debug *debug)
{
	if (debug == NULL)
		return;
	if (debug->file != NULL)
		(void)bfd_close_all_done(debug->file);
	free(debug->symbols);
	free(debug->module);
	free(debug);
}

bool debug_differs(const struct debug *debug, const char *build_id, bool live)
{
	const struct bfd_build_id *own = debug->file->build_id;
	char text[3] = "";

	if (own == NULL || *build_id == '\0' || (live && debug->module != NULL))
		return false;
	if (strlen(build_id) != own->size * 2)
		return true;
	for (size_t i = 0; i < own->size; i++) {
		(void)snprintf(text, sizeof(text), "%02x", own->data[i]);
		if (strncmp(text, build_id + i * 2, 2) != 0)
			return true;
	}
	return false;
}

static bool symbols_read(struct debug *debug)
{
	long size;

	if (debug->symbols != NULL)
		return debug->symbol_count > 0;
	size = bfd_get_symtab_upper_bound(debug->file);
	if (size <= 0)
		return false;
	debug->symbols = malloc((size_t)size);
	if (debug->symbols == NULL)
		return false;
	debug->symbol_count = bfd_canonicalize_symtab(debug->file, debug->symbols);
	return debug->symbol_count > 0;
}

/* The function of that name; NULL where there is none, or several: no line is better than a wrong
 * one. */
static asymbol *function_symbol(const struct debug *debug, const char *name)
{
	asymbol *found = NULL;

	for (long i = 0; i < debug->symbol_count; i++) {
		asymbol *symbol = debug->symbols[i];

		if ((symbol->flags & BSF_FUNCTION) == 0 || strcmp(symbol->name, name) != 0)
			continue;
		if (found != NULL)
			return NULL;
		found = symbol;
	}
	return found;
}

static bool same_module(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return strcmp(a, b) == 0;
}

static bool is_tree(const char *component)
{
	return strncmp(component, "linux", 5) == 0 &&
	       (component[5] == '-' || component[5] == '/') && strchr(component, '/') != NULL;
}

/* "fs/nfs/file.c" of "/build/linux-6.1.192/fs/nfs/file.c": where the kernel was built tells
 * nobody anything. include/linux/ is no such directory: only the first one is cut off. */
static const char *tree_path(const char *path)
{
	const char *at = path;

	if (*path != '/')
		return path;
	while (at != NULL && !is_tree(at + 1))
		at = strchr(at + 1, '/');
	while (at != NULL && is_tree(at + 1))
		at = strchr(at + 1, '/');
	return at == NULL ? path : at + 1;
}

bool debug_line(struct debug *debug, const char *module, const char *function, uint64_t offset,
		char *out, size_t size)
{
	const char *file = NULL, *name = NULL;
	unsigned line = 0;
	asymbol *symbol;

	if (!same_module(module, debug->module) || !symbols_read(debug))
		return false;
	symbol = function_symbol(debug, function);
	if (symbol == NULL)
		return false;
	/* It answers true with line 0 where it knows the file alone. */
	if (!bfd_find_nearest_line(debug->file, symbol->section, debug->symbols,
				   symbol->value + offset, &file, &name, &line) ||
	    file == NULL || line == 0)
		return false;
	(void)snprintf(out, size, "%s:%u", tree_path(file), line);
	return true;
}
