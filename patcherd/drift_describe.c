/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "drift.h"
#include "where.h"

/* A message of many sites ends here: status shows them all. */
enum { LENGTH_MAX = 3000 };

char *drift_describe(const struct journal_entry *entry, const struct look_site *sites)
{
	char where[WHERE_MAX], new[BYTES_TEXT_MAX], found[BYTES_TEXT_MAX];
	size_t length = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &length);

	if (out == NULL)
		return NULL;
	for (size_t i = 0; i < entry->site_count; i++) {
		const struct journal_site *site = &entry->sites[i];

		/* the kernel sets variables, too */
		if (site->variable || sites[i].now == LOOK_NEW || sites[i].now == LOOK_GONE)
			continue;
		if (ftello(out) > LENGTH_MAX) {
			(void)fprintf(out, "; and more");
			break;
		}
		(void)fprintf(out, "%s%s: %s was written, and %s is there", ftello(out) == 0 ? "" : "; ",
			      where_print(site->module, site->symbol, site->offset, site->address,
					  where),
			      bytes_print(&site->replacement, new),
			      bytes_print(&sites[i].found, found));
		if (sites[i].now == LOOK_OLD)
			(void)fprintf(out, ", as before it");
	}
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}
