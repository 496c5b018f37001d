/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "insn_known.h"

#include <string.h>

#include "insn_operand.h"

static void key_make(const struct insn_layout *layout, const struct insn *insn,
		     uint8_t out[INSN_MAX + 1])
{
	memset(out, 0, INSN_MAX + 1);
	memcpy(out, insn->bytes, insn->length);
	if (insn->has_target)
		memset(out + layout->immediate_at, 0, layout->immediate_size);
	out[INSN_MAX] = insn->length;
}

static size_t key_index(const uint8_t key[INSN_MAX + 1])
{
	uint64_t words[2];

	memcpy(words, key, sizeof(words));
	words[0] = (words[0] ^ words[1] * UINT64_C(0x9e3779b97f4a7c15)) *
		   UINT64_C(0xff51afd7ed558ccd);
	return (size_t)(words[0] >> (64 - KNOWN_BITS));
}

static void target_print(struct insn *insn)
{
	struct text text = { insn->operands, insn->operands + sizeof(insn->operands), false };

	text_put_number(&text, insn->target);	/* it always fits */
}

bool known_find(const struct known_insns *known, const struct insn_layout *layout,
		struct insn *insn)
{
	const struct known_insn *item;
	uint8_t key[INSN_MAX + 1];
	size_t length;

	key_make(layout, insn, key);
	item = &known->items[key_index(key)];
	if (memcmp(item->bytes, key, sizeof(key)) != 0)
		return false;
	length = strlen(item->text);
	memcpy(insn->mnemonic, item->text, length + 1);
	if (insn->has_target)
		target_print(insn);
	else
		memcpy(insn->operands, item->text + length + 1,
		       strlen(item->text + length + 1) + 1);
	return true;
}

void known_keep(struct known_insns *known, const struct insn_layout *layout,
		const struct insn *insn)
{
	size_t length = strlen(insn->mnemonic) + 1, rest = strlen(insn->operands) + 1;
	struct known_insn *item;
	uint8_t key[INSN_MAX + 1];
	struct insn again;

	if (insn->has_target) {
		again.target = insn->target;
		target_print(&again);
		if (strcmp(again.operands, insn->operands) != 0)
			return;
		rest = 0;
	}
	if (length + rest > sizeof(item->text))
		return;
	key_make(layout, insn, key);
	item = &known->items[key_index(key)];
	memcpy(item->bytes, key, sizeof(key));
	memcpy(item->text, insn->mnemonic, length);
	memcpy(item->text + length, insn->operands, rest);
}
