/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reply: what all methods answer with. Each takes over the JSON it is given, and returns a new
 * reference, NULL when memory ran out or what it was given is NULL. */
#ifndef PATCHERD_REPLY_H
#define PATCHERD_REPLY_H

#include <jansson.h>

#include "fail.h"

json_t *reply_with(json_t *parameters);
/* `error` is "io.patcherd.Refused" and the like. */
json_t *reply_error(const char *error, json_t *parameters);
/* An error whose only parameter is a text. */
json_t *reply_error_text(const char *error, const char *parameter, const char *text);
/* io.patcherd.Failed */
json_t *reply_failed(const struct fail *fail);
json_t *reply_invalid(const char *parameter);
/* What a request for writing that failed with `fail` ends in: Busy, Incomplete(results) or
 * Refused(results). */
json_t *reply_refused(const struct fail *fail, json_t *results);

#endif
