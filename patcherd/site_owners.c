/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "site_owners.h"

#include <inttypes.h>
#include <string.h>

#include "function.h"

/* Who traces a function changes its first instructions, and nothing behind them: that is worth
 * knowing, but no harm. Only a function that is traced has a detail of its ftrace's site. */
static bool is_tracer(const struct owner *owner)
{
	return owner->kind == OWNER_FTRACE && owner->detail != NULL;
}

static bool is_of_site(const struct owner *owner, const struct journal_site *site)
{
	return owner->policy != OWNER_SETTLED &&
	       (owner->policy != OWNER_ALLOWABLE || (site->allowed >> owner->kind & 1) == 0) &&
	       owner_touches(owner, site->address, site->address + site->replacement.length);
}

static void say(const struct owner *owner, const struct journal_site *site, bool of_site,
		struct fail *said)
{
	if (said->message[0] != '\0')
		fail_append(said, "\n");
	if (!of_site) {
		fail_append(said, "%s: %s", site->symbol, owner->detail);
		return;
	}
	fail_append(said, "these bytes are %s", owner_what(owner->kind));
	if (owner->detail != NULL)
		fail_append(said, " (%s)", owner->detail);
	fail_append(said, "; %s", owner_advice(owner));
}

int site_owners_judge(const struct owners *owners, const struct journal_site *site,
		      struct site_owners *out, struct fail *fail)
{
	for (size_t i = 0; i < owners->count; i++) {
		const struct owner *owner = &owners->items[i];
		bool of_site = is_of_site(owner, site);

		if (!of_site && !is_tracer(owner))
			continue;
		if (owners_add(&out->owners, owner->kind, owner->address, owner->end,
			       owner->detail, owner->advice, fail) != 0)
			return -1;
		out->owners.items[out->owners.count - 1].policy = owner->policy;
		say(owner, site, of_site, &out->said);
		/* A list that cannot be read is no news of these bytes. */
		out->attention |= of_site && owner->policy == OWNER_FORBIDDEN &&
				  owner->kind != OWNER_UNKNOWN;
	}
	return 0;
}

/* Modules of one name do not lie at one address: the name and the address are enough. */
static const struct symbol *find_symbol(const struct symtab *symtab,
					const struct journal_site *site)
{
	const struct symbol *symbol = NULL;

	do
		symbol = symtab_next(symtab, site->symbol, symbol);
	while (symbol != NULL && symbol->address != site->address - site->offset);
	return symbol;
}

static int function_owners(const struct kernel *kernel, const struct symbol *symbol,
			   struct owners *out, struct fail *fail)
{
	CLEANUP(function_deinit) struct function function = { .symbol = NULL };

	if (function_load(kernel->target, kernel->decoder, symbol, &function, fail) != 0)
		return -1;
	return hazard_owners(kernel, &function, out, fail);
}

static int ask(const struct kernel *kernel, const struct journal_site *site,
	       struct site_owners *out, struct fail *fail)
{
	CLEANUP(owners_deinit) struct owners owners = { .items = NULL };
	const struct symbol *symbol = find_symbol(kernel->symtab, site);

	if (symbol == NULL) {
		(void)fail_set(fail, OUTCOME_NOT_FOUND, "there is no symbol %s at 0x%" PRIx64,
			       site->symbol, site->address - site->offset);
		kernel_explain(kernel, fail);
		return -1;
	}
	if ((site->variable ? hazard_data(kernel, symbol, site->address, site->replacement.length,
					  &owners, fail) :
	     function_owners(kernel, symbol, &owners, fail)) != 0)
		return -1;
	return site_owners_judge(&owners, site, out, fail);
}

void site_owners_find(const struct kernel *kernel, const struct journal_site *site,
		      struct site_owners *out)
{
	struct fail fail;

	memset(out, 0, sizeof(*out));
	if (ask(kernel, site, out, &fail) == 0)
		out->known = true;
	else
		site_owners_unknown(&fail, out);
}

void site_owners_unknown(const struct fail *why, struct site_owners *out)
{
	site_owners_deinit(out);
	(void)fail_set(&out->said, why->code, "whose these bytes are is not known: %s",
		       why->message);
}

void site_owners_deinit(struct site_owners *owners)
{
	owners_deinit(&owners->owners);
	memset(owners, 0, sizeof(*owners));
}
