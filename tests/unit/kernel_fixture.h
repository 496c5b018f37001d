/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small kernel behind struct target, in memory that a forked child shares so that it
 * outlives a kill, with the ways a write can go wrong; modules; jobs that plan would have made;
 * and the log, kept for looking at.
 */
#ifndef PATCHERD_KERNEL_FIXTURE_H
#define PATCHERD_KERNEL_FIXTURE_H

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "journal_fixture.h"
#include "patcherd/log.h"
#include "module.h"
#include "target.h"

enum { KERNEL_BASE = 0x10000, KERNEL_SIZE = 32768, NEVER = 0 };

/* What goes wrong, at the n-th write from 1 (NEVER: at none). */
struct kernel_shared {
	uint8_t memory[KERNEL_SIZE];
	unsigned writes;		/* calls so far */
	unsigned refuse_from, refuse_to;	/* with refuse_code, nothing written */
	enum outcome refuse_code;
	size_t refuse_site;		/* report->failed */
	unsigned half_at;		/* only the first change is stored, then -1, written */
	unsigned nothing_at;		/* success, but nothing is stored */
	unsigned other_at;		/* success, but the first byte stored is 0xee */
	unsigned kill_before, kill_after;
	unsigned reload_after;		/* the module "nfs" is loaded anew */
	bool sick_after_write;		/* reads fail once anything was written */
	uint64_t unreadable;		/* an address that cannot be read; 0: none */
	uint64_t identity;		/* of the module "nfs"; 0: not loaded */
	char log[16384];
};

struct fake {
	struct target target;
	struct kernel_shared *shared;
	struct place_of_test *place;
	struct journal *journal;
};

/* look asks it; the tests' modules are not those of this machine. */
static struct fake *current;

int module_identity(const char *name, uint64_t *out, struct fail *fail)
{
	(void)fail;
	*out = strcmp(name, "nfs") == 0 ? current->shared->identity : 0;
	return 0;
}

void log_line(int priority, const struct log_about *about, const char *format, ...)
{
	char *log = current->shared->log;
	size_t size = sizeof(current->shared->log), length = strlen(log);
	char old[BYTES_TEXT_MAX] = "", new[BYTES_TEXT_MAX] = "";
	va_list arguments;

	if (about != NULL && about->old != NULL && about->replacement != NULL) {
		bytes_print(about->old, old);
		bytes_print(about->replacement, new);
	}
	length += (size_t)snprintf(log + length, size - length, "<%d>[%s %s %s %s %s %u]", priority,
				   about && about->patch ? about->patch : "",
				   about && about->outcome ? about->outcome : "",
				   about && about->site ? about->site : "", old, new,
				   about && about->caller ? about->caller->uid : 0);
	if (length >= size)
		return;
	va_start(arguments, format);
	length += (size_t)vsnprintf(log + length, size - length, format, arguments);
	va_end(arguments);
	if (length < size)
		(void)snprintf(log + length, size - length, "\n");
}

static inline uint8_t *at_address(struct fake *fake, uint64_t address)
{
	assert_in_range(address, KERNEL_BASE, KERNEL_BASE + KERNEL_SIZE - 1);
	return &fake->shared->memory[address - KERNEL_BASE];
}

static inline int fake_read(struct target *target, uint64_t address, void *buffer, size_t length,
			    const char *what, struct fail *fail)
{
	struct fake *fake = (struct fake *)target;

	if (address == fake->shared->unreadable ||
	    (fake->shared->sick_after_write && fake->shared->writes != 0))
		return fail_at(fail, OUTCOME_ERROR, address, "%s: the memory is ill", what);
	memcpy(buffer, at_address(fake, address), length);
	return 0;
}

static inline int fake_write(struct target *target, const struct target_change *changes,
			     size_t count, struct target_report *report, struct fail *fail)
{
	struct fake *fake = (struct fake *)target;
	struct kernel_shared *shared = fake->shared;
	unsigned call = ++shared->writes;

	if (call == shared->kill_before)
		(void)raise(SIGKILL);
	if (call >= shared->refuse_from && call <= shared->refuse_to) {
		report->failed = shared->refuse_site;
		return fail_set(fail, shared->refuse_code, "refused for the test");
	}
	for (size_t i = 0; i < count; i++) {
		assert_true(i == 0 || changes[i].address >=
			    changes[i - 1].address + changes[i - 1].length);
		if (memcmp(at_address(fake, changes[i].address), changes[i].expected,
			   changes[i].length) == 0)
			continue;
		report->failed = i;
		return fail_at(fail, OUTCOME_MISMATCH, changes[i].address, "other bytes");
	}
	report->written = true;
	report->stop_nanoseconds = 1234;
	for (size_t i = 0; i < count && call != shared->nothing_at; i++) {
		memcpy(at_address(fake, changes[i].address), changes[i].replacement,
		       changes[i].length);
		if (call == shared->half_at)
			return fail_set(fail, OUTCOME_ERROR, "broke down half way");
	}
	if (call == shared->other_at)
		*at_address(fake, changes[0].address) = 0xee;
	if (call == shared->reload_after)
		shared->identity++;
	if (call == shared->kill_after)
		(void)raise(SIGKILL);
	return 0;
}

static inline int kernel_setup(void **state)
{
	static const struct target_ops ops = { .read = fake_read, .write = fake_write };
	struct fake *fake = calloc(1, sizeof(*fake));
	void *place = NULL;

	if (fake == NULL || setup(&place) < 0)
		return -1;
	fake->place = place;
	fake->target.ops = &ops;
	fake->target.info = (struct target_info){
		.kind = "fake", .path = "memory", .architecture = ARCH_X86_64,
		.release = "6.1-test", .live = true, .writable = true,
	};
	fake->shared = mmap(NULL, sizeof(*fake->shared), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (fake->shared == MAP_FAILED)
		return -1;
	fake->shared->refuse_site = SIZE_MAX;
	fake->shared->identity = 4711;
	for (size_t i = 0; i < KERNEL_SIZE; i++)
		fake->shared->memory[i] = (uint8_t)(i & 0x7f);
	current = fake;
	fake->journal = opened(fake->place->path, BOOT_1);
	*state = fake;
	return 0;
}

static inline int kernel_teardown(void **state)
{
	struct fake *fake = *state;
	void *place = fake->place;

	journal_close(fake->journal);
	(void)teardown(&place);
	(void)munmap(fake->shared, sizeof(*fake->shared));
	free(fake);
	current = NULL;
	return 0;
}

static inline void journal_reopen(struct fake *fake)
{
	journal_close(fake->journal);
	fake->journal = NULL;	/* in case the next line ends the test */
	fake->journal = opened(fake->place->path, BOOT_1);
}

/* Runs `body` in a child, which must be killed on its way; the journal is opened anew after it. */
static inline void killed_in(struct fake *fake, void (*body)(struct fake *fake))
{
	int status;
	pid_t child;

	journal_close(fake->journal);
	fake->journal = NULL;
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		fake->journal = opened(fake->place->path, BOOT_1);
		body(fake);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	fake->shared->kill_before = fake->shared->kill_after = NEVER;
	fake->journal = opened(fake->place->path, BOOT_1);
}

#define KERNEL_TEST(function) \
	cmocka_unit_test_setup_teardown(function, kernel_setup, kernel_teardown)

#endif
