/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * digest: SHA-256 of a function's bytes with everything masked that the kernel rewrites when it loads
 * or runs, so that one build has one digest, in its file and in memory, at any address and on any
 * processor: relocations, ftrace's sites, alternatives, paravirt calls, returns, retpolines, call-depth
 * sites, static calls and keys, sealed endbr, lock prefixes, constants filled in at the start.
 *
 * What is masked stands in tables of the packaged file alone (a kernel gives most of them back when it
 * has started): a module's .ko with its relocations; of the image the vmlinux inside vmlinuz, behind
 * which stand the addresses of what a move of the kernel changes (arch/x86/tools/relocs.c, read by
 * arch/x86/boot/compressed/misc.c, handle_relocations()). Of the running kernel those files are
 * /boot/vmlinuz-RELEASE or /usr/lib/modules/RELEASE/vmlinuz, and what
 * /usr/lib/modules/RELEASE/modules.dep names.
 */
#ifndef PATCHERD_DIGEST_H
#define PATCHERD_DIGEST_H

#include "function.h"
#include "kernel.h"
#include "sha256.h"

enum { DIGEST_TEXT_MAX = SHA256_TEXT_MAX };

/* The packaged files that were read, and the tables of an image, kept between questions. */
struct digests;
int digests_create(struct digests **out, struct fail *fail) MUST_CHECK;
void digests_destroy(struct digests *digests);
/* Forgets them: memory that is needed only now and then, and the image, before another takes its
 * place. */
void digests_forget(struct digests *digests);

/*
 * The digest of `function` of `kernel` as lower-case hexadecimal digits. -1: OUTCOME_GUARD: there is
 * no packaged file, it is of another build, or does not say what is rewritten: which file, and why;
 * OUTCOME_ERROR: it cannot be read.
 */
int digest_make(const struct kernel *kernel, const struct function *function,
		char out[DIGEST_TEXT_MAX], struct fail *fail) MUST_CHECK;

#endif
