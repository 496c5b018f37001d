/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "types_json.h"

#include "result.h"

static json_t *row_json(const struct type_row *row)
{
	bool bits = row->at.bit_size != 0;

	return json_pack("{s:I, s:o, s:o, s:I, s:I, s:o, s:o, s:b}",
			 "depth", (json_int_t)row->depth,
			 "type", result_text(row->type),
			 "name", row->name == NULL ? json_null() : result_text(row->name),
			 "offset", (json_int_t)row->at.offset,
			 "size", (json_int_t)row->at.size,
			 "bit_offset", bits ? json_integer(row->at.bit_offset) : json_null(),
			 "bit_size", bits ? json_integer(row->at.bit_size) : json_null(),
			 "opens", row->opens);
}

json_t *types_json(const struct type_layout *layout)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < layout->count; i++) {
		if (json_array_append_new(rows, row_json(&layout->rows[i])) != 0) {
			json_decref(rows);
			return NULL;
		}
	}
	return json_pack("{s:o}", "rows", rows);
}
