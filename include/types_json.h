/* SPDX-License-Identifier: GPL-2.0-or-later */
/* types_json: a type's layout as io.patcherd's Types answers with it. */
#ifndef PATCHERD_TYPES_JSON_H
#define PATCHERD_TYPES_JSON_H

#include <jansson.h>

#include "types.h"

/* {"rows": […]}, a new reference; NULL: memory ran out. */
json_t *types_json(const struct type_layout *layout);

#endif
