/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hazard_symbol: what a symbol alone tells. Internal to lib/hazard*.c. */
#ifndef PATCHERD_HAZARD_SYMBOL_H
#define PATCHERD_HAZARD_SYMBOL_H

#include "symtab.h"

/* Whether the kernel gave the memory back when it had started. */
bool hazard_given_back(const struct symtab *symtab, const struct symbol *symbol);

#endif
