/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_SIZE = 512, TEXT_SIZE = 4096 };

/* One look, and what it adds to. */
struct look {
	const char *root, *release;
	struct machine *machine;
};

static struct condition *add(const struct look *look, const char *name, bool good,
			     const char *value)
{
	struct condition *condition = &look->machine->conditions[look->machine->count++];

	condition->name = name;
	condition->good = good;
	(void)snprintf(condition->value, sizeof(condition->value), "%.255s", value);
	return condition;
}

static void __attribute__((format(printf, 2, 3))) say(struct condition *condition,
						      const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(condition->message, sizeof(condition->message), format, arguments);
	va_end(arguments);
}

/* A small file's text without the newline at its end; false: errno says why not. */
static bool read_text(const struct look *look, const char *path, char out[TEXT_SIZE])
{
	char full[PATH_SIZE];
	CLEANUP_CLOSE int fd = -1;
	ssize_t got;

	(void)snprintf(full, sizeof(full), "%.200s%.200s", look->root, path);
	fd = open(full, O_RDONLY | O_CLOEXEC);
	got = fd < 0 ? -1 : read(fd, out, TEXT_SIZE - 1);
	if (got < 0)
		return false;
	out[got] = '\0';
	if (got > 0 && out[got - 1] == '\n')
		out[got - 1] = '\0';
	return true;
}

static bool exists(const struct look *look, const char *path)
{
	char full[PATH_SIZE];

	(void)snprintf(full, sizeof(full), "%.200s%.200s", look->root, path);
	return access(full, F_OK) == 0;
}

/* "none [integrity] confidentiality" */
static void look_at_lockdown(const struct look *look)
{
	char text[TEXT_SIZE], *mode, *end;
	struct condition *condition;

	if (!read_text(look, "/sys/kernel/security/lockdown", text)) {
		condition = add(look, "lockdown", true, errno == ENOENT ? "unknown" :
				strerror(errno));
		say(condition, "this kernel has no lockdown, or securityfs is not mounted on "
		    "/sys/kernel/security");
		return;
	}
	mode = strchr(text, '[');
	end = mode == NULL ? NULL : strchr(mode, ']');
	if (end == NULL) {
		(void)add(look, "lockdown", false, "not understood");
		return;
	}
	*end = '\0';
	condition = add(look, "lockdown", strcmp(mode + 1, "none") == 0, mode + 1);
	if (!condition->good)
		say(condition, "by the wish of this machine's owner (Secure Boot, or lockdown= on the "
		    "kernel's command line) the kernel refuses all that would change it%s; patcherd "
		    "does not work around that: start the machine without it, or use a signed kernel "
		    "livepatch", strcmp(mode + 1, "confidentiality") == 0 ?
		    ", and to let its memory be read" : "");
}

static void look_at_signatures(const struct look *look)
{
	char text[TEXT_SIZE];
	bool enforced;

	if (!read_text(look, "/sys/module/module/parameters/sig_enforce", text)) {
		(void)add(look, "module signatures", true, "not checked");
		return;
	}
	enforced = strcmp(text, "Y") == 0;
	if (enforced)
		say(add(look, "module signatures", false, "enforced"),
		    "patcher_kmem loads only when it is signed with a key that this kernel trusts "
		    "(scripts/sign-file of the kernel's headers; mokutil --import enrols a key)");
	else
		(void)add(look, "module signatures", true, "checked, not enforced");
}

/* Where `make install-module` and DKMS put it, as it is or packed. */
static bool find_module(const struct look *look, char out[PATH_SIZE])
{
	static const char *const directories[] = { "updates", "updates/dkms", "extra" };
	static const char *const suffixes[] = { "", ".xz", ".zst", ".gz" };

	for (size_t i = 0; i < sizeof(directories) / sizeof(*directories); i++) {
		for (size_t j = 0; j < sizeof(suffixes) / sizeof(*suffixes); j++) {
			(void)snprintf(out, PATH_SIZE, "/lib/modules/%.128s/%s/patcher_kmem.ko%s",
				       look->release, directories[i], suffixes[j]);
			if (exists(look, out))
				return true;
		}
	}
	return false;
}

static void look_at_module(const struct look *look)
{
	char path[PATH_SIZE];

	if (exists(look, "/sys/module/patcher_kmem")) {
		(void)add(look, "patcher_kmem", true, "loaded");
	} else if (find_module(look, path)) {
		say(add(look, "patcher_kmem", false, path), "it is installed and not loaded: "
		    "modprobe patcher_kmem");
	} else {
		say(add(look, "patcher_kmem", false, "not built for this kernel"),
		    "in patcherd's source: make module KVER=%.128s, then make install-module "
		    "KVER=%.128s, then modprobe patcher_kmem; it needs the package "
		    "linux-headers-%.128s", look->release, look->release, look->release);
	}
}

static void look_at_addresses(const struct look *look)
{
	char text[TEXT_SIZE];
	struct condition *condition;

	if (!read_text(look, "/proc/sys/kernel/kptr_restrict", text)) {
		(void)add(look, "kernel.kptr_restrict", false, strerror(errno));
		return;
	}
	condition = add(look, "kernel.kptr_restrict", strcmp(text, "2") != 0, text);
	if (!condition->good)
		say(condition, "the kernel hides its addresses from root too: sysctl "
		    "kernel.kptr_restrict=1, or start patcherd with --system-map FILE");
}

static void look_at_capabilities(const struct look *look)
{
	static const struct {
		int number;
		const char *name, *what;
	} needed[] = {
		{ CAP_SYS_RAWIO, "CAP_SYS_RAWIO", "to open the kernel's memory" },
		{ CAP_SYSLOG, "CAP_SYSLOG", "to see the kernel's addresses" },
	};
	char text[TEXT_SIZE], missing[256] = "", why[512] = "";
	const char *line = read_text(look, "/proc/self/status", text) ?
			   strstr(text, "\nCapEff:") : NULL;
	uint64_t effective = line == NULL ? 0 : strtoull(line + strlen("\nCapEff:"), NULL, 16);

	for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++) {
		if ((effective >> needed[i].number & 1) != 0)
			continue;
		(void)snprintf(missing + strlen(missing), sizeof(missing) - strlen(missing), "%s%s",
			       missing[0] == '\0' ? "missing: " : ", ", needed[i].name);
		(void)snprintf(why + strlen(why), sizeof(why) - strlen(why), "%s%s (%s)",
			       why[0] == '\0' ? "" : ", ", needed[i].name, needed[i].what);
	}
	if (missing[0] == '\0')
		(void)add(look, "capabilities", true, "all that patcherd needs");
	else
		say(add(look, "capabilities", false, missing), "start patcherd as root, with %s in "
		    "its unit's CapabilityBoundingSet=", why);
}

void machine_look(const char *root, const char *release, struct machine *out)
{
	const struct look look = { root, release, out };

	memset(out, 0, sizeof(*out));
	look_at_lockdown(&look);
	look_at_signatures(&look);
	look_at_module(&look);
	look_at_addresses(&look);
	look_at_capabilities(&look);
}
