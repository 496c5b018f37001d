/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "patch.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool bytes_equal(const struct bytes *a, const struct bytes *b)
{
	return a->length == b->length && memcmp(a->data, b->data, a->length) == 0;
}

const char *bytes_print(const struct bytes *bytes, char out[BYTES_TEXT_MAX])
{
	static const char digits[] = "0123456789abcdef";
	char *at = out;

	for (size_t i = 0; i < bytes->length; i++) {
		if (i > 0)
			*at++ = ' ';
		*at++ = digits[bytes->data[i] >> 4];
		*at++ = digits[bytes->data[i] & 0xf];
	}
	*at = '\0';
	return out;
}

static int hex_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	digit = (char)tolower((unsigned char)digit);
	return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

bool bytes_parse(const char *text, struct bytes *out, const char **why)
{
	struct bytes bytes = { .length = 0 };

	while (*text != '\0') {
		if (*text == ' ') {
			text++;
			continue;
		}
		int high = hex_value(text[0]);
		int low = high < 0 ? -1 : hex_value(text[1]);

		if (low < 0) {
			*why = "expected pairs of hexadecimal digits, like \"74 39\"";
			return false;
		}
		if (bytes.length == BYTES_MAX) {
			*why = "more than 64 bytes";
			return false;
		}
		bytes.data[bytes.length++] = (uint8_t)(high << 4 | low);
		text += 2;
	}
	if (bytes.length == 0) {
		*why = "no bytes at all";
		return false;
	}
	*out = bytes;
	return true;
}

int strings_add(struct strings *strings, const char *text)
{
	char **items = reallocarray(strings->items, strings->count + 1, sizeof(*items));

	if (items == NULL)
		return -1;
	strings->items = items;
	items[strings->count] = strdup(text);
	if (items[strings->count] == NULL)
		return -1;
	strings->count++;
	return 0;
}

bool strings_have(const struct strings *strings, const char *text)
{
	for (size_t i = 0; i < strings->count; i++) {
		if (strcmp(strings->items[i], text) == 0)
			return true;
	}
	return false;
}

void strings_deinit(struct strings *strings)
{
	for (size_t i = 0; i < strings->count; i++)
		free(strings->items[i]);
	free(strings->items);
	memset(strings, 0, sizeof(*strings));
}

static void conditions_deinit(struct conditions *conditions)
{
	strings_deinit(&conditions->releases);
	strings_deinit(&conditions->build_ids);
}

static void site_deinit(struct site *site)
{
	free(site->symbol);
	free(site->module);
	for (size_t i = 0; i < site->pattern_count; i++) {
		for (size_t j = 0; j < site->patterns[i].count; j++)
			free(site->patterns[i].lines[j].text);
		free(site->patterns[i].lines);
	}
	free(site->patterns);
	free(site->expect.assembler);
	free(site->operation.target);
	free(site->digest);
	for (size_t i = 0; i < site->allow_count; i++)
		free(site->allow[i].reason);
	free(site->allow);
}

void variant_deinit(struct variant *variant)
{
	conditions_deinit(&variant->when);
	for (size_t i = 0; i < variant->site_count; i++)
		site_deinit(&variant->sites[i]);
	free(variant->sites);
	memset(variant, 0, sizeof(*variant));
}

static void requirements_deinit(struct requirements *requires)
{
	strings_deinit(&requires->symbols);
	for (size_t i = 0; i < requires->type_count; i++)
		free(requires->types[i].name);
	free(requires->types);
	strings_deinit(&requires->module_build_ids);
}

void patch_deinit(struct patch *patch)
{
	free(patch->source);
	free(patch->name);
	free(patch->summary);
	free(patch->description);
	conditions_deinit(&patch->kernel);
	requirements_deinit(&patch->requires);
	strings_deinit(&patch->replaces);
	for (size_t i = 0; i < patch->variant_count; i++)
		variant_deinit(&patch->variants[i]);
	free(patch->variants);
	memset(patch, 0, sizeof(*patch));
}

static void site_plan_deinit(struct site_plan *site)
{
	free(site->message);
	free(site->symbol);
	free(site->module);
	free(site->expected.assembler);
	free(site->found.assembler);
	free(site->replacement.assembler);
	for (size_t i = 0; i < site->line_count; i++)
		free(site->lines[i].assembler);
	free(site->lines);
}

void plan_deinit(struct plan *plan)
{
	free(plan->message);
	for (size_t i = 0; i < plan->site_count; i++)
		site_plan_deinit(&plan->sites[i]);
	free(plan->sites);
	strings_deinit(&plan->warnings);
	memset(plan, 0, sizeof(*plan));
}
