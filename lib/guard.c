/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guard.h"

#include <ctype.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <string.h>

enum { BANNER_MAX = 512 };

/* "file.yaml:4:3: ", or no line where the file does not say it. */
static void begin(struct fail *fail, const char *source, const struct place *place)
{
	(void)fail_set(fail, OUTCOME_GUARD, "%s:", source);
	if (place->line != 0)
		fail_append(fail, "%u:%u:", place->line, place->column);
}

/* '"5.10.*" or "6.*"' */
static void append_any(struct fail *fail, const struct strings *strings)
{
	for (size_t i = 0; i < strings->count; i++)
		fail_append(fail, "%s\"%s\"", i == 0 ? "" : i + 1 == strings->count ? " or " : ", ",
			    strings->items[i]);
}

static const char *whose(const struct target_info *info)
{
	return info->live ? "this kernel" : "the image";
}

static int check_architecture(const struct conditions *when, const char *source,
			      const struct target_info *info, struct fail *fail)
{
	const char *separator = "";

	if (when->architectures == 0 || (when->architectures & 1u << info->architecture) != 0)
		return 0;
	begin(fail, source, &when->place);
	fail_append(fail, " the patch is for architecture ");
	for (int i = 0; i < ARCH_COUNT; i++) {
		if ((when->architectures & 1u << i) == 0)
			continue;
		fail_append(fail, "%s%s", separator, arch_name((enum architecture)i));
		separator = " or ";
	}
	fail_append(fail, ", and %s is %s", whose(info), arch_name(info->architecture));
	return -1;
}

static int check_release(const struct conditions *when, const char *source,
			 const struct target_info *info, struct fail *fail)
{
	if (when->releases.count == 0)
		return 0;
	for (size_t i = 0; i < when->releases.count && info->release[0] != '\0'; i++) {
		if (fnmatch(when->releases.items[i], info->release, 0) == 0)
			return 0;
	}
	begin(fail, source, &when->place);
	fail_append(fail, " the patch is for kernel release ");
	append_any(fail, &when->releases);
	if (info->release[0] == '\0')
		fail_append(fail, ", and %s does not say which it is; give --release", whose(info));
	else
		fail_append(fail, ", and %s is %s", whose(info), info->release);
	return -1;
}

static int check_build_id(const struct conditions *when, const char *source,
			  const struct target_info *info, struct fail *fail)
{
	if (when->build_ids.count == 0)
		return 0;
	for (size_t i = 0; i < when->build_ids.count && info->build_id[0] != '\0'; i++) {
		if (strcmp(when->build_ids.items[i], info->build_id) == 0)
			return 0;
	}
	begin(fail, source, &when->place);
	fail_append(fail, " the patch is for the kernel with build-id ");
	append_any(fail, &when->build_ids);
	if (info->build_id[0] == '\0')
		fail_append(fail, ", and %s has none (a module's own is not the kernel's)",
			    whose(info));
	else
		fail_append(fail, ", and %s has %s", whose(info), info->build_id);
	return -1;
}

int guard_check(const struct conditions *when, const char *source, const struct target_info *info,
		struct fail *fail)
{
	if (check_architecture(when, source, info, fail) != 0 ||
	    check_release(when, source, info, fail) != 0)
		return -1;
	return check_build_id(when, source, info, fail);
}

/* For a message: what was read may be anything. */
static void make_visible(char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		text[i] = isprint((unsigned char)text[i]) ? text[i] : '?';
	text[length] = '\0';
}

int guard_system_map(const struct symtab *map, struct target *target, const char *banner,
		     struct fail *fail)
{
	const struct symbol *symbol = symtab_next(map, "linux_banner", NULL);
	size_t length = strcspn(banner, "\n");
	char found[BANNER_MAX + 1];

	if (symbol == NULL)
		return fail_set(fail, OUTCOME_GUARD, "the System.map has no linux_banner, so that "
				"it cannot be proved to be this kernel's");
	if (length == 0 || length >= BANNER_MAX)
		return fail_set(fail, OUTCOME_ERROR, "the kernel's banner has %zu characters, "
				"which cannot be", length);
	/* and what ends it: a longer banner that begins alike is another kernel's */
	if (target_read(target, symbol->address, found, length + 1, "the kernel's banner",
			fail) != 0)
		return -1;
	if (memcmp(found, banner, length) == 0 && (found[length] == '\n' || found[length] == '\0'))
		return 0;
	make_visible(found, length);
	return fail_at(fail, OUTCOME_GUARD, symbol->address, "the System.map is of another kernel "
		       "build: linux_banner should be at 0x%" PRIx64 ", and there is \"%s\", not "
		       "\"%.*s\"",
		       symbol->address, found, (int)length, banner);
}
