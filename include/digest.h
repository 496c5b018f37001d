/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * digest: SHA-256 of a function's bytes with everything masked that the kernel rewrites when it loads
 * or runs, so that one build has one digest, in its file and in memory, at any address and on any
 * processor: relocations, ftrace's sites, alternatives, paravirt calls, returns, retpolines, call-depth
 * sites, static calls and keys, sealed endbr, lock prefixes.
 *
 * What is masked stands in the packaged file's tables alone (a kernel gives most of them back after
 * its start): the module's .ko with its relocations; of the image the vmlinux inside vmlinuz, behind
 * which the addresses stand that a move of the kernel changes (arch/x86/boot/compressed/misc.c,
 * handle_relocations; arch/x86/tools/relocs.c).
 */
#ifndef PATCHERD_DIGEST_H
#define PATCHERD_DIGEST_H

#include "elf_file.h"
#include "function.h"
#include "kernel.h"

enum { DIGEST_TEXT_MAX = 65 };

/*
 * The digest of `function` of `kernel`, running or in a file, by the tables of `package`: the file that
 * the function's module, or the kernel image, was loaded from (of an image: the image itself). Its
 * build-id must be the one in memory. `relocations`, `relocation_bytes`: what stands behind the
 * vmlinux in a vmlinuz; NULL, 0: none.
 * -1: OUTCOME_GUARD: `package` is another build's, or has no tables by which to tell (what is missing);
 * OUTCOME_NOT_FOUND: it has no such function.
 */
int digest_make(const struct kernel *kernel, const struct function *function,
		const struct elf_file *package, const uint8_t *relocations, size_t relocation_bytes,
		char out[DIGEST_TEXT_MAX], struct fail *fail) MUST_CHECK;

/* Where a distribution has the file that the running kernel's image (`module` NULL) or a module was
 * loaded from: /boot/vmlinuz-RELEASE or /usr/lib/modules/RELEASE/vmlinuz; for a module, by
 * /lib/modules/RELEASE/modules.dep. -1: OUTCOME_GUARD: there is none; the places are said. */
int digest_package(const char *release, const char *module, char *out, size_t size,
		   struct fail *fail) MUST_CHECK;

#endif
