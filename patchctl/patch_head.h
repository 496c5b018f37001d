/* SPDX-License-Identifier: GPL-2.0-or-later */
/* patch_head: what stands above the sites of a patch that patchctl makes. */
#ifndef PATCHCTL_PATCH_HEAD_H
#define PATCHCTL_PATCH_HEAD_H

#include "patch.h"

/* An empty patch with one variant, of that architecture. It has a name and a summary for the time
 * being. */
int patch_begin(struct patch *out, enum architecture arch, struct fail *fail) MUST_CHECK;
/* Its name; its description, cut where it is too long; its summary by `format`. */
int patch_head(struct patch *patch, const char *name, const char *description,
	       struct fail *fail, const char *format, ...)
	__attribute__((format(printf, 5, 6))) MUST_CHECK;
/* A name made of the file's, between two words which may be "": "derived-file", "file-drift". */
enum { PATCH_NAME_SIZE = 65 };
const char *patch_name_make(const char *before, const char *file, const char *after,
			    char out[PATCH_NAME_SIZE]);
/* -1: it has more sites than a patch of `file` can have, and `advice`, what to do. */
int patch_sites_check(const struct patch *patch, const char *file, const char *advice,
		      struct fail *fail) MUST_CHECK;
/* Whether --name and --module are what a patch can say; 0, or the exit status, having said what
 * not. */
struct options;
int patch_names_check(const struct options *options);
/* Behind the last slash. */
const char *file_name(const char *path);

#endif
