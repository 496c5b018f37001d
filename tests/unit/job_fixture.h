/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Jobs as spec and plan would have made them, for the fake kernel. */
#ifndef PATCHERD_JOB_FIXTURE_H
#define PATCHERD_JOB_FIXTURE_H

#include "patcherd/job.h"
#include "kernel_fixture.h"

/* A job of `count` sites of two bytes: the site n replaces what memory has at address + 16 n, and
 * byte by byte, by its complement. */
static inline struct job job_of(struct fake *fake, const char *name, const char *yaml,
				uint64_t address, size_t count)
{
	struct job job = { .source = "p.yaml", .yaml = yaml, .parsed = true, .planned = true };
	struct site *sites = calloc(count, sizeof(*sites));

	assert_non_null(sites);
	job.patch.name = strdup(name);
	job.patch.variants = calloc(1, sizeof(*job.patch.variants));
	assert_non_null(job.patch.variants);
	job.patch.variant_count = 1;
	job.patch.variants[0].sites = sites;
	job.patch.variants[0].site_count = count;
	job.plan.outcome = OUTCOME_APPLICABLE;
	job.plan.site_count = count;
	job.plan.sites = calloc(count, sizeof(*job.plan.sites));
	assert_non_null(job.plan.sites);
	for (size_t i = 0; i < count; i++) {
		struct site_plan *plan = &job.plan.sites[i];

		sites[i].symbol = strdup("nfs_flock");
		sites[i].offset = 0x20 + i;
		plan->site = &sites[i];
		plan->outcome = OUTCOME_APPLICABLE;
		plan->located = true;
		plan->symbol = strdup(sites[i].symbol);
		plan->offset = sites[i].offset;
		plan->address = address + 16 * i;
		plan->found.bytes.length = plan->replacement.bytes.length = 2;
		for (size_t j = 0; j < 2; j++) {
			plan->found.bytes.data[j] = *at_address(fake, plan->address + j);
			plan->replacement.bytes.data[j] = plan->found.bytes.data[j] ^ 0xff;
		}
	}
	return job;
}

/* The site n is the module nfs's, as it is loaded now. */
static inline void in_module(struct fake *fake, struct job *job, size_t n)
{
	job->plan.sites[n].module = strdup("nfs");
	job->plan.sites[n].module_identity = fake->shared->identity;
}

static inline void job_free(struct job *job)
{
	plan_deinit(&job->plan);
	patch_deinit(&job->patch);
}

enum holds { HOLDS_OLD, HOLDS_NEW, HOLDS_OTHER };

/* What memory has at a site that job_of() made. */
static inline enum holds holds(struct fake *fake, uint64_t address)
{
	uint8_t old[2] = { (uint8_t)((address - KERNEL_BASE) & 0x7f),
			   (uint8_t)((address + 1 - KERNEL_BASE) & 0x7f) };
	const uint8_t *now = at_address(fake, address);

	if (now[0] == old[0] && now[1] == old[1])
		return HOLDS_OLD;
	return (now[0] ^ old[0]) == 0xff && (now[1] ^ old[1]) == 0xff ? HOLDS_NEW : HOLDS_OTHER;
}

/* Writes as nobody of ours does. */
static inline void scribble(struct fake *fake, uint64_t address, uint8_t byte)
{
	*at_address(fake, address) = byte;
}

#endif
