/* SPDX-License-Identifier: GPL-2.0-or-later */
/* errno_name: Linux's error numbers by their names. */
#ifndef PATCHERD_ERRNO_NAME_H
#define PATCHERD_ERRNO_NAME_H

#include <stdbool.h>

/* "EPERM": 1. Those that programs know, of include/uapi/asm-generic/errno.h; false: none of them. */
bool errno_parse(const char *name, int *out);

#endif
