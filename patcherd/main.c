/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main: options, the socket, signals; then serve until told to end. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "boot.h"
#include "confirm_live.h"
#include "listen.h"
#include "log.h"
#include "methods.h"
#include "modules_watch.h"
#include "server.h"
#include "systemd.h"

struct options {
	const char *socket;
	const char *journal;
	const char *target;
	const char *system_map;
};

static const struct {
	struct option option;
	const char *argument;
	const char *help;
} table[] = {
	{ { "socket", required_argument, NULL, 's' }, "PATH",
	  "listen here (default /run/patcherd/io.patcherd)" },
	{ { "journal", required_argument, NULL, 'j' }, "PATH",
	  "keep the journal here (default /var/lib/patcherd/journal.db)" },
	{ { "target", required_argument, NULL, 't' }, "KIND",
	  "kmem, mem, kcore (read only), or auto (default): the first of them that works" },
	{ { "system-map", required_argument, NULL, 'm' }, "FILE",
	  "the kernel's symbols, where /proc/kallsyms gives no addresses" },
	{ { "help", no_argument, NULL, 'h' }, "", "print this" },
	{ { "version", no_argument, NULL, 'V' }, "", "print the version" },
};
enum { OPTIONS = sizeof(table) / sizeof(table[0]), USAGE_STATUS = 2 };

static int print_help(void)
{
	int failed = printf("usage: patcherd [OPTION…]\n"
			    "The daemon that changes the running kernel for patchctl(8).\n\n") < 0;

	for (int i = 0; i < OPTIONS; i++) {
		char left[40];

		(void)snprintf(left, sizeof(left), "--%s %s", table[i].option.name,
			       table[i].argument);
		failed |= printf("  %-20s %s\n", left, table[i].help) < 0;
	}
	return failed || fflush(stdout) != 0 ? 1 : 0;
}

/* -1: go on; else the status to exit with. */
static int options_parse(int argc, char **argv, struct options *out)
{
	struct option options[OPTIONS + 1] = { { 0 } };
	int letter;

	for (int i = 0; i < OPTIONS; i++)
		options[i] = table[i].option;
	while ((letter = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		switch (letter) {
		case 's':
			out->socket = optarg;
			break;
		case 'j':
			out->journal = optarg;
			break;
		case 't':
			out->target = optarg;
			break;
		case 'm':
			out->system_map = optarg;
			break;
		case 'h':
			return print_help();
		case 'V':
			return printf("patcherd %s\n", VERSION) < 0 || fflush(stdout) != 0;
		default:
			(void)fprintf(stderr, "patcherd: --help lists the options\n");
			return USAGE_STATUS;
		}
	}
	if (optind < argc) {
		(void)fprintf(stderr, "patcherd: it takes no arguments, but was given '%s'; "
			      "--help lists the options\n", argv[optind]);
		return USAGE_STATUS;
	}
	if (strcmp(out->target, "auto") != 0 && !live_kind_known(out->target)) {
		(void)fprintf(stderr, "patcherd: --target %s: it is kmem, mem, kcore or auto\n",
			      out->target);
		return USAGE_STATUS;
	}
	return -1;
}

/* A socket must not become descriptor 2, for log lines would be written to it. */
static int standard_descriptors_fill(struct fail *fail)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (fd < 0)
			return fail_errno(fail, errno, "cannot open /dev/null");
	} while (fd <= STDERR_FILENO);
	(void)close(fd);
	return 0;
}

/* A descriptor that is readable once the daemon has been told to end. */
static int signals_open(int *fd, struct fail *fail)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return fail_errno(fail, errno, "cannot set how signals are taken");
	*fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (*fd < 0)
		return fail_errno(fail, errno, "cannot make a descriptor for signals");
	return 0;
}

static int socket_open(const char *path, struct listener *listener, struct fail *fail)
{
	int passed = systemd_socket(&listener->fd, fail);

	if (passed != 0)
		return passed < 0 ? -1 : 0;
	return listener_open(path, listener, fail);
}

static int serve(const struct options *options, struct listener *listener, int stop,
		 struct fail *fail)
{
	struct daemon daemon = {
		.target_kind = strcmp(options->target, "auto") == 0 ? NULL : options->target,
		.live = { .system_map = options->system_map },
	};
	struct server_source sources[] = {
		boot_source(&daemon), { .fd = -1 }, { .fd = -1 }, drift_source(&daemon),
	};
	struct modules_watch watch;
	int result;

	if (daemon_init(&daemon, options->journal, fail) < 0)
		return -1;
	daemon_recover(&daemon);
	confirm_source(&daemon, &sources[1]);
	modules_watch_open(&daemon, &watch);
	sources[2] = modules_watch_source(&watch);
	log_line(LOG_INFO, NULL, "patcherd %s serves %s", VERSION,
		 listener->path != NULL ? listener->path : "the socket systemd passed");
	systemd_notify("READY=1");
	result = server_run(listener->fd, stop, methods_answer, &daemon, sources,
			    sizeof(sources) / sizeof(sources[0]), fail);
	/* The socket of another goes on without us, and so does this boot: systemd/patcherd.socket. Where
	 * another patcherd holds the journal the markers are that one's. */
	if (listener->path != NULL && daemon.journal != NULL)
		boot_end(&daemon);
	systemd_notify("STOPPING=1");
	confirm_end(&daemon);
	modules_watch_close(&watch);
	daemon_deinit(&daemon);
	return result;
}

static int run(const struct options *options, struct fail *fail)
{
	struct listener listener = { .fd = -1 };
	CLEANUP_CLOSE int stop = -1;
	int result;

	if (geteuid() != 0)
		return fail_set(fail, OUTCOME_DENIED,
				"only root can change the kernel: start patcherd as root");
	if (signals_open(&stop, fail) < 0 || socket_open(options->socket, &listener, fail) < 0)
		return -1;
	result = serve(options, &listener, stop, fail);
	listener_close(&listener);
	return result;
}

int main(int argc, char **argv)
{
	struct options options = {
		.socket = "/run/patcherd/io.patcherd",
		.journal = "/var/lib/patcherd/journal.db",
		.target = "auto",
	};
	struct fail fail;
	int status = options_parse(argc, argv, &options);

	if (status >= 0)
		return status;
	if (standard_descriptors_fill(&fail) < 0)
		return 1;
	log_open();
	if (run(&options, &fail) < 0) {
		log_line(LOG_ERR, NULL, "%s", fail.message);
		return 1;
	}
	log_line(LOG_INFO, NULL, "ended");
	return 0;
}
