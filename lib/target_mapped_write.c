/* SPDX-License-Identifier: GPL-2.0-or-later */
/* target_mapped_write: changes without a stop of the CPUs. What differs between old and new lies
 * in one aligned word, which one locked instruction exchanges; then each CPU executes CPUID.
 * Intel does not guarantee that this is enough (SDM volume 3A, 9.1.3): see patcherd(8). */
#include <inttypes.h>
#include <string.h>

#include "lib/every_cpu.h"
#include "lib/target_mapped.h"
#include "patch.h"

/* A page of data may change between two looks at it, one of text hardly ever does. */
enum { COMPARES_MAX = 8 };

/* One change on its way: the word in which all of its differences lie. */
struct store {
	const struct target_change *change;
	uint64_t word;			/* virtual address, aligned */
	bool in_module;
};

static int not_one_word(const struct target_change *change, const char *why, struct fail *fail)
{
	return fail_at(fail, OUTCOME_NOT_WRITABLE, change->address, "the change of %zu bytes at "
		       "0x%" PRIx64 " %s; that takes the module patcher_kmem, which stops all CPUs "
		       "(this way in stops none, and stores one aligned word of %d bytes at a "
		       "time)", change->length, change->address, why, MAPPED_WORD);
}

static int find_word(struct store *store, struct fail *fail)
{
	const struct target_change *change = store->change;
	size_t first = 0, last = change->length - 1;

	if (change->multiple)
		return not_one_word(change, "is of several instructions", fail);
	while (first < last && change->expected[first] == change->replacement[first])
		first++;
	while (last > first && change->expected[last] == change->replacement[last])
		last--;
	store->word = (change->address + first) & ~(uint64_t)(MAPPED_WORD - 1);
	if (change->address + last - store->word >= MAPPED_WORD)
		return not_one_word(change, "is of bytes in two words", fail);
	return 0;
}

/* Nothing but being used keeps a module from going away while it is written to. */
static int check_use(const struct mapped *mapped, uint64_t address, struct fail *fail)
{
	if (mapped->module.uses != 0)
		return 0;
	return fail_at(fail, OUTCOME_NOT_WRITABLE, address, "0x%" PRIx64 " is in the module %s, "
		       "which nothing holds: it could be unloaded while it is written to, and this "
		       "way in cannot prevent that; bring it into use first (mount, open or "
		       "configure what needs it, see lsmod), or load patcher_kmem", address,
		       mapped->module.name);
}

/* Whose the bytes are, now, and where what differs lies. */
static int prepare(struct mapped *mapped, const struct target_change *change, struct store *out,
		   struct fail *fail)
{
	*out = (struct store){ .change = change };
	out->in_module = !mapped_in_image(mapped, change->address, change->length);
	if (out->in_module &&
	    (mapped_in_module(mapped, change->address, change->length, true, "the change", fail) != 0 ||
	     check_use(mapped, change->address, fail) != 0))
		return -1;
	return find_word(out, fail);
}

/* Maps the word's page. Of a module, it must be the page that the kernel itself reads there. */
static int map_word(struct mapped *mapped, const struct store *store, bool writable, uint8_t **page,
		    struct fail *fail)
{
	uint64_t start = store->word & ~(uint64_t)(MAPPED_PAGE - 1), physical;
	uint8_t same[MAPPED_PAGE];

	if (mapped_physical(mapped, start, &physical, fail) != 0 ||
	    mapped_map(mapped, physical, writable, false, page, fail) != 0)
		return -1;
	if (!store->in_module || mapped->kind->read_module == NULL)
		return 0;
	for (int i = 0; i < COMPARES_MAX; i++) {
		if (mapped->kind->read_module(mapped, start, same, sizeof(same), "the page",
					      fail) != 0)
			return -1;
		if (memcmp(same, *page, sizeof(same)) == 0)
			return 0;
	}
	return fail_at(fail, OUTCOME_NOT_WRITABLE, store->change->address, "0x%" PRIx64 ": the page "
		       "at physical address 0x%" PRIx64 ", where the page tables lead, is not what "
		       "the kernel reads there; nothing was written to it", start, physical);
}

static const char *print(const uint8_t *data, size_t length, char out[BYTES_TEXT_MAX])
{
	struct bytes bytes = { .length = length };

	memcpy(bytes.data, data, length);
	return bytes_print(&bytes, out);
}

static int mismatch(const struct target_change *change, const uint8_t *now, struct fail *fail)
{
	char expected[BYTES_TEXT_MAX], found[BYTES_TEXT_MAX];

	return fail_at(fail, OUTCOME_MISMATCH, change->address, "0x%" PRIx64 " holds %s, not %s; it "
		       "was not changed", change->address, print(now, change->length, found),
		       print(change->expected, change->length, expected));
}

static int check_expected(struct mapped *mapped, const struct target_change *change,
			  struct fail *fail)
{
	uint8_t now[BYTES_MAX];

	if (target_read(&mapped->target, change->address, now, change->length, "the change",
			fail) != 0)
		return -1;
	return memcmp(now, change->expected, change->length) == 0 ? 0 :
	       mismatch(change, now, fail);
}

/* Replaces those bytes of `word` that the change has in it. */
static void put_bytes(const struct store *store, const uint8_t *bytes, uint64_t *word)
{
	uint8_t *at = (uint8_t *)word;

	for (size_t i = 0; i < store->change->length; i++) {
		uint64_t inside = store->change->address + i - store->word;

		if (inside < MAPPED_WORD)
			at[inside] = bytes[i];
	}
}

/* The exchange itself. *stored: the kernel's memory was changed, also where this fails. */
static int exchange(struct mapped *mapped, const struct store *store, bool *stored,
		    struct fail *fail)
{
	CLEANUP_PAGE page = NULL;
	volatile uint64_t *word;
	uint64_t before, old, new;

	if (map_word(mapped, store, true, &page, fail) != 0)
		return -1;
	word = (volatile uint64_t *)(void *)(page + store->word % MAPPED_PAGE);
	before = *word;
	old = before;
	put_bytes(store, store->change->expected, &old);
	new = before;
	put_bytes(store, store->change->replacement, &new);
	if (store->in_module && mapped_module_there(mapped, store->change->address, fail) != 0)
		return -1;
	if (old != before || !__sync_bool_compare_and_swap(word, old, new))
		return fail_at(fail, OUTCOME_MISMATCH, store->change->address, "0x%" PRIx64 ": the "
			       "word around it changed at this moment; it was left as it is",
			       store->change->address);
	*stored = true;
	if (!store->in_module || mapped_module_there(mapped, store->change->address, fail) == 0)
		return 0;
	/* The module went: the page may be somebody else's, if it still is as we left it. */
	*stored = !__sync_bool_compare_and_swap(word, new, old);
	if (*stored)
		fail_append(fail, ", and its page has been given to somebody else");
	return -1;
}

/* By a fresh mapping: what this one shows may never have reached the kernel's memory. */
static int read_back(struct mapped *mapped, const struct store *store, bool *stored,
		     struct fail *fail)
{
	const struct target_change *change = store->change;
	CLEANUP_PAGE page = NULL;
	char found[BYTES_TEXT_MAX];
	uint8_t now[BYTES_MAX];

	if (map_word(mapped, store, false, &page, fail) != 0 ||
	    target_read(&mapped->target, change->address, now, change->length, "what was written",
			fail) != 0)
		return -1;
	if (memcmp(now, change->replacement, change->length) == 0)
		return 0;
	if (memcmp(now, change->expected, change->length) != 0)
		return fail_at(fail, OUTCOME_ERROR, change->address, "0x%" PRIx64 " holds %s after it "
			       "was written", change->address, print(now, change->length, found));
	*stored = false;
	return fail_at(fail, OUTCOME_NOT_WRITABLE, change->address, "%s: the store to 0x%" PRIx64
		       " did nothing, without an error: it was not written",
		       mapped->target.info.path, change->address);
}

static int store_one(struct mapped *mapped, const struct target_change *change, bool *written,
		     struct fail *fail)
{
	struct store store;
	bool stored = false;
	int result;

	if (prepare(mapped, change, &store, fail) != 0 || check_expected(mapped, change, fail) != 0)
		return -1;
	result = exchange(mapped, &store, &stored, fail);
	if (result == 0 && (every_cpu_serialise(mapped->paths->online, NULL, fail) != 0 ||
			    read_back(mapped, &store, &stored, fail) != 0))
		result = -1;
	*written |= stored;
	return result;
}

int mapped_check(struct target *target, const struct target_change *changes, size_t count,
		 const struct cpus *away, size_t *failed, struct fail *fail)
{
	struct mapped *mapped = (struct mapped *)target;

	if (mapped_unlocked(mapped, fail) != 0 ||
	    every_cpu_serialise(mapped->paths->online, away, fail) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		CLEANUP_PAGE page = NULL;
		struct store store;

		*failed = i;
		if (prepare(mapped, &changes[i], &store, fail) != 0 ||
		    check_expected(mapped, &changes[i], fail) != 0 ||
		    map_word(mapped, &store, true, &page, fail) != 0)
			return -1;
	}
	*failed = SIZE_MAX;
	return 0;
}

/* One after another; what was stored before one fails, the caller puts back. */
int mapped_write(struct target *target, const struct target_change *changes, size_t count,
		 struct target_report *report, struct fail *fail)
{
	struct mapped *mapped = (struct mapped *)target;

	if (mapped_check(target, changes, count, NULL, &report->failed, fail) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (store_one(mapped, &changes[i], &report->written, fail) == 0)
			continue;
		report->failed = i;
		return -1;
	}
	return 0;
}
