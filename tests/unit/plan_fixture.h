/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small kernel in memory, of x86-64, for patches to be planned against. Include cmocka.h first. */
#ifndef PATCHERD_PLAN_FIXTURE_H
#define PATCHERD_PLAN_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "file_fixture.h"
#include "hazard.h"
#include "plan.h"
#include "types.h"

static const uint64_t base = 0xffffffff81000000;

struct memory {
	struct target target;
	uint8_t text[0x400];
	size_t size;
	uint64_t hole;		/* offset of what cannot be read; 0: nothing */
};

struct fixture {
	struct memory memory;
	struct symtab *symtab;
	struct decoder *decoder;
	struct kernel kernel;
	struct hazards *hazards;
	struct types *types;
	struct site sites[4];
	struct variant variants[2];
	struct patch patch;
	struct plan plan;
	struct fail fail;
};

static inline int memory_read(struct target *target, uint64_t address, void *buffer, size_t length,
		       const char *what, struct fail *fail)
{
	struct memory *memory = (struct memory *)target;

	if (address < base || address - base > memory->size ||
	    (memory->hole != 0 && address - base == memory->hole) ||
	    length > memory->size - (address - base))
		return fail_at(fail, OUTCOME_ERROR, address, "%s is not there", what);
	memcpy(buffer, memory->text + (address - base), length);
	return 0;
}

static const struct target_ops memory_ops = { .read = memory_read };

/* The types of raw BTF that `fill` makes; NULL: none. */
static inline void plan_fixture_types(struct fixture *f, void (*fill)(struct btf *btf))
{
	struct btf *btf = btf__new_empty();
	const void *raw;
	uint32_t size;

	assert_non_null(btf);
	if (fill != NULL)
		fill(btf);
	raw = btf__raw_data(btf, &size);
	assert_non_null(raw);
	types_destroy(f->types);
	if (types_create_image(NULL, "kernel", fill == NULL ? NULL : raw, fill == NULL ? 0 : size,
			       "btf", &f->types, &f->fail) != 0)
		fail_msg("%s", f->fail.message);
	btf__free(btf);
	f->kernel.types = f->types;
}

static inline struct fixture *plan_fixture_make(const uint8_t *text, size_t size,
						const char *symbols)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct file file = file_text(symbols);

	assert_non_null(f);
	assert_true(size <= sizeof(f->memory.text));
	if (symtab_load_system_map(file.path, &f->symtab, &f->fail) != 0)
		fail_msg("%s", f->fail.message);
	file_close(&file);
	assert_int_equal(decoder_create(ARCH_X86_64, &f->decoder, &f->fail), 0);
	memcpy(f->memory.text, text, size);
	f->memory.size = size;
	f->memory.target.ops = &memory_ops;
	f->memory.target.info = (struct target_info){ .kind = "image", .release = "6.1.0-test" };
	assert_int_equal(hazards_create(&f->hazards, &f->fail), 0);
	f->kernel = (struct kernel){ .target = &f->memory.target, .symtab = f->symtab,
				     .hazards = f->hazards, .decoder = f->decoder };
	plan_fixture_types(f, NULL);
	f->variants[0] = (struct variant){ .sites = f->sites, .site_count = 1 };
	f->variants[1] = (struct variant){ .sites = f->sites + 2, .site_count = 1 };
	f->patch = (struct patch){ .source = (char *)"t.yaml", .name = (char *)"t",
				   .summary = (char *)"t", .variants = f->variants,
				   .variant_count = 1 };
	return f;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;

	plan_deinit(&f->plan);
	hazards_destroy(f->hazards);
	types_destroy(f->types);
	symtab_destroy(f->symtab);
	decoder_destroy(f->decoder);
	free(f);
	return 0;
}

static inline struct bytes bytes_of(const char *hex)
{
	struct bytes bytes = { .length = 0 };
	const char *why = NULL;

	if (*hex != '\0' && !bytes_parse(hex, &bytes, &why))
		fail_msg("%s: %s", hex, why);
	return bytes;
}

static inline enum outcome planned(struct fixture *f)
{
	plan_deinit(&f->plan);
	assert_int_equal(plan_make(&f->kernel, &f->patch, &f->plan, &f->fail), 0);
	return f->plan.outcome;
}

static inline enum outcome planned_site(struct fixture *f, struct site site)
{
	f->sites[0] = site;
	return planned(f);
}

#define assert_outcome(got, want) assert_string_equal(outcome_name(got), outcome_name(want))
#define assert_says(f, part) \
	do { \
		assert_non_null((f)->plan.message); \
		if (strstr((f)->plan.message, part) == NULL) \
			fail_msg("\"%s\" is not in: %s", part, (f)->plan.message); \
	} while (0)
#define unit(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
