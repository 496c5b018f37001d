/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target.h"

#include <inttypes.h>

#include "patch.h"

/* No symbol of a kernel is as large as this; what asks for more took a wrong turn. */
enum { READ_MAX = 64 * 1024 * 1024 };

void target_close(struct target *target)
{
	if (target != NULL)
		target->ops->close(target);
}

static int check_range(const struct target *target, uint64_t address, size_t length,
		       const char *what, struct fail *fail)
{
	uint64_t last = arch_pointer_size(target->info.architecture) == 8 ? UINT64_MAX : UINT32_MAX;

	if (length == 0 || address > last || length - 1 > last - address)
		return fail_at(fail, OUTCOME_ERROR, address, "%s: %zu bytes at 0x%" PRIx64 " are "
			       "no range of addresses of this kernel", what, length, address);
	return 0;
}

int target_read(struct target *target, uint64_t address, void *buffer, size_t length,
		const char *what, struct fail *fail)
{
	if (check_range(target, address, length, what, fail) != 0)
		return -1;
	if (length > READ_MAX)
		return fail_at(fail, OUTCOME_ERROR, address, "%s: %zu bytes at 0x%" PRIx64 " are "
			       "too many to be read at once", what, length, address);
	return target->ops->read(target, address, buffer, length, what, fail);
}

static int check_changes(const struct target *target, const struct target_change *changes,
			 size_t count, size_t *failed, struct fail *fail)
{
	if (target->ops->write == NULL)
		return fail_set(fail, OUTCOME_NOT_WRITABLE, "%s: a target of kind %s can only be "
				"read", target->info.path, target->info.kind);
	for (size_t i = 0; i < count; i++) {
		if (changes[i].length <= BYTES_MAX &&
		    check_range(target, changes[i].address, changes[i].length, "a change",
				fail) == 0)
			continue;
		*failed = i;
		return fail_at(fail, OUTCOME_ERROR, changes[i].address,
			       "a change of %zu bytes at 0x%" PRIx64 ": it must be 1 to %d "
			       "bytes within the kernel's addresses",
			       changes[i].length, changes[i].address, BYTES_MAX);
	}
	return 0;
}

int target_reference(struct target *target, uint64_t address, uint64_t *out, struct fail *fail)
{
	return target->ops->reference == NULL ? 0 :
	       target->ops->reference(target, address, out, fail);
}

int target_check(struct target *target, const struct target_change *changes, size_t count,
		 const struct cpus *away, size_t *failed, struct fail *fail)
{
	*failed = SIZE_MAX;
	if (check_changes(target, changes, count, failed, fail) != 0)
		return -1;
	return target->ops->check == NULL ? 0 :
	       target->ops->check(target, changes, count, away, failed, fail);
}

int target_write(struct target *target, const struct target_change *changes, size_t count,
		 struct target_report *report, struct fail *fail)
{
	*report = (struct target_report){ .failed = SIZE_MAX };
	if (check_changes(target, changes, count, &report->failed, fail) != 0)
		return -1;
	return target->ops->write(target, changes, count, report, fail);
}
