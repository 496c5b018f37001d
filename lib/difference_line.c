/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * difference_line: numbers that are what __LINE__ was: constants that are handed to a function
 * together with the name of a source file, or to one that is known to take a line. They change with
 * each line that is added above, and say nothing of what the code does.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/difference_internal.h"

enum { BLOCK_MAX = 24, LINE_MAX_NUMBER = 1000000 };

/* Beginnings of names (kernel/sched/core.c, kernel/panic.c, kernel/locking/lockdep.c). */
static const char *const callees[] = {
	"__might_sleep", "___might_sleep", "__might_fault", "__might_resched", "warn_slowpath_",
	"lockdep_rcu_suspicious", "__btrfs_panic",
};

/* mov to a register or memory, push: how a parameter is handed over. */
static bool is_parameter(const struct insn_layout *layout)
{
	if (layout->immediate_size == 0 || layout->encoding != ENCODING_LEGACY || layout->map != 0)
		return false;
	return (layout->opcode & 0xf8) == 0xb8 || layout->opcode == 0xc7 ||
	       layout->opcode == 0x68 || layout->opcode == 0x6a;
}

static bool number_of(const struct view *view, int64_t *out)
{
	if (!is_parameter(&view->layout))
		return false;
	for (unsigned i = 0; i < view->reference_count; i++) {
		if (view->references[i].at == view->layout.immediate_at)
			return false;
	}
	*out = insn_number(view->bytes + view->layout.immediate_at, view->layout.immediate_size);
	return *out > 0 && *out < LINE_MAX_NUMBER;
}

static bool is_file_name(const struct spot *spot)
{
	const char *text = spot_string(spot);
	size_t length = text == NULL ? 0 : strlen(text);

	return length > 2 && text[length - 2] == '.' &&
	       (text[length - 1] == 'c' || text[length - 1] == 'h') && strchr(text, ' ') == NULL;
}

static bool takes_line(const struct side *side, const struct spot *spot)
{
	const char *name = spot->kind == SPOT_UNDEFINED ? spot->name :
			   spot->kind == SPOT_CODE ? side->functions[spot->index]->name : "";

	for (size_t i = 0; i < sizeof(callees) / sizeof(callees[0]); i++) {
		if (strncmp(name, callees[i], strlen(callees[i])) == 0)
			return true;
	}
	return false;
}

/* Whether a step hands over a file's name, or calls one that takes a line. */
static bool tells_line(const struct body *body, size_t step)
{
	struct view view;

	if (!step_view(body, step, &view))
		return false;
	for (unsigned i = 0; i < view.reference_count; i++) {
		if (is_file_name(&view.references[i].to) ||
		    (view.branch && takes_line(body->side, &view.references[i].to)))
			return true;
	}
	return false;
}

static enum insn_flow step_flow(const struct body *body, size_t step)
{
	return body->function.insns[body->steps[step].insn].flow;
}

/* In the straight line of code to the next call, or to the jump that is one, and back to the
 * last. */
static bool block_tells_line(const struct body *body, size_t step)
{
	for (size_t i = step; i < body->count && i - step < BLOCK_MAX; i++) {
		enum insn_flow flow = step_flow(body, i);

		if (tells_line(body, i))
			return true;
		if (flow != FLOW_NEXT)
			break;
	}
	for (size_t i = step; i > 0 && step - i < BLOCK_MAX; i--) {
		if (step_flow(body, i - 1) != FLOW_NEXT)
			break;
		if (tells_line(body, i - 1))
			return true;
	}
	return false;
}

bool step_is_line(const struct alignment *alignment, const struct hunk *hunk)
{
	int64_t a_number, b_number;
	struct view a, b;

	if (hunk->old_end - hunk->old_first != 1 || hunk->new_end - hunk->new_first != 1 ||
	    !step_view(&alignment->old, hunk->old_first, &a) ||
	    !step_view(&alignment->new, hunk->new_first, &b) ||
	    a.layout.length != b.layout.length || a.layout.immediate_at != b.layout.immediate_at ||
	    memcmp(a.bytes, b.bytes, a.layout.immediate_at) != 0 ||
	    !number_of(&a, &a_number) || !number_of(&b, &b_number))
		return false;
	return block_tells_line(&alignment->old, hunk->old_first) &&
	       block_tells_line(&alignment->new, hunk->new_first);
}
