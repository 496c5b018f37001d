/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "armed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon.h"
#include "log.h"
#include "methods.h"
#include "module.h"

static void patch_deinit_one(struct armed_patch *patch)
{
	free(patch->patch);
	free(patch->why);
	memset(patch, 0, sizeof(*patch));
}

void armed_deinit(struct armed *armed)
{
	for (size_t i = 0; i < armed->count; i++)
		patch_deinit_one(&armed->items[i]);
	free(armed->items);
	memset(armed, 0, sizeof(*armed));
}

/* What the journal has, and what one look at the modules found. */
struct look {
	struct journal_armed *rows;
	size_t count;
	struct modules modules;
};

static void look_deinit(struct look *look)
{
	for (size_t i = 0; i < look->count; i++)
		journal_armed_deinit(&look->rows[i]);
	free(look->rows);
	modules_deinit(&look->modules);
}

static bool is_row(const struct armed_patch *patch, const struct journal_armed *row)
{
	return patch->since == row->since && strcmp(patch->patch, row->patch) == 0;
}

static const struct armed_patch *armed_find(const struct armed *armed,
					    const struct journal_armed *row)
{
	for (size_t i = 0; i < armed->count; i++) {
		if (is_row(&armed->items[i], row))
			return &armed->items[i];
	}
	return NULL;
}

/* One of ours for each of the journal's, in its order, with what was known of it. */
static int armed_renew(struct armed *armed, const struct look *look, struct fail *fail)
{
	struct armed renewed = {
		.items = calloc(look->count + 1, sizeof(*renewed.items)), .looked = armed->looked,
	};

	if (renewed.items == NULL)
		return fail_memory(fail, "armed patches");
	for (size_t i = 0; i < look->count; i++) {
		const struct journal_armed *row = &look->rows[i];
		struct armed_patch *known = (struct armed_patch *)armed_find(armed, row);
		struct armed_patch *item = &renewed.items[renewed.count++];

		if (known != NULL) {
			*item = *known;
			memset(known, 0, sizeof(*known));
		} else {
			item->patch = strdup(row->patch);
			item->since = row->since;
		}
		if (item->patch == NULL) {
			armed_deinit(&renewed);
			return fail_memory(fail, "armed patches");
		}
	}
	armed_deinit(armed);
	*armed = renewed;
	return 0;
}

static int facts_make(const struct daemon *daemon, const struct modules *modules,
		      const struct journal_armed *row, const struct armed_patch *known,
		      const struct journal_entry *newest, struct armed_facts *out, struct fail *fail)
{
	const struct module *module = modules_find(modules, row->module);

	*out = (struct armed_facts){
		.since = row->since, .refused = known == NULL ? 0 : known->refused,
	};
	if (newest != NULL && strcmp(newest->boot_id, daemon->boot_id) == 0)
		out->entry = newest;
	if (module == NULL)
		return 0;
	out->module = module->live ? ARMED_LIVE : ARMED_CHANGING;
	return module_identity(module->name, &out->identity, fail);
}

/* *identity: of the load of its module, see module.h. */
static int state_find(const struct daemon *daemon, const struct modules *modules,
		      const struct journal_armed *row, const struct armed_patch *known,
		      enum armed_state *out, bool *try, uint64_t *identity, struct fail *fail)
{
	struct journal_entry *entries = NULL;
	struct armed_facts facts;
	size_t count = 0;
	int result;

	if (journal_latest(daemon->journal, row->patch, &entries, &count, fail) < 0)
		return -1;
	result = facts_make(daemon, modules, row, known, count > 0 ? entries : NULL, &facts, fail);
	if (result == 0) {
		*out = armed_state_of(&facts, try);
		*identity = facts.identity;
	}
	journal_entries_free(entries, count);
	return result;
}

int armed_state_now(const struct daemon *daemon, const struct journal_armed *patch,
		    enum armed_state *out, char **why, struct fail *fail)
{
	CLEANUP(modules_deinit) struct modules modules = { .count = 0 };
	const struct armed_patch *known = armed_find(&daemon->armed, patch);
	uint64_t identity;
	bool try;

	*why = NULL;
	if (modules_load(&modules, fail) < 0 ||
	    state_find(daemon, &modules, patch, known, out, &try, &identity, fail) != 0)
		return -1;
	if (*out == ARMED_FAILED)
		*why = strdup(known != NULL && known->why != NULL ? known->why :
			      "it was tried in vain, or undone, since its module came");
	return 0;
}

/* The outcome of the one patch of a reply, and what is said of it, borrowed from the reply. */
static enum outcome reply_outcome(const json_t *reply, const char **message)
{
	const json_t *parameters = json_object_get(reply, "parameters");
	const json_t *result = json_array_get(json_object_get(parameters, "results"), 0);
	const char *error = json_string_value(json_object_get(reply, "error"));
	const char *word = json_string_value(json_object_get(result, "outcome"));
	enum outcome outcome;

	*message = json_string_value(json_object_get(result != NULL ? result : parameters,
						     "message"));
	if (word != NULL && outcome_parse(word, &outcome))
		return outcome;
	return error != NULL && strcmp(error, "io.patcherd.Busy") == 0 ? OUTCOME_BUSY :
	       OUTCOME_ERROR;
}

/* By the way of any request, so that it is proved, claimed, journalled and told like one, of whoever
 * armed it. */
static void apply(struct daemon *daemon, const struct journal_armed *row, uint64_t identity,
		  struct armed_patch *patch, bool *again)
{
	json_t *patches = json_pack("[{s:s, s:s}]", "name", row->source, "yaml", row->yaml);
	json_t *const values[METHOD_PARAMETERS] = { [APPLY_PATCHES] = patches };
	const char *message = NULL;
	json_t *reply;
	enum outcome outcome;

	log_line(LOG_NOTICE, &(struct log_about){ .patch = row->patch, .caller = &row->caller },
		 "module %s is loaded: applying what was armed for it", row->module);
	reply = patches == NULL ? NULL : method_apply(daemon, &row->caller, values);
	outcome = reply_outcome(reply, &message);
	free(patch->why);
	patch->why = NULL;
	if (outcome == OUTCOME_APPLIED) {
		patch->told = ARMED_APPLIED;
	} else if (reply == NULL || outcome == OUTCOME_BUSY) {
		*again = true;
	} else {
		patch->refused = identity;
		patch->told = ARMED_FAILED;
		if (asprintf(&patch->why, "when its module came it was refused: %s: %s",
			     outcome_name(outcome), message == NULL ? "" : message) < 0)
			patch->why = NULL;
	}
	json_decref(reply);
	json_decref(patches);
}

static void tell_gone(struct daemon *daemon, const struct journal_armed *row)
{
	char text[160];

	(void)snprintf(text, sizeof(text), "module %.64s was unloaded: the patch is applied again when "
		       "it returns", row->module);
	daemon_note(daemon, &row->caller, "unload", row->patch, OUTCOME_ARMED, text);
}

/* A patch that was applied just now may have taken its place. */
static int still_armed(struct journal *journal, const struct journal_armed *row, bool *out,
		       struct fail *fail)
{
	struct journal_armed *now = NULL;
	size_t count = 0;

	if (journal_armed(journal, row->patch, &now, &count, fail) < 0)
		return -1;
	*out = count > 0 && now->since == row->since;
	for (size_t i = 0; i < count; i++)
		journal_armed_deinit(&now[i]);
	free(now);
	return 0;
}

static int look_at(struct daemon *daemon, const struct look *look, size_t index, bool *again,
		   struct fail *fail)
{
	const struct journal_armed *row = &look->rows[index];
	struct armed_patch *patch = &daemon->armed.items[index];
	enum armed_state state;
	uint64_t identity;
	bool try, armed;

	if (still_armed(daemon->journal, row, &armed, fail) < 0)
		return -1;
	if (!armed)
		return 0;
	if (state_find(daemon, &look->modules, row, patch, &state, &try, &identity, fail) != 0)
		return -1;
	if (state == ARMED_WAITING && patch->told != ARMED_WAITING && daemon->armed.looked)
		tell_gone(daemon, row);
	patch->told = state;
	if (try)
		apply(daemon, row, identity, patch, again);
	return 0;
}

static int look_all(struct daemon *daemon, bool *again, struct fail *fail)
{
	CLEANUP(look_deinit) struct look look = { .count = 0 };

	if (journal_armed(daemon->journal, NULL, &look.rows, &look.count, fail) < 0 ||
	    armed_renew(&daemon->armed, &look, fail) < 0)
		return -1;
	if (look.count == 0)
		return 0;
	if (modules_load(&look.modules, fail) < 0)
		return -1;
	for (size_t i = 0; i < look.count; i++) {
		if (look_at(daemon, &look, i, again, fail) < 0)
			return -1;
	}
	return 0;
}

void armed_look(struct daemon *daemon, bool *again)
{
	struct fail fail;

	*again = false;
	if (daemon->journal == NULL)
		return;
	if (look_all(daemon, again, &fail) == 0) {
		daemon->armed.looked = true;
		return;
	}
	log_line(LOG_ERR, NULL, "the armed patches were not compared with the modules: %s",
		 fail.message);
}
