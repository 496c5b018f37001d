/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan_site: one site of a patch against one kernel. Internal to lib/plan*.c. */
#ifndef PATCHERD_PLAN_SITE_H
#define PATCHERD_PLAN_SITE_H

#include "lib/plan_loaded.h"
#include "plan.h"

enum { INSNS_MAX = BYTES_MAX, SITE_PATH_MAX = 64, WHERE_TEXT_MAX = ASM_MAX };

/* One site and all that is known of it while it is proved. */
struct proof {
	const struct kernel *kernel;
	const struct patch *patch;
	const struct variant *variant;
	size_t index;			/* of the site in its variant */
	const struct site *site;
	struct site_plan *plan;
	struct loaded_functions *functions;	/* kept between the sites of a plan */
	uint64_t *steps;		/* of PATTERN_STEPS, what the plan has left */
	struct loaded *loaded;		/* the one of them that has the site */
	size_t insn;			/* index of the site's first instruction in it */
	size_t length;			/* of the site, bytes */
	bool already;			/* it is known to be as the operation leaves it */
};

/* The site's name in the file, "sites[0]" or "variants[1].sites[0]". */
const char *plan_site_path(const struct patch *patch, const struct variant *variant, size_t index,
			   char out[SITE_PATH_MAX]);
/* "replace.bytes" or "replace", as the file has it. */
const char *plan_site_replace(const struct site *site);
/* Begins the message of what is wrong with a key of the site, "t.yaml:9:14: error: sites[0].KEY: ". */
int plan_site_begin(const struct proof *proof, enum outcome code, struct place place,
		    const char *key, struct fail *fail);

/* Proves proof->site and fills in *proof->plan, the outcome last. 0: whatever the outcome.
 * -1: memory ran out. */
int plan_site(struct proof *proof, struct fail *fail) MUST_CHECK;

/* What the patch says in itself, for the architecture: that bytes are whole, known instructions, and
 * one, unless `multiple`. -1: OUTCOME_INVALID_SPEC. */
int plan_site_check(const struct proof *proof, struct fail *fail) MUST_CHECK;

/* Sets the outcome and a copy of the message (NULL: none). -1: memory ran out. */
int plan_site_outcome(struct site_plan *plan, enum outcome outcome, const char *message)
	MUST_CHECK;

/* plan_locate.c: the symbol, which may be patched at all, is not another module's of that name, and
 * whose module is loaded; its identity goes to the plan. */
int plan_symbol(struct proof *proof, const struct symbol **out, struct fail *fail) MUST_CHECK;
/* The plan's place is `offset` of the symbol. */
int plan_place(struct proof *proof, const struct symbol *symbol, uint64_t offset,
	       struct fail *fail) MUST_CHECK;

/* A site in a function, by whatever says where, and one that is a variable. */
int plan_code(struct proof *proof, struct fail *fail) MUST_CHECK;
int plan_variable(struct proof *proof, struct fail *fail) MUST_CHECK;
/* Whether the new instructions of one site jump into the middle of another's, which replaces several:
 * no instruction need begin there any more. */
bool plan_code_jumps_into(const struct insn *insns, size_t count, const struct site_plan *into);

/* plan_find.c and plan_entry.c: where a site with `find` or `return` is; they fill in the plan's place,
 * `loaded`, `insn` and `length`, plan_find() `already`, and plan_entry() the replacement. */
int plan_find(struct proof *proof, const struct symbol *symbol, struct fail *fail) MUST_CHECK;
int plan_entry(struct proof *proof, const struct symbol *symbol, struct fail *fail) MUST_CHECK;

/* plan_expect.c: compares what is found with the expectation and with what the operation leaves, and
 * fills in the replacement. -1: OUTCOME_ALREADY_APPLIED, OUTCOME_MISMATCH; OUTCOME_INVALID_SPEC: the
 * operation cannot be made of what is there. */
int plan_expect(struct proof *proof, struct fail *fail) MUST_CHECK;

/* plan_show.c */
/* "nfs_flock+0x2f (0xffffffffc0412345)" */
const char *plan_where(const struct site_plan *plan, char out[WHERE_TEXT_MAX]);
/* "74 39 (je nfs_flock+0x6a)" */
enum { SHOW_MAX = BYTES_TEXT_MAX + ASM_MAX + 8 };
const char *code_show(const struct code *code, char out[SHOW_MAX]);
/* Decodes `bytes` as code at `address`. Returns how many instructions, 0: they are not whole
 * instructions; *fail has why. */
size_t code_decode(const struct kernel *kernel, const struct bytes *bytes, uint64_t address,
		   struct insn insns[INSNS_MAX], struct fail *fail);
/* The same of the plan's code at the site, with what relocations of an image fill in. */
size_t plan_decode(const struct proof *proof, const struct code *code,
		   struct insn insns[INSNS_MAX], struct fail *fail);
/* Fills in the text of code at the site; code that does not decode has none. */
int code_print(const struct proof *proof, struct code *code, struct fail *fail) MUST_CHECK;
/* The instructions around the site, those of it as old, and `insns` as new where it is to change or has
 * been (`changes`). */
int plan_lines(struct proof *proof, const struct insn *insns, size_t count, bool changes,
	       struct fail *fail) MUST_CHECK;

#endif
