/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * derive: the differences of two object files -> a patch that makes the old one the new one, as far
 * as they fit in place. Each function's sites are proved as apply would prove them: applicable on
 * the old object, there already on the new one.
 */
#ifndef PATCHERD_DERIVE_H
#define PATCHERD_DERIVE_H

#include "difference.h"
#include "kernel.h"

struct derive {
	const struct kernel *old, *new;
	const char *module;		/* that the sites name; NULL: the kernel image */
	bool line_numbers;		/* what only differs like __LINE__ is wanted, too */
};

/* What became of one difference. */
struct derived {
	bool written;			/* all of it is in the patch */
	bool ignored;			/* it is line numbers only, which were not asked for */
	char *message;			/* why it is not, or what is to be known of it; NULL:
					 * nothing */
};
void derived_free(struct derived *derived, size_t count);

/* Adds the sites to *out, whose name, summary and one variant are there; derived[] has an item for
 * each difference. -1: OUTCOME_ERROR, memory ran out, or a damaged file. */
int derive_sites(const struct derive *derive, const struct differences *differences,
		 struct patch *out, struct derived **derived, struct fail *fail) MUST_CHECK;

/* Whether a patch is what it should be, by its text: applicable on the old object, and on the new
 * one there already; where it is `filled` up with nops only the former (they are not there to be
 * found).
 * -1: what is wrong with it. */
int derive_prove(const struct derive *derive, const struct patch *patch, bool filled,
		 struct fail *fail) MUST_CHECK;

#endif
