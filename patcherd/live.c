/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "live.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "digest.h"
#include "fault_image.h"
#include "guard.h"
#include "types.h"
#include "vmcoreinfo.h"

/* In the order in which they are tried. */
static const char *const kinds[] = { "kmem", "mem", "kcore" };
enum { KMEM, MEM, KCORE, KINDS };

/* KINDS: there is none of that name. */
static int kind_find(const char *kind)
{
	int i = 0;

	while (i < KINDS && strcmp(kind, kinds[i]) != 0)
		i++;
	return i;
}

bool live_kind_known(const char *kind)
{
	return kind_find(kind) < KINDS;
}

/* The symbols by which a target finds the kernel. */
struct opening {
	struct live *live;
	struct symtab *symtab;		/* for the opening alone */
};

/* The map where this kernel should be: by the kernel's own symbols, or, where it hides those (`own`
 * NULL), by what it says in /proc/kcore. `build_id` "": not known yet. */
static int move_map(const struct symtab *map, const struct symtab *own, const char *build_id,
		    struct symtab **out, struct fail *fail)
{
	struct vmcoreinfo info;
	int64_t slide;

	if (own != NULL) {
		if (symtab_slide(map, own, &slide, fail) < 0)
			return -1;
	} else if (vmcoreinfo_load("/proc/kcore", &info, fail) < 0 ||
		   vmcoreinfo_slide(&info, build_id, map, &slide, fail) < 0) {
		return -1;
	}
	return symtab_move(map, slide, out, fail);
}

/* Takes `moved`: for *symtab where that is NULL, else for what *symtab has not. */
static int add_map(struct symtab **symtab, struct symtab *moved, struct fail *fail)
{
	struct symtab *joined = moved;
	int result = 0;

	if (*symtab != NULL) {
		result = symtab_join(*symtab, moved, &joined, fail);
		symtab_destroy(moved);
	}
	if (result == 0) {
		symtab_destroy(*symtab);
		*symtab = joined;
	}
	return result;
}

static int add_unproved_map(const char *path, struct symtab **symtab, struct fail *fail)
{
	struct symtab *map, *moved;
	int result;

	if (symtab_load_system_map(path, &map, fail) < 0)
		return -1;
	result = move_map(map, *symtab, "", &moved, fail);
	symtab_destroy(map);
	return result < 0 ? -1 : add_map(symtab, moved, fail);
}

/* Of a System.map they are not proved yet: whoever uses them proves that the kernel is there. */
static int opening_symbols(void *data, const struct symtab **out, struct fail *fail)
{
	struct opening *opening = data;
	const struct live *live = opening->live;

	*out = live->symtab;
	if (*out != NULL)
		return 0;
	if (symtab_load_kallsyms("/proc/kallsyms", &opening->symtab, fail) < 0) {
		opening->symtab = NULL;
		if (live->system_map == NULL)
			return -1;
	}
	if (live->system_map != NULL &&
	    (opening->symtab == NULL || !symtab_has_data(opening->symtab)) &&
	    add_unproved_map(live->system_map, &opening->symtab, fail) < 0)
		return -1;
	*out = opening->symtab;
	return 0;
}

static int open_anew(struct live *live, int kind, struct target **out, struct fail *fail)
{
	struct opening opening = { .live = live };
	const struct target_symbols symbols = { opening_symbols, &opening };
	int result;

	if (kind == KCORE)
		return target_open_kcore(out, fail);
	result = kind == KMEM ? target_open_kmem(&symbols, out, fail) :
		 target_open_mem(&symbols, out, fail);
	symtab_destroy(opening.symtab);
	return result;
}

static int open_kind(struct live *live, int kind, struct fail *fail)
{
	struct target *target;

	/* A device that opened once stays right: the module that makes one cannot go while it is
	 * open, though the kernel may be locked down meanwhile. But memory ranges come and go with
	 * modules and hotplug, and kcore's table of them is read when it is opened: so that is opened
	 * anew. */
	if (kind != KCORE && live->target != NULL && target_lockdown() == NULL &&
	    strcmp(live->target->info.kind, kinds[kind]) == 0)
		return 0;
	if (open_anew(live, kind, &target, fail) < 0)
		return -1;
	target_close(live->target);
	live->target = target;
	return 0;
}

int live_probe(struct live *live, const char *kind, struct target_info *out, struct fail *fail)
{
	struct target *target;
	int i = kind_find(kind);

	if (i == KINDS)
		return fail_set(fail, OUTCOME_ERROR, "there is no way in called %s", kind);
	if (open_anew(live, i, &target, fail) < 0)
		return -1;
	*out = target->info;
	target_close(target);
	return 0;
}

int live_open_target(struct live *live, struct fail *fail)
{
	struct fail why;

	if (fault_image())
		return fault_image_open(live, fail);
	live->kernel.target = NULL;
	memset(&live->not_writable, 0, sizeof(live->not_writable));
	if (live->target_kind != NULL && strcmp(live->target_kind, kinds[KCORE]) == 0)
		(void)fail_set(&live->not_writable, OUTCOME_NOT_WRITABLE,
			       "/proc/kcore was asked for, and it can only be read");
	for (int i = 0; i < KINDS; i++) {
		if (live->target_kind != NULL && strcmp(live->target_kind, kinds[i]) != 0)
			continue;
		if (open_kind(live, i, &why) == 0) {
			if (i != KCORE)
				memset(&live->not_writable, 0, sizeof(live->not_writable));
			return 0;
		}
		if (live->target_kind != NULL) {
			*fail = why;
			return -1;
		}
		if (i == KMEM)
			live->not_writable = why;
		else
			fail_append(&live->not_writable, "\n%s%s", i == MEM ? "" :
				    "nor can the kernel's memory be read: ", why.message);
	}
	*fail = live->not_writable;
	return -1;
}

static int read_banner(char *out, size_t size, struct fail *fail)
{
	CLEANUP_FCLOSE FILE *file = fopen("/proc/version", "re");

	if (file == NULL || fgets(out, (int)size, file) == NULL)
		return fail_errno(fail, errno, "cannot read /proc/version");
	return 0;
}

/* The System.map where this kernel is, proved by the kernel's banner. */
static int prove_system_map(const struct live *live, const struct symtab *map, struct symtab **out,
			    struct fail *fail)
{
	char banner[1024];

	*out = NULL;
	if (read_banner(banner, sizeof(banner), fail) < 0 ||
	    move_map(map, live->symtab, live->target->info.build_id, out, fail) < 0)
		return -1;
	if (guard_system_map(*out, live->target, banner, fail) == 0)
		return 0;
	symtab_destroy(*out);
	*out = NULL;
	return -1;
}

static int load_system_map(const struct live *live, struct symtab **out, struct fail *fail)
{
	struct symtab *map;
	struct fail why;
	int result;

	if (symtab_load_system_map(live->system_map, &map, fail) < 0)
		return -1;
	result = prove_system_map(live, map, out, &why);
	symtab_destroy(map);
	if (result == 0)
		return 0;
	(void)fail_set(fail, why.code, "%s: %s", live->system_map, why.message);
	fail->has_address = why.has_address;
	fail->address = why.address;
	if (why.code == OUTCOME_GUARD)
		fail_append(fail, "\ngive --system-map the file of this very build (on Debian "
			    "/usr/lib/debug/boot/System.map-%s, of the package linux-image-%s-dbg)",
			    live->target->info.release, live->target->info.release);
	return -1;
}

/* Beside the kernel's own symbols, which have the modules too, a System.map must agree with them; it
 * adds what kallsyms has not where that has functions only. */
static int join_system_map(struct live *live, struct fail *fail)
{
	bool whole = symtab_has_data(live->symtab);
	struct symtab *moved;

	if (load_system_map(live, &moved, fail) == 0) {
		if (!whole)
			return add_map(&live->symtab, moved, fail);
		symtab_destroy(moved);
		return 0;
	}
	fail_append(fail, whole ? "\n/proc/kallsyms gives the symbols, so that --system-map can be left "
				  "out as well" :
		    "\n/proc/kallsyms gives functions only; where --system-map is left out as well, only "
		    "those of modules can be changed");
	return -1;
}

static int load_symtab(struct live *live, struct fail *fail)
{
	struct fail map;

	if (symtab_load_kallsyms("/proc/kallsyms", &live->symtab, fail) == 0)
		return live->system_map == NULL ? 0 : join_system_map(live, fail);
	live->symtab = NULL;
	if (live->system_map == NULL) {
		fail_append(fail, "\nor start patcherd with --system-map, see patcherd(8)");
		return -1;
	}
	if (load_system_map(live, &live->symtab, &map) == 0) {
		live->symbols_of_map = true;
		return 0;
	}
	fail_append(fail, "\nnor can the System.map be used: %s", map.message);
	fail->code = map.code;
	return -1;
}

static void symtab_drop(struct live *live)
{
	symtab_destroy(live->symtab);
	live->symtab = NULL;
	live->symbols_of_map = false;
}

/* The kernel's list of modules now, and an index of symbols of the same modules. */
static int refresh_symbols(struct live *live, struct fail *fail)
{
	struct modules modules;

	for (int tries = 0; tries < 3; tries++) {
		if (modules_load(&modules, fail) < 0)
			return -1;
		if (live->symtab != NULL && modules.fingerprint == live->modules.fingerprint) {
			modules_deinit(&live->modules);
			live->modules = modules;
			return 0;
		}
		modules_deinit(&live->modules);
		live->modules = modules;
		symtab_drop(live);
		if (load_symtab(live, fail) < 0) {
			symtab_drop(live);
			return -1;
		}
		/* once more: a module may have come or gone while the symbols were read */
	}
	symtab_drop(live);
	return fail_set(fail, OUTCOME_BUSY,
			"modules come and go faster than the kernel's symbols can be read; try again");
}

int live_refresh(struct live *live, struct fail *fail)
{
	if (fault_image())
		return fault_image_refresh(live, fail);
	if (live_open_target(live, fail) < 0 || refresh_symbols(live, fail) < 0)
		return -1;
	if (live->decoder == NULL &&
	    decoder_create(live->target->info.architecture, &live->decoder, fail) < 0)
		return -1;
	if (live->hazards == NULL && hazards_create(&live->hazards, fail) < 0)
		return -1;
	if (live->types == NULL && types_create_live(&live->types, fail) < 0)
		return -1;
	if (live->digests == NULL && digests_create(&live->digests, fail) < 0)
		return -1;
	hazards_renew(live->hazards, &live->modules);
	types_renew(live->types, &live->modules);
	digests_forget(live->digests);
	live->kernel = (struct kernel) {
		.target = live->target, .symtab = live->symtab,
		.system_map = live->symbols_of_map ? live->system_map : NULL,
		.modules = &live->modules,
		.hazards = live->hazards, .types = live->types, .digests = live->digests,
		.decoder = live->decoder,
	};
	return 0;
}

void live_deinit(struct live *live)
{
	hazards_destroy(live->hazards);
	types_destroy(live->types);
	digests_destroy(live->digests);
	decoder_destroy(live->decoder);
	symtab_destroy(live->symtab);
	modules_deinit(&live->modules);
	target_close(live->target);
	memset(live, 0, sizeof(*live));
}
