/* SPDX-License-Identifier: GPL-2.0-or-later */
/* result_symbols: the answer of Symbols. */
#include "result.h"

#include <fnmatch.h>
#include <string.h>

/* More than that nobody reads, and a message has its limit. */
enum { SYMBOLS_MAX = 10000 };

static json_t *symbol_json(const struct symbol *symbol)
{
	char type[2] = { symbol->type, '\0' };

	return json_pack("{s:o, s:o, s:o, s:I, s:s}", "name", result_text(symbol->name),
			 "module", result_text(symbol->module),
			 "address", result_address(symbol->address),
			 "size", (json_int_t)(symbol->size > INT64_MAX ? INT64_MAX : symbol->size),
			 "type", type);
}

static bool wanted(const struct symbol *symbol, const char *pattern, const char *module)
{
	if (module != NULL && (symbol->module == NULL ||
			       !module_name_equal(symbol->module, module)))
		return false;
	return fnmatch(pattern, symbol->name, 0) == 0;
}

json_t *result_symbols(const struct symtab *symtab, const char *pattern, const char *module,
		       const struct target_info *info)
{
	json_t *list = json_array();
	json_int_t more = 0;

	for (size_t i = 0; i < symtab_count(symtab); i++) {
		const struct symbol *symbol = symtab_item(symtab, i);

		if (!wanted(symbol, pattern, module))
			continue;
		if (json_array_size(list) == SYMBOLS_MAX) {
			more++;
		} else if (json_array_append_new(list, symbol_json(symbol)) != 0) {
			json_decref(list);
			return NULL;
		}
	}
	return json_pack("{s:o, s:I, s:o}", "symbols", list, "more", more,
			 "target", result_target(info));
}
