/* SPDX-License-Identifier: GPL-2.0-or-later */
/* module_test: what /dev/kmem of patcher_kmem does and refuses; runs as root in a guest, with
 * patcher_kmem.ko and patcherd_test.ko beside it, and prints TAP. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kmem.h"

enum { PAGE = 4096, MAX = PATCHER_KMEM_SITES_MAX };

/* In a test: says what did not hold, and ends the test. */
#define CHECK(condition) do { \
	if (!(condition)) { \
		printf("# %s:%d: does not hold: %s (errno %s)\n", __FILE__, __LINE__, #condition, \
		       strerrorname_np(errno)); \
		return false; \
	} \
} while (0)

/* The same for a result of read_at() or write_sites(), which it prints. */
#define CHECK_RESULT(expression, wanted) do { \
	long result_ = (expression); \
	if (result_ != (wanted)) { \
		printf("# %s:%d: %s is %ld, not %s\n", __FILE__, __LINE__, #expression, result_, \
		       #wanted); \
		return false; \
	} \
} while (0)

static struct patcher_kmem_site sites[MAX];

/* Fills a site for `mov $42,%eax` in the function, to load 43; false: not found. */
static bool find_answer(const char *function, struct patcher_kmem_site *out)
{
	static const unsigned char old[5] = { 0xb8, 42 }, new[5] = { 0xb8, 43 };
	unsigned char code[64];
	uint64_t address = symbol(function);
	const unsigned char *found;

	CHECK_RESULT(read_at(address, code, sizeof(code)), (long)sizeof(code));
	found = memmem(code, sizeof(code), old, sizeof(old));
	CHECK(found);
	*out = site_of(address + (uint64_t)(found - code), sizeof(old), old, new);
	return true;
}

static bool reads_the_banner(void)
{
	char version[512] = "", banner[512] = "";
	int fd = open("/proc/version", O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, version, sizeof(version));

	CHECK(length > 0 && close(fd) == 0);
	if (!find_symbol("linux_banner"))
		return true;
	CHECK_RESULT(read_at(symbol("linux_banner"), banner, (size_t)length), length);
	CHECK(memcmp(version, banner, (size_t)length) == 0);
	CHECK(lseek(kmem, 0, SEEK_CUR) == (off_t)(symbol("linux_banner") + (uint64_t)length));
	return true;
}

static bool reads_rodata(void)
{
	char digits[16];

	CHECK_RESULT(read_at(symbol("hex_asc"), digits, sizeof(digits)), (long)sizeof(digits));
	CHECK(memcmp(digits, "0123456789abcdef", sizeof(digits)) == 0);
	CHECK(lseek(kmem, 0, SEEK_CUR) == (off_t)(symbol("hex_asc") + sizeof(digits)));
	return true;
}

static bool reads_nothing_unmapped(void)
{
	uint64_t page = symbol("patcherd_test_answer") & ~(uint64_t)(PAGE - 1);
	char buffer[PAGE];

	while (read_at(page, buffer, 1) == 1)
		page += PAGE;
	CHECK_RESULT(read_at(page, buffer, 1), -EFAULT);
	CHECK_RESULT(read_at(page - 16, buffer, sizeof(buffer)), 16);
	/* on i386 the image lies in the direct map, which goes on */
	if (sizeof(void *) == 8)
		CHECK_RESULT(read_at((symbol("_end") | 0x1fffff) + 0x200001, buffer, 8), -EFAULT);
	CHECK_RESULT(read_at(symbol("hex_asc"), NULL, 8), -EFAULT);
	return true;
}

static bool refuses_other_memory(void)
{
	uint64_t local = 0;
#ifdef __x86_64__
	const uint64_t direct = 0xffff888000000000, vsyscall = 0xffffffffff600000;
	const uint64_t fixmap = 0xffffffffff5ff000, below = 0xffffffff7ffffff8;
	const uint64_t places[] = { 0, 1, (uintptr_t)&local, direct, vsyscall, fixmap, below };
#else
	const uint64_t low = 0xc0000000, direct = 0xc0200000, fixmap = 0xffffd000;
	const uint64_t below = 0xbffffff8, above = 0x1c0200000;
	const uint64_t places[] = { 0, 1, (uintptr_t)&local, low, direct, fixmap, below, above };
#endif
	char buffer[16];
	uint32_t failed;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct patcher_kmem_site site = site_of(places[i], 1, "", "x");

		CHECK_RESULT(read_at(places[i], buffer, 16), -ERANGE);
		CHECK_RESULT(write_sites(&site, 1, &failed), -ERANGE);
		CHECK(failed == 0);
	}
	/* The system call itself refuses what would run over the end of all addresses. */
	CHECK(read_at(UINT64_MAX - 7, buffer, 16) < 0);
	return true;
}

static bool refuses_freed_memory(void)
{
	struct patcher_kmem_site site = site_of(symbol("start_kernel"), 1, "\xcc", "x");
	uint32_t failed;
	char byte;

	CHECK_RESULT(read_at(site.address, &byte, 1), -ERANGE);
	CHECK_RESULT(write_sites(&site, 1, &failed), -ERANGE);
	return true;
}

static bool has_no_other_way_to_write(void)
{
	CHECK(lseek(kmem, (off_t)symbol("patcherd_test_data"), SEEK_SET) != 0);
	CHECK(write(kmem, "x", 1) == -1 && errno == EINVAL);
	CHECK(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, kmem, 0) == MAP_FAILED);
	CHECK(errno == ENODEV);
	CHECK(ioctl(kmem, _IO(0xB7, 1), NULL) == -1 && errno == ENOTTY);
	return true;
}

static bool refuses_bad_requests(void)
{
	struct patcher_kmem_write good = request_of(sites, 1), bad;
	void *read_only = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	sites[0] = site_of(symbol("patcherd_test_data"), 1, "", "x");
	CHECK(read_only != MAP_FAILED);
	CHECK_RESULT(submit(kmem, NULL), -EFAULT);
	CHECK_RESULT(submit(kmem, read_only), -EFAULT);
	bad = good, bad.version = 2;
	CHECK_RESULT(submit(kmem, &bad), -EINVAL);
	bad = good, bad.count = 0;
	CHECK_RESULT(submit(kmem, &bad), -EINVAL);
	bad = good, bad.count = MAX + 1;
	CHECK_RESULT(submit(kmem, &bad), -EINVAL);
	bad = good, bad.count = UINT32_MAX;
	CHECK_RESULT(submit(kmem, &bad), -EINVAL);
	bad = good, bad.sites = 0;
	CHECK_RESULT(submit(kmem, &bad), -EFAULT);
	bad = good, bad.sites = symbol("patcherd_test_data");
	CHECK_RESULT(submit(kmem, &bad), -EFAULT);
	CHECK(bad.failed == UINT32_MAX && munmap(read_only, PAGE) == 0);
	return true;
}

static bool refuses_bad_sites(void)
{
	const uint64_t data = symbol("patcherd_test_data");
	const struct {
		struct patcher_kmem_site second;	/* the first is `length` 4 at data */
		long wanted;
	} cases[] = {
		{ { .address = data + 8, .length = 0 }, -EINVAL },
		{ { .address = data + 8, .length = PATCHER_KMEM_BYTES_MAX + 1 }, -EINVAL },
		{ { .address = data + 8, .length = UINT32_MAX }, -EINVAL },
		{ { .address = data + 8, .length = 1, .flags = 2 }, -EINVAL },
		{ { .address = data + 8, .length = 1, .flags = 1u << 31 }, -EINVAL },
		{ { .address = data + 3, .length = 1 }, -EINVAL },
		{ { .address = data, .length = 4 }, -EINVAL },
		{ { .address = data - 1, .length = 1 }, -EINVAL },
		{ { .address = 0xfffffffffeffffff, .length = 2 }, -ERANGE },
		{ { .address = UINT64_MAX, .length = 1 }, -ERANGE },
		{ { .address = UINT64_MAX, .length = 64 }, -ERANGE },
		{ { .address = UINT64_MAX - 62, .length = 64 }, -ERANGE },
		{ { .address = 0, .length = 64 }, -ERANGE },
	};
	char found[4];
	uint32_t failed;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sites[0] = site_of(data, 4, "\0\0\0", "abcd");
		sites[1] = cases[i].second;
		CHECK_RESULT(write_sites(sites, 2, &failed), cases[i].wanted);
		CHECK(failed == 1);
	}
	CHECK_RESULT(read_at(data, found, 4), 4);
	CHECK(memcmp(found, "\0\0\0", 4) == 0);
	return true;
}

static bool changes_code_and_back(void)
{
	struct patcher_kmem_site site;
	char log[1 << 18];
	uint32_t failed;
	int length;

	CHECK(find_answer("patcherd_test_answer", &site));
	CHECK(call(ANSWER) == 42);
	CHECK_RESULT(write_sites(&site, 1, &failed), 0);
	CHECK(failed == UINT32_MAX && call(ANSWER) == 43 && stop_longest > 0);
	CHECK_RESULT(write_sites(&site, 1, &failed), -EBUSY);
	turn(&site);
	CHECK_RESULT(write_sites(&site, 1, &failed), 0);
	CHECK(call(ANSWER) == 42);
	/* Who changed what stands in the log. */
	length = klogctl(3, log, sizeof(log) - 1);
	CHECK(length > 0);
	log[length] = '\0';
	CHECK(strstr(log, "patcher_kmem: 1 site(s) changed, the first at patcherd_test_answer+"));
	CHECK(strstr(log, "by module_test, process "));
	return true;
}

static bool changes_rodata_of_the_kernel(void)
{
	struct patcher_kmem_site site = site_of(symbol("hex_asc") + 15, 1, "f", "F");
	uint32_t failed;
	char byte;

	CHECK_RESULT(write_sites(&site, 1, &failed), 0);
	CHECK(read_at(site.address, &byte, 1) == 1 && byte == 'F');
	turn(&site);
	CHECK_RESULT(write_sites(&site, 1, &failed), 0);
	return true;
}

static bool changes_all_or_none(void)
{
	const uint64_t data = symbol("patcherd_test_data");
	char found[3];
	uint32_t failed;

	for (unsigned i = 0; i < 3; i++)
		sites[i] = site_of(data + i, 1, "", "x");
	sites[1].expected[0] = 1;
	CHECK_RESULT(write_sites(sites, 3, &failed), -EBUSY);
	CHECK(failed == 1);
	CHECK(read_at(data, found, 3) == 3 && memcmp(found, "\0\0", 3) == 0);
	return true;
}

/* Sites of 64 bytes, one behind the other, over 16 pages. */
static bool changes_1024_sites(void)
{
	const uint64_t data = symbol("patcherd_test_data");
	char zeros[64] = "", text[64], found[64];
	uint32_t failed;

	for (unsigned i = 0; i < MAX; i++) {
		memset(text, 'a' + (int)(i % 26), sizeof(text));
		sites[i] = site_of(data + i * 64, 64, zeros, text);
	}
	sites[MAX - 1].expected[63] = 1;
	CHECK_RESULT(write_sites(sites, MAX, &failed), -EBUSY);
	CHECK(failed == MAX - 1 && read_at(data, found, 64) == 64 && !memcmp(found, zeros, 64));
	sites[MAX - 1].expected[63] = 0;
	CHECK_RESULT(write_sites(sites, MAX, &failed), 0);
	for (unsigned i = 0; i < MAX; i++) {
		CHECK(read_at(data + i * 64, found, 64) == 64);
		CHECK(memcmp(found, sites[i].replacement, 64) == 0);
		turn(&sites[i]);
	}
	CHECK_RESULT(write_sites(sites, MAX, &failed), 0);
	return true;
}

static bool changes_across_a_page(void)
{
	const uint64_t data = symbol("patcherd_test_data");
	char found[8];
	uint32_t failed;

	for (unsigned i = 0; i < 3; i++)
		sites[i] = site_of(data + (i + 1) * PAGE - 3, 8, "\0\0\0\0\0\0\0", "acrosspg");
	CHECK_RESULT(write_sites(sites, 3, &failed), 0);
	for (unsigned i = 0; i < 3; i++) {
		CHECK(read_at(sites[i].address, found, 8) == 8 && !memcmp(found, "acrosspg", 8));
		turn(&sites[i]);
	}
	CHECK_RESULT(write_sites(sites, 3, &failed), 0);
	return true;
}

/* Each of two adds one to the same number, 200 times, where it is what it was read to be. */
static bool serves_two_at_once(void)
{
	const uint64_t data = symbol("patcherd_test_data");
	uint64_t number = 0, zero = 0;
	struct patcher_kmem_site site;
	uint32_t failed;
	int status;
	pid_t pid = fork();

	if (pid == 0)
		kmem = open("/dev/kmem", O_RDWR | O_CLOEXEC);
	for (int i = 0; i < 200; i++) {
		long result = -EBUSY;

		while (result == -EBUSY && read_at(data, &number, 8) == 8) {
			uint64_t next = number + 1;

			site = site_of(data, 8, &number, &next);
			result = write_sites(&site, 1, &failed);
		}
		if (pid == 0 && result)
			_exit(1);
		CHECK_RESULT(result, 0);
	}
	if (pid == 0)
		_exit(0);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK(read_at(data, &number, 8) == 8 && number == 400);
	site = site_of(data, 8, &number, &zero);
	CHECK_RESULT(write_sites(&site, 1, &failed), 0);
	return true;
}

/* In a child that is nobody: 0 when all is refused to it, else which of them was not. */
static int try_as_nobody(void)
{
	struct patcher_kmem_write request = request_of(sites, 1);
	char byte;

	if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
		return 1;
	if (open("/dev/kmem", O_RDONLY | O_CLOEXEC) != -1 || errno != EACCES)
		return 2;
	if (read_at(sites[0].address, &byte, 1) != -EPERM)
		return 3;
	return submit(kmem, &request) == -EPERM ? 0 : 4;
}

static bool refuses_the_unprivileged(void)
{
	int status;
	pid_t pid;

	sites[0] = site_of(symbol("patcherd_test_data"), 1, "", "x");
	pid = fork();
	if (pid == 0)
		_exit(try_as_nobody());
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK_RESULT(status >> 8, 0);
	return true;
}

static bool refuses_to_write_when_opened_to_read(void)
{
	struct patcher_kmem_write request = request_of(sites, 1);
	int fd = open("/dev/kmem", O_RDONLY | O_CLOEXEC);

	sites[0] = site_of(symbol("patcherd_test_data"), 1, "", "x");
	CHECK(fd >= 0);
	CHECK_RESULT(submit(fd, &request), -EPERM);
	CHECK(close(fd) == 0);
	return true;
}

static bool cannot_be_unloaded_while_open(void)
{
	CHECK(syscall(SYS_delete_module, "patcher_kmem", O_NONBLOCK) == -1);
	CHECK(errno == EAGAIN);
	return true;
}

/* The whole function as a site of several instructions, behind one of data; a task is inside. */
static bool finds_the_task(size_t function, const char *name)
{
	unsigned char code[64];
	struct patcher_kmem_site answer, whole;
	struct patcher_kmem_write request = request_of(sites, 2);
	uint64_t address = symbol(name);
	uint64_t data = symbol("patcherd_test_data");
	unsigned code_site = address > data;
	pid_t pid = enter(function);

	CHECK(pid > 0 && find_answer(name, &answer));
	CHECK(read_at(address, code, sizeof(code)) == sizeof(code));
	whole = site_of(address, answer.address - address + 5, code, code);
	whole.replacement[whole.length - 4] = 43;
	whole.flags = PATCHER_KMEM_MULTIPLE;
	sites[code_site] = whole;
	sites[!code_site] = site_of(data, 1, "", "x");
	CHECK_RESULT(submit(kmem, &request), -EAGAIN);
	CHECK(request.failed == code_site && request.task == (uint32_t)pid);
	CHECK(read_at(data, code, 1) == 1 && code[0] == 0);
	CHECK(leave(pid) == 42);
	CHECK_RESULT(submit(kmem, &request), 0);
	CHECK(call(function) == 43);
	turn(&sites[0]);
	turn(&sites[1]);
	CHECK_RESULT(submit(kmem, &request), 0);
	CHECK(call(function) == 42);
	return true;
}

static bool finds_a_sleeping_task_inside(void)
{
	return finds_the_task(SLEEPER, "patcherd_test_sleeper");
}

/* A return address that a kretprobe keeps, which leaves its own on the stack. */
static bool finds_a_task_behind_a_kretprobe(void)
{
	const char *events = "/sys/kernel/tracing/kprobe_events";
	const char *enable = "/sys/kernel/tracing/events/kprobes/enable";
	bool found;

	CHECK(write_file(events, "r:hidden patcherd_test_wait") && write_file(enable, "1"));
	found = finds_the_task(SLEEPER, "patcherd_test_sleeper");
	CHECK(write_file(enable, "0") && write_file(events, ""));
	return found;
}

static bool finds_a_task_behind_function_graph(void)
{
	const char *filter = "/sys/kernel/tracing/set_ftrace_filter";
	const char *tracer = "/sys/kernel/tracing/current_tracer";
	bool found;

	CHECK(write_file(filter, "patcherd_test_wait") && write_file(tracer, "function_graph"));
	found = finds_the_task(SLEEPER, "patcherd_test_sleeper");
	CHECK(write_file(tracer, "nop") && write_file(filter, ""));
	return found;
}

static bool finds_a_preempted_task_inside(void)
{
	CHECK(write_file("/sys/kernel/debug/sched/preempt", "full"));
	return finds_the_task(SPINNER, "patcherd_test_spinner");
}

/* A task that goes on at a site's first byte is not inside. A site before it, which stays as it is,
 * is there so that this one is looked at. */
static bool changes_what_a_task_returns_to(void)
{
	const uint64_t address = symbol("patcherd_test_sleeper");
	pid_t pid = enter(SLEEPER);
	uint32_t failed;
	char byte;

	CHECK(pid > 0 && find_answer("patcherd_test_sleeper", &sites[1]));
	CHECK(read_at(address, &byte, 1) == 1);
	sites[0] = site_of(address, 1, &byte, &byte);
	sites[0].flags = sites[1].flags = PATCHER_KMEM_MULTIPLE;
	CHECK_RESULT(write_sites(sites, 2, &failed), 0);
	CHECK(leave(pid) == 43);
	turn(&sites[1]);
	CHECK_RESULT(write_sites(sites, 2, &failed), 0);
	return true;
}

static bool survives_a_module_that_goes(void)
{
	struct patcher_kmem_site site;
	uint32_t failed;
	char byte;
	int status;
	long result;
	pid_t pid;

	CHECK(find_answer("patcherd_test_answer", &site));
	CHECK(syscall(SYS_delete_module, "patcherd_test", O_NONBLOCK) == 0);
	CHECK_RESULT(write_sites(&site, 1, &failed), -EFAULT);
	CHECK(failed == 0 && read_at(site.address, &byte, 1) == -EFAULT);
	/* It comes and goes while its place is written to. */
	pid = fork();
	if (pid == 0) {
		for (int i = 0; i < 20; i++)
			if (load("patcherd_test.ko") ||
			    syscall(SYS_delete_module, "patcherd_test", O_NONBLOCK))
				_exit(1);
		_exit(0);
	}
	while (waitpid(pid, &status, WNOHANG) == 0) {
		result = write_sites(&site, 1, &failed);
		CHECK(result == 0 || result == -EFAULT || result == -ESTALE || result == -EBUSY);
	}
	CHECK_RESULT(status, 0);
	CHECK(load("patcherd_test.ko") == 0);
	return true;
}

/* The last: there is no way back from lockdown. */
static bool obeys_lockdown_from_then_on(void)
{
	char byte;
	uint32_t failed;

	sites[0] = site_of(symbol("patcherd_test_data"), 1, "", "x");
	CHECK(write_file("/sys/kernel/security/lockdown", "integrity"));
	CHECK_RESULT(read_at(sites[0].address, &byte, 1), -EPERM);
	CHECK_RESULT(write_sites(sites, 1, &failed), -EPERM);
	CHECK(open("/dev/kmem", O_RDONLY | O_CLOEXEC) == -1 && errno == EPERM);
	return true;
}

#define TEST(function) { #function, function }
static const struct {
	const char *name;
	bool (*run)(void);
} tests[] = {
	TEST(reads_the_banner),
	TEST(reads_rodata),
	TEST(reads_nothing_unmapped),
	TEST(refuses_other_memory),
	TEST(refuses_freed_memory),
	TEST(has_no_other_way_to_write),
	TEST(refuses_bad_requests),
	TEST(refuses_bad_sites),
	TEST(changes_code_and_back),
	TEST(changes_rodata_of_the_kernel),
	TEST(changes_all_or_none),
	TEST(changes_1024_sites),
	TEST(changes_across_a_page),
	TEST(serves_two_at_once),
	TEST(refuses_the_unprivileged),
	TEST(refuses_to_write_when_opened_to_read),
	TEST(cannot_be_unloaded_while_open),
	TEST(finds_a_sleeping_task_inside),
	TEST(finds_a_task_behind_a_kretprobe),
	TEST(finds_a_task_behind_function_graph),
	TEST(finds_a_preempted_task_inside),
	TEST(changes_what_a_task_returns_to),
	TEST(survives_a_module_that_goes),
	TEST(obeys_lockdown_from_then_on),
};

int main(void)
{
	const size_t count = sizeof(tests) / sizeof(tests[0]);
	int failures = 0;

	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	printf("1..%zu\n", count);
	if (load("patcher_kmem.ko") || load("patcherd_test.ko") ||
	    (kmem = open("/dev/kmem", O_RDWR | O_CLOEXEC)) < 0) {
		printf("Bail out! the modules or /dev/kmem: %s\n", strerror(errno));
		return 1;
	}
	for (size_t i = 0; i < count; i++) {
		errno = 0;
		bool held = tests[i].run();
		printf("%sok %zu - %s\n", held ? "" : "not ", i + 1, tests[i].name);
		failures += !held;
	}
	printf("# all CPUs were stopped for %" PRIu64 " ns at most\n", stop_longest);
	return failures != 0;
}
