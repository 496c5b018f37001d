/* SPDX-License-Identifier: GPL-2.0-or-later */
/* machine: what files like those of /proc and /sys say, in a directory. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "machine.h"

static char root[] = "/tmp/test_machine.XXXXXX";
static struct machine machine;

static int setup(void **state)
{
	(void)state;
	strcpy(root + sizeof(root) - 7, "XXXXXX");
	return mkdtemp(root) == NULL;
}

static int teardown(void **state)
{
	char command[64];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -r %s", root);
	return system(command);
}

/* Makes the file and the directories above it. */
static void has(const char *path, const char *text)
{
	char full[256];
	FILE *file;

	(void)snprintf(full, sizeof(full), "%s%s", root, path);
	for (char *slash = strchr(full + sizeof(root), '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		assert_true(mkdir(full, 0700) == 0 || errno == EEXIST);
		*slash = '/';
	}
	file = fopen(full, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static const struct condition *look(const char *name)
{
	machine_look(root, "6.1.0-test", &machine);
	for (size_t i = 0; i < machine.count; i++) {
		if (strcmp(machine.conditions[i].name, name) == 0)
			return &machine.conditions[i];
	}
	fail_msg("no condition %s", name);
	return NULL;
}

#define assert_is(name, value_, good_, part) \
	do { \
		const struct condition *condition_ = look(name); \
		assert_string_equal(condition_->value, value_); \
		assert_int_equal(condition_->good, good_); \
		if (strstr(condition_->message, part) == NULL) \
			fail_msg("\"%s\" is not in: \"%s\"", part, condition_->message); \
	} while (0)

static void lockdown_s_mode_is_told(void **state)
{
	const char *path = "/sys/kernel/security/lockdown";

	(void)state;
	assert_is("lockdown", "unknown", true, "securityfs is not mounted");
	has(path, "[none] integrity confidentiality\n");
	assert_is("lockdown", "none", true, "");
	has(path, "none [integrity] confidentiality\n");
	assert_is("lockdown", "integrity", false, "does not work around that");
	has(path, "none integrity [confidentiality]\n");
	assert_is("lockdown", "confidentiality", false, "to let its memory be read");
	has(path, "something else\n");
	assert_is("lockdown", "not understood", false, "");
}

static void the_enforcement_of_signatures_is_told(void **state)
{
	const char *path = "/sys/module/module/parameters/sig_enforce";

	(void)state;
	assert_is("module signatures", "not checked", true, "");
	has(path, "N\n");
	assert_is("module signatures", "checked, not enforced", true, "");
	has(path, "Y\n");
	assert_is("module signatures", "enforced", false, "signed with a key");
}

static void a_module_is_missing_then_installed_then_loaded(void **state)
{
	(void)state;
	assert_is("patcher_kmem", "not built for this kernel", false, "make module KVER=6.1.0-test");
	has("/lib/modules/6.1.0-other/updates/patcher_kmem.ko", "");
	assert_is("patcher_kmem", "not built for this kernel", false, "linux-headers-6.1.0-test");
	has("/lib/modules/6.1.0-test/updates/dkms/patcher_kmem.ko.xz", "");
	assert_is("patcher_kmem", "/lib/modules/6.1.0-test/updates/dkms/patcher_kmem.ko.xz", false,
		  "modprobe patcher_kmem");
	has("/sys/module/patcher_kmem/refcnt", "0\n");
	assert_is("patcher_kmem", "loaded", true, "");
}

static void hidden_addresses_are_told(void **state)
{
	const char *path = "/proc/sys/kernel/kptr_restrict";

	(void)state;
	has(path, "1\n");
	assert_is("kernel.kptr_restrict", "1", true, "");
	has(path, "2\n");
	assert_is("kernel.kptr_restrict", "2", false, "--system-map");
}

static void missing_capabilities_are_named(void **state)
{
	const char *path = "/proc/self/status";

	(void)state;
	has(path, "Name:\tpatcherd\nCapEff:\t000001ffffffffff\n");
	assert_is("capabilities", "all that patcherd needs", true, "");
	has(path, "Name:\tpatcherd\nCapEff:\t0000000000020000\n");	/* CAP_SYS_RAWIO */
	assert_is("capabilities", "missing: CAP_SYSLOG", false, "to see the kernel's addresses");
	has(path, "Name:\tCapEff:\n");
	assert_is("capabilities", "missing: CAP_SYS_RAWIO, CAP_SYSLOG", false, "as root");
}

#define unit(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(lockdown_s_mode_is_told),
		unit(the_enforcement_of_signatures_is_told),
		unit(a_module_is_missing_then_installed_then_loaded),
		unit(hidden_addresses_are_told),
		unit(missing_capabilities_are_named),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
