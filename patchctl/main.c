/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "patchctl.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum option_id {
	SOCKET, JSON, HELP, OPTION_VERSION, LIST_COMMANDS,
	IMAGE, SYSTEM_MAP, BTF, RELEASE, DEBUG, MODULE, OCCURRENCE, ALL, FORCE, TARGET,
	OFFLINE_CPUS, TYPE, DIGEST, CONFIRM_WITHIN, IGNORE_WARNINGS, WHEN_LOADED, WAIT,
	AGAINST, PATCH,
	FUNCTION, NAME, LINE_NUMBERS,
	OPTION_COUNT
};
#define BIT(option) (1u << (option))
enum { CONFIRM_LEAST = 5, WAIT_LEAST = 1, WAIT_SECONDS = 60 };
#define EVERYWHERE (BIT(SOCKET) | BIT(JSON) | BIT(HELP))

static const struct {
	const char *name;
	const char *argument;
	const char *description;
} option_table[OPTION_COUNT] = {
	[SOCKET] = { "socket", "PATH", "where patcherd listens (" PATCHCTL_SOCKET ")" },
	[JSON] = { "json", NULL, "print JSON, one object a line" },
	[HELP] = { "help", NULL, "print help, for the command if one is given" },
	[OPTION_VERSION] = { "version", NULL, "print the version" },
	[LIST_COMMANDS] = { "list-commands", NULL, "print the names of the commands" },
	[IMAGE] = { "image", "FILE", "look at the kernel in an ELF file: vmlinux, .ko, .o" },
	[SYSTEM_MAP] = { "system-map", "FILE", "take the image's symbols from a System.map" },
	[RELEASE] = { "release", "RELEASE", "the image's release, as uname -r has it" },
	[DEBUG] = { "debug", "FILE", "show source lines, from a vmlinux or .ko with DWARF" },
	[BTF] = { "btf", "FILE", "take the kernel's types from raw BTF, a vmlinux or a vmlinuz" },
	[MODULE] = { "module", "MODULE", "the symbol's module" },
	[OCCURRENCE] = { "occurrence", "N", "which of several symbols of that name, from 1" },
	[ALL] = { "all", NULL, "every patch that is applied" },
	[FORCE] = { "force", NULL, "also where somebody else has changed the bytes since" },
	[TARGET] = { "target", "KIND", "how to reach the kernel: kmem, mem, kcore or auto" },
	[TYPE] = { "type", "REG=TYPE", "name the members that are used by way of a register" },
	[DIGEST] = { "digest", NULL, "print the function's digest, for function-digest" },
	[CONFIRM_WITHIN] = { "confirm-within", "TIME",
			     "revert it after 90s, 5m, 2h, unless it is confirmed" },
	[IGNORE_WARNINGS] = { "ignore-warnings", NULL,
			      "do not revert it before, even if the kernel warns" },
	[WHEN_LOADED] = { "when-loaded", NULL,
			  "whenever its module is loaded: now, or when it comes" },
	[WAIT] = { "wait", "TIME", "how long to wait while others are served (60s)" },
	[AGAINST] = { "against", "FILE", "the kernel's types: a file that has them, or 'running' (the default)" },
	[PATCH] = { "patch", NULL, "print a patch on stdout, and the report on stderr" },
	[FUNCTION] = { "function", "FUNCTION", "compare this function only, and its .cold part" },
	[NAME] = { "name", "NAME", "the name of the patch that is made" },
	[LINE_NUMBERS] = { "line-numbers", NULL,
			   "take in what differs only in a line's number, as of __LINE__" },
	[OFFLINE_CPUS] = { "offline-cpus", NULL,
			   "run on one CPU meanwhile, where they cannot be stopped" },
};

static int command_help(const struct options *options, int count, char **arguments);

static const struct command {
	const char *name;
	int (*function)(const struct options *options, int count, char **arguments);
	const char *arguments;
	const char *description;
	int fewest, most;	/* arguments */
	unsigned options;
} commands[] = {
	{ "apply", command_apply, "FILE...",
	  "change the running kernel as the patch files say: all of them or none",
	  1, INT_MAX, BIT(DEBUG) | BIT(TARGET) | BIT(OFFLINE_CPUS) | BIT(CONFIRM_WITHIN) |
	  BIT(IGNORE_WARNINGS) | BIT(WHEN_LOADED) | BIT(WAIT) },
	{ "confirm", command_confirm, "PATCH...",
	  "keep patches that were applied for a time only", 1, INT_MAX, BIT(WAIT) },
	{ "dry-run", command_dry_run, "FILE...",
	  "prove what apply would do, and show it; nothing is changed",
	  1, INT_MAX, BIT(IMAGE) | BIT(SYSTEM_MAP) | BIT(BTF) | BIT(RELEASE) | BIT(DEBUG) |
	  BIT(TARGET) },
	{ "revert", command_revert, "PATCH|FILE... | --all",
	  "put back what patches changed: all of them or none",
	  0, INT_MAX, BIT(ALL) | BIT(FORCE) | BIT(OFFLINE_CPUS) | BIT(WAIT) },
	{ "status", command_status, "[PATCH]",
	  "compare the kernel with what was applied", 0, 1, 0 },
	{ "enable", command_enable, "PATCH|FILE...",
	  "apply patches at each start of the machine; lift what blocks them",
	  1, INT_MAX, BIT(WAIT) },
	{ "disable", command_disable, "PATCH...",
	  "apply patches at the next start of the machine no more", 1, INT_MAX, BIT(WAIT) },
	{ "boot", command_boot, "",
	  "apply now what is applied at the start of the machine", 0, 0, 0 },
	{ "history", command_history, "[PATCH]",
	  "who did what, and when, oldest first", 0, 1, 0 },
	{ "doctor", command_doctor, "",
	  "show every way into the kernel's memory, and what stands in its way", 0, 0, 0 },
	{ "disassemble", command_disassemble, "SYMBOL[+OFFSET]",
	  "show a function's instructions, as patch files spell them", 1, 1,
	  BIT(IMAGE) | BIT(SYSTEM_MAP) | BIT(BTF) | BIT(DEBUG) | BIT(MODULE) | BIT(OCCURRENCE) |
	  BIT(TYPE) | BIT(DIGEST) },
	{ "symbols", command_symbols, "GLOB",
	  "list the functions and variables whose names match, as in 'nfs_*'",
	  1, 1, BIT(IMAGE) | BIT(SYSTEM_MAP) | BIT(MODULE) },
	{ "types", command_types, "TYPE[.MEMBER]",
	  "show how the members of a struct or union lie, as pahole does",
	  1, 1, BIT(IMAGE) | BIT(BTF) | BIT(MODULE) },
	{ "hazards", command_hazards, "SYMBOL[+OFFSET]",
	  "show whose bytes a function's instructions, or a variable's, are",
	  1, 1, BIT(IMAGE) | BIT(SYSTEM_MAP) | BIT(MODULE) | BIT(OCCURRENCE) },
	{ "derive", command_derive, "OLD NEW",
	  "make a patch of what differs in two object files, of before and after a change",
	  2, 2, BIT(FUNCTION) | BIT(MODULE) | BIT(NAME) | BIT(LINE_NUMBERS) },
	{ "drift", command_drift, "OBJECT",
	  "show what of an object file was compiled for other structs than the kernel's",
	  1, 1, BIT(AGAINST) | BIT(BTF) | BIT(PATCH) | BIT(MODULE) | BIT(NAME) },
	{ "help", command_help, "[COMMAND]", "print help", 0, 1, 0 },
};
enum { COMMAND_COUNT = sizeof(commands) / sizeof(*commands) };

static int usage_hint(void)
{
	(void)fputs("try 'patchctl help', or 'patchctl help COMMAND'\n", stderr);
	return outcome_status(OUTCOME_USAGE);
}

int usage_error(const char *format, ...)
{
	va_list arguments;

	(void)fputs("patchctl: ", stderr);
	va_start(arguments, format);
	(void)vfprintf(stderr, format, arguments);
	va_end(arguments);
	(void)putc('\n', stderr);
	return usage_hint();
}

static void help_options(unsigned options)
{
	for (int i = 0; i < OPTION_COUNT; i++) {
		char text[64];

		if ((options & BIT(i)) == 0)
			continue;
		(void)snprintf(text, sizeof(text), "--%s%s%s", option_table[i].name,
			       option_table[i].argument == NULL ? "" : " ",
			       option_table[i].argument == NULL ? "" : option_table[i].argument);
		(void)printf("  %-20s  %s\n", text, option_table[i].description);
	}
}

static void help(void)
{
	(void)puts("usage: patchctl [OPTION...] COMMAND [ARGUMENT...]\n"
		   "Change single instructions of the running Linux kernel, after proof, and undo it.\n"
		   "\nCommands:");
	for (int i = 0; i < COMMAND_COUNT; i++)
		(void)printf("  %-12s  %s\n", commands[i].name, commands[i].description);
	(void)puts("\nOptions:");
	help_options(EVERYWHERE | BIT(OPTION_VERSION) | BIT(LIST_COMMANDS));
	(void)puts("\n'patchctl help COMMAND' has each command's own. The manual is patchctl(8).");
}

static void help_command(const struct command *command)
{
	(void)printf("usage: patchctl %s [OPTION...] %s\n%s\n\nOptions:\n", command->name,
		     command->arguments, command->description);
	help_options(EVERYWHERE | command->options);
}

/* "apply" for "applu": the longest common start, of two letters or more. */
static int unknown_command(const char *name)
{
	const char *near = NULL;
	size_t longest = 1;

	for (int i = 0; i < COMMAND_COUNT; i++) {
		size_t same = 0;

		while (name[same] != '\0' && name[same] == commands[i].name[same])
			same++;
		if (same > longest) {
			longest = same;
			near = commands[i].name;
		}
	}
	if (near == NULL)
		return usage_error("there is no command '%s'", name);
	return usage_error("there is no command '%s' (did you mean '%s'?)", name, near);
}

static const struct command *command_find(const char *name)
{
	for (int i = 0; i < COMMAND_COUNT; i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

static bool occurrence_parse(const char *text, unsigned *out)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (*text < '1' || *text > '9' || *end != '\0' || errno != 0 || value > INT_MAX)
		return false;
	*out = (unsigned)value;
	return true;
}

static int option_set(struct options *options, enum option_id id, const char *argument)
{
	switch (id) {
	case SOCKET: options->socket = argument; break;
	case JSON: options->json = true; break;
	case HELP: options->help = true; break;
	case OPTION_VERSION: options->version = true; break;
	case LIST_COMMANDS: options->list_commands = true; break;
	case IMAGE: options->image = argument; break;
	case SYSTEM_MAP: options->system_map = argument; break;
	case RELEASE: options->release = argument; break;
	case DEBUG: options->debug = argument; break;
	case BTF: options->btf = argument; break;
	case MODULE: options->module = argument; break;
	case OCCURRENCE:
		if (!occurrence_parse(argument, &options->occurrence))
			return usage_error("--occurrence: expected a number from 1, got '%s'",
					   argument);
		break;
	case ALL: options->all = true; break;
	case FORCE: options->force = true; break;
	case TARGET: options->target = argument; break;
	case OFFLINE_CPUS: options->offline_cpus = true; break;
	case TYPE: return type_option_add(options, argument);
	case DIGEST: options->digest = true; break;
	case CONFIRM_WITHIN:
		return time_parse("confirm-within", argument, CONFIRM_LEAST, &options->confirm_within);
	case WAIT: return time_parse("wait", argument, WAIT_LEAST, &options->wait);
	case AGAINST: options->against = argument; break;
	case PATCH: options->patch = true; break;
	case WHEN_LOADED: options->when_loaded = true; break;
	case IGNORE_WARNINGS: options->ignore_warnings = true; break;
	case FUNCTION: options->function = argument; break;
	case NAME: options->name = argument; break;
	case LINE_NUMBERS: options->line_numbers = true; break;
	case OPTION_COUNT: break;
	}
	return 0;
}

/*
 * Options and arguments in any order, as far as "--". What is no option moves to argv[1] and on,
 * *count of them: argv[0] is the name in getopt's messages. *given has the bits of the options seen. Returns 0 or an exit status.
 */
static int options_parse(int argc, char **argv, struct options *options, unsigned *given,
			 int *count)
{
	struct option table[OPTION_COUNT + 1] = { 0 };
	int option;

	for (int i = 0; i < OPTION_COUNT; i++)
		table[i] = (struct option){
			.name = option_table[i].name,
			.has_arg = option_table[i].argument == NULL ?
				   no_argument : required_argument,
			.val = UCHAR_MAX + 1 + i,
		};
	*count = 0;
	/* '-': what is no option comes as option 1, in its place */
	while ((option = getopt_long(argc, argv, "-h", table, NULL)) != -1) {
		int id = option == 'h' ? HELP : option - UCHAR_MAX - 1;

		if (option == 1) {
			argv[++*count] = optarg;
			continue;
		}
		if (option == '?')
			return usage_hint();	/* getopt has said what is wrong */
		*given |= BIT(id);
		if (option_set(options, (enum option_id)id, optarg) != 0)
			return outcome_status(OUTCOME_USAGE);
	}
	while (optind < argc)
		argv[++*count] = argv[optind++];
	return 0;
}

static int command_run(const struct command *command, const struct options *options,
		       unsigned given, int count, char **arguments)
{
	unsigned strange = given & ~(EVERYWHERE | command->options);

	for (int i = 0; i < OPTION_COUNT; i++) {
		if ((strange & BIT(i)) != 0)
			return usage_error("%s does not take --%s", command->name,
					   option_table[i].name);
	}
	if (count < command->fewest)
		return usage_error("%s needs %s", command->name, command->arguments);
	if (count > command->most)
		return usage_error("%s: one argument too many: '%s'", command->name,
				   arguments[command->most]);
	return command->function(options, count, arguments);
}

/* `patchctl help`, `patchctl help COMMAND`, `patchctl COMMAND --help` */
static int help_for(const char *name)
{
	const struct command *command = name == NULL ? NULL : command_find(name);

	if (name != NULL && command == NULL)
		return unknown_command(name);
	if (command == NULL)
		help();
	else
		help_command(command);
	return 0;
}

static int command_help(const struct options *options, int count, char **arguments)
{
	(void)options;
	return help_for(count == 0 ? NULL : arguments[0]);
}

static int dispatch(const struct options *options, unsigned given, int count, char **arguments)
{
	const char *name = count == 0 ? NULL : arguments[0];
	const struct command *command;

	if (options->help)
		return help_for(name);
	if (options->version) {
		(void)puts("patchctl " VERSION);
		return 0;
	}
	if (options->list_commands) {
		for (int i = 0; i < COMMAND_COUNT; i++)
			(void)puts(commands[i].name);
		return 0;
	}
	if (name == NULL)
		return usage_error("a command is missing");
	command = command_find(name);
	if (command == NULL)
		return unknown_command(name);
	return command_run(command, options, given, count - 1, arguments + 1);
}

int main(int argc, char **argv)
{
	static char own_name[] = "patchctl";
	struct options options = { .socket = PATCHCTL_SOCKET, .wait = WAIT_SECONDS };
	unsigned given = 0;
	int count, status, fd;

	/* No file that is opened shall become stdout. */
	do {
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		(void)close(fd);
	/* A closed pipe is a write error, told below. */
	(void)signal(SIGPIPE, SIG_IGN);
	if (argc > 0)
		argv[0] = own_name;
	status = options_parse(argc, argv, &options, &given, &count);
	if (status == 0)
		status = dispatch(&options, given, count, argv + 1);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		(void)fprintf(stderr, "patchctl: error: cannot write the output: %s\n",
			      strerror(errno));
		return outcome_status(OUTCOME_ERROR);
	}
	return status;
}
