/* SPDX-License-Identifier: GPL-2.0-or-later */
/* target_kmem_request: changes as the one ioctl of patcher_kmem wants them, and its answer in
 * words. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/target_kind.h"
#include "patch.h"

_Static_assert(PATCHER_KMEM_BYTES_MAX == BYTES_MAX, "a site of the module holds a site of a patch");

static int by_address(const void *left, const void *right, void *data)
{
	const struct target_change *changes = data;
	size_t a = *(const size_t *)left, b = *(const size_t *)right;

	if (changes[a].address != changes[b].address)
		return changes[a].address < changes[b].address ? -1 : 1;
	return a < b ? -1 : a > b;
}

static int fill_sites(struct kmem_request *request, const struct target_change *changes,
		      struct fail *fail)
{
	for (size_t i = 0; i < request->write.count; i++) {
		const struct target_change *change = &changes[request->order[i]];
		struct patcher_kmem_site *site = &request->sites[i];

		if (change->length == 0 || change->length > sizeof(site->expected))
			return fail_at(fail, OUTCOME_ERROR, change->address, "a change of %zu "
				       "bytes at 0x%" PRIx64 ": it must be 1 to "
				       "%zu", change->length,
				       change->address, sizeof(site->expected));
		if (i > 0 && change->address - site[-1].address < site[-1].length)
			return fail_at(fail, OUTCOME_ERROR, change->address, "two changes overlap "
				       "at 0x%" PRIx64, change->address);
		site->address = change->address;
		site->length = (uint32_t)change->length;
		site->flags = change->multiple ? PATCHER_KMEM_MULTIPLE : 0;
		memcpy(site->expected, change->expected, change->length);
		memcpy(site->replacement, change->replacement, change->length);
	}
	return 0;
}

int kmem_request_init(struct kmem_request *request, const struct target_change *changes,
		      size_t count, struct fail *fail)
{
	memset(request, 0, sizeof(*request));
	if (count == 0 || count > PATCHER_KMEM_SITES_MAX)
		return fail_set(fail, OUTCOME_ERROR, "%zu changes at once: it must be 1 to %d",
				count, PATCHER_KMEM_SITES_MAX);
	request->sites = calloc(count, sizeof(*request->sites));
	request->order = calloc(count, sizeof(*request->order));
	if (request->sites == NULL || request->order == NULL)
		return fail_memory(fail, "the changes");
	for (size_t i = 0; i < count; i++)
		request->order[i] = i;
	qsort_r(request->order, count, sizeof(*request->order), by_address, (void *)changes);
	request->write = (struct patcher_kmem_write){
		.version = PATCHER_KMEM_VERSION,
		.count = (uint32_t)count,
		.sites = (uint64_t)(uintptr_t)request->sites,
		.failed = UINT32_MAX,
	};
	return fill_sites(request, changes, fail);
}

void kmem_request_deinit(struct kmem_request *request)
{
	free(request->sites);
	free(request->order);
	memset(request, 0, sizeof(*request));
}

static const char *site_bytes(const uint8_t *data, uint32_t length, char out[BYTES_TEXT_MAX])
{
	struct bytes bytes = { .length = length };

	memcpy(bytes.data, data, length);
	return bytes_print(&bytes, out);
}

static int mismatch(const struct patcher_kmem_site *site, struct target *target, struct fail *fail)
{
	char expected[BYTES_TEXT_MAX], found[BYTES_TEXT_MAX] = "something else";
	uint8_t now[PATCHER_KMEM_BYTES_MAX];
	struct fail ignored; /* what is said without it is still true */

	if (target_read(target, site->address, now, site->length, "the site", &ignored) == 0)
		(void)site_bytes(now, site->length, found);
	return fail_at(fail, OUTCOME_MISMATCH, site->address, "0x%" PRIx64 " holds %s, not %s; "
		       "nothing was written", (uint64_t)site->address, found,
		       site_bytes(site->expected, site->length, expected));
}

static int not_permitted(const struct target *target, struct fail *fail)
{
	const char *lockdown = target_lockdown();

	if (lockdown != NULL)
		return fail_set(fail, OUTCOME_NOT_WRITABLE, "%s is closed: the kernel is locked "
				"down (%s); nothing was written", target->info.path, lockdown);
	return fail_set(fail, OUTCOME_NOT_WRITABLE, "%s: changing kernel memory takes "
			"CAP_SYS_RAWIO; nothing was written", target->info.path);
}

/* An answer that is about one site. */
static int site_failed(const struct patcher_kmem_site *site, uint32_t task, int error,
		       struct target *target, struct fail *fail)
{
	uint64_t address = site->address;

	switch (error) {
	case EBUSY:
		return mismatch(site, target, fail);
	case EAGAIN:
		return fail_at(fail, OUTCOME_BUSY, address, "task %" PRIu32 " (see /proc/%" PRIu32
			       "/stack) is inside the %" PRIu32 " bytes at 0x%" PRIx64 ", which "
			       "are several instructions; nothing was written: try again once it "
			       "left",
			       task, task, (uint32_t)site->length, address);
	case ESTALE:
		return fail_at(fail, OUTCOME_NOT_FOUND, address, "0x%" PRIx64 " no longer is where "
			       "it was: its module is going away; nothing was written", address);
	case EFAULT:
		return fail_at(fail, OUTCOME_NOT_FOUND, address, "nothing is mapped at 0x%" PRIx64
			       ": its module may have gone; nothing was written", address);
	case ERANGE:
		return fail_at(fail, OUTCOME_NOT_WRITABLE, address, "0x%" PRIx64 " is outside the "
			       "kernel image and the module area, or in memory given back after "
			       "start; nothing was written", address);
	default:
		return fail_at(fail, OUTCOME_ERROR, address, "%s: the change at 0x%" PRIx64 " was "
			       "refused: %s; nothing was "
			       "written", target->info.path, address, strerror(error));
	}
}

int kmem_request_failed(const struct kmem_request *request, int error, struct target *target,
			struct target_report *report, struct fail *fail)
{
	uint32_t failed = request->write.failed;

	report->failed = SIZE_MAX;
	report->stop_nanoseconds = request->write.stop_nanoseconds;
	if (error == EPERM)
		return not_permitted(target, fail);
	if (failed >= request->write.count)
		return fail_set(fail, OUTCOME_ERROR, "%s: the changes were refused: %s; nothing "
				"was written", target->info.path, strerror(error));
	report->failed = request->order[failed];
	return site_failed(&request->sites[failed], request->write.task, error, target, fail);
}
