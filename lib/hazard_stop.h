/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hazard_stop: what the CPUs run while they are stopped for a change of text. Internal to
 * lib/hazard*.c.
 *
 * It is what multi_cpu_stop() (kernel/stop_machine.c) and the callback of our module,
 * stopped() [patcher_kmem], reach by direct calls and by jumps out of a function, found by decoding;
 * and all of that module: on 6.1 and 6.12 about 20 functions, among them vmalloc_to_page(),
 * ktime_get_raw_fast_ns(), the watchdogs' touch_…() and RCU's momentary idling, and on i386 about 40,
 * as it maps page tables there. Not followed is what is called when it has come to the worst (panic,
 * a WARN's message), RCU's report of the end of a grace period, and what switches tasks. Indirect calls cannot be: ktime_get_raw_fast_ns() reads the clock by a pointer
 * (kernel/time/timekeeping.c), and function tracing calls its tracers from multi_cpu_stop().
 * Of an image it is multi_cpu_stop() alone: a file's calls are not those of memory.
 */
#ifndef PATCHERD_HAZARD_STOP_H
#define PATCHERD_HAZARD_STOP_H

#include "hazard.h"

/* Of kernels that are made to be debugged it may be some hundred. */
enum { STOP_FUNCTIONS_MAX = 1000 };

/* Where the functions start. All zero: not looked for yet, which it is again when text changes. */
struct hazard_stop {
	bool known;
	uint64_t addresses[STOP_FUNCTIONS_MAX];
	size_t count;
};

/* Adds an owner of the whole function if it is run in the stop. */
int hazard_stop(struct hazard_stop *stop, const struct kernel *kernel,
		const struct function *function, struct owners *out, struct fail *fail) MUST_CHECK;

#endif
