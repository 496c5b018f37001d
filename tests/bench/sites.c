/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sites MODULE COUNT: prints a patch of COUNT sites for a module's file, in as many of its functions as
 * have up to SITES_EACH: a conditional branch, found by itself and the instructions around it, to be
 * inverted. Only such are taken as are applicable.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "hazard.h"
#include "plan.h"
#include "spec.h"
#include "types.h"

enum { PATCH_MAX = 4096, SITES_EACH = 3 };

static const char heading[] = "patch: bench-sites\n"
			      "summary: For a measurement of speed; never applied\n"
			      "sites:\n";

static int die(const char *what)
{
	fprintf(stderr, "sites: %s\n", what);
	exit(1);
}

/* A program that ends after it gives nothing back. */
static struct kernel kernel_open(const char *path)
{
	static struct elf_file *elf;
	struct kernel kernel = { .target = NULL };
	struct symtab *symtab = NULL;
	struct fail fail;

	if (elf_file_open(path, &elf, &fail) != 0 ||
	    target_open_image(elf, path, NULL, &kernel.target, &fail) != 0 ||
	    symtab_load_elf(elf, &symtab, &fail) != 0 ||
	    types_create_image(NULL, path, NULL, 0, NULL, &kernel.types, &fail) != 0 ||
	    hazards_create(&kernel.hazards, &fail) != 0 ||
	    digests_create(&kernel.digests, &fail) != 0 ||
	    decoder_create(elf_file_architecture(elf), &kernel.decoder, &fail) != 0)
		die(fail.message);
	kernel.symtab = symtab;
	kernel.image = elf;
	return kernel;
}

static bool is_applicable(const struct kernel *kernel, const char *site)
{
	CLEANUP(patch_deinit) struct patch patch = { .name = NULL };
	char text[sizeof(heading) + PATCH_MAX];
	struct fail fail;
	struct plan plan;
	bool applicable;

	(void)snprintf(text, sizeof(text), "%s%s", heading, site);
	if (spec_parse("sites", text, strlen(text), &patch, &fail) != 0 ||
	    plan_make(kernel, &patch, &plan, &fail) != 0)
		die(fail.message);
	applicable = plan.outcome == OUTCOME_APPLICABLE;
	plan_deinit(&plan);
	return applicable;
}

/* False: it is no conditional branch between two instructions that have a text. */
static bool site_print(const struct kernel *kernel, const struct function *function, size_t index,
		       char out[PATCH_MAX])
{
	const struct insn *insn = &function->insns[index];
	char before[ASM_MAX], after[ASM_MAX];

	if (insn->flow != FLOW_BRANCH || insn->opaque || insn[-1].opaque || insn[1].opaque)
		return false;
	(void)snprintf(out, PATCH_MAX, "  - function: %s\n"
		       "    module: %s\n"
		       "    find:\n"
		       "      - lines: ['%s', '%s *', '%s']\n"
		       "        at: 2\n"
		       "    replace: invert\n", function->symbol->name, function->symbol->module,
		       function_print(kernel->symtab, function->symbol, insn - 1, before),
		       insn->mnemonic,
		       function_print(kernel->symtab, function->symbol, insn + 1, after));
	return true;
}

/* Prints up to `most` sites of the function; returns how many. */
static unsigned long function_sites(const struct kernel *kernel, const struct symbol *symbol,
				    unsigned long most)
{
	CLEANUP(function_deinit) struct function function = { .symbol = NULL };
	unsigned long count = 0;
	struct fail fail;
	char site[PATCH_MAX];

	if (!symbol_is_text(symbol) || symbol->size == 0 || symbol->module == NULL)
		return 0;
	if (function_load(kernel->target, kernel->decoder, symbol, &function, &fail) != 0)
		die(fail.message);
	for (size_t i = 1; i + 1 < function.count && count < most; i++) {
		if (site_print(kernel, &function, i, site) && is_applicable(kernel, site)) {
			fputs(site, stdout);
			count++;
		}
	}
	return count;
}

int main(int argc, char **argv)
{
	unsigned long wanted = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
	struct kernel kernel;

	if (wanted == 0)
		return die("usage: sites MODULE COUNT");
	kernel = kernel_open(argv[1]);
	fputs(heading, stdout);
	for (size_t i = 0; i < symtab_count(kernel.symtab) && wanted > 0; i++)
		wanted -= function_sites(&kernel, symtab_item(kernel.symtab, i),
					 wanted < SITES_EACH ? wanted : SITES_EACH);
	return wanted == 0 ? 0 : die("too few functions have one");
}
