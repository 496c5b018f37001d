/* SPDX-License-Identifier: GPL-2.0-or-later */
/* yaml_scalar: text as YAML has it. Internal to spec_write. */
#ifndef PATCHERD_YAML_SCALAR_H
#define PATCHERD_YAML_SCALAR_H

#include <stdbool.h>
#include <stdio.h>

/* One scalar on one line: as it is where YAML and people read nothing else in it, else in double
 * quotes; always in quotes where `quotes`. */
void scalar_write(FILE *out, const char *text, bool quotes);
/* The value of a key at column `indent`: several lines as a literal block, else a scalar. Ends the
 * line. */
void paragraph_write(FILE *out, int indent, const char *text);

#endif
