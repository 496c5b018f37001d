/* SPDX-License-Identifier: GPL-2.0-or-later */
/* patchctl: the client. One file per command; what they share is declared here. */
#ifndef PATCHERD_PATCHCTL_H
#define PATCHERD_PATCHCTL_H

#include <stdio.h>
#include <time.h>

#include <jansson.h>

#include "fail.h"

#define PATCHCTL_SOCKET "/run/patcherd/io.patcherd"

enum { TYPE_OPTIONS_MAX = 16 };

/* What the command line says; NULL, 0 or false where it does not. */
struct options {
	const char *socket;
	const char *image;
	const char *system_map;
	const char *release;
	const char *debug;
	const char *btf;
	const char *module;
	const char *against;		/* drift: FILE or "running" */
	const char *target;
	unsigned occurrence;
	bool json;
	bool all;
	bool force;
	bool offline_cpus;
	bool when_loaded;
	bool digest;
	bool patch;
	unsigned confirm_within;	/* seconds */
	bool ignore_warnings;
	unsigned wait;			/* seconds that a request which writes may wait for its turn */
	const char *function;
	const char *name;
	bool line_numbers;
	const char *types[TYPE_OPTIONS_MAX];	/* "rdi=file_lock" */
	size_t type_count;
	bool help;
	bool version;
	bool list_commands;
};

/* The commands. Each returns patchctl's exit status. */
int command_apply(const struct options *options, int count, char **arguments);
int command_dry_run(const struct options *options, int count, char **arguments);
int command_confirm(const struct options *options, int count, char **arguments);
int command_revert(const struct options *options, int count, char **arguments);
int command_status(const struct options *options, int count, char **arguments);
int command_enable(const struct options *options, int count, char **arguments);
int command_disable(const struct options *options, int count, char **arguments);
int command_boot(const struct options *options, int count, char **arguments);
int command_history(const struct options *options, int count, char **arguments);
int command_doctor(const struct options *options, int count, char **arguments);
int command_disassemble(const struct options *options, int count, char **arguments);
int command_derive(const struct options *options, int count, char **arguments);
int command_hazards(const struct options *options, int count, char **arguments);
int command_types(const struct options *options, int count, char **arguments);
int command_drift(const struct options *options, int count, char **arguments);
int command_symbols(const struct options *options, int count, char **arguments);

/* main.c: says on stderr what is wrong with the command line; returns the exit status. */
int usage_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* file.c: the text of a patch file; `name` "-" is stdin. */
struct patch_file {
	const char *name;	/* as messages have it */
	char *text;		/* owned; a NUL follows */
	size_t length;
};
/* -1: OUTCOME_ERROR with the reason; OUTCOME_INVALID_SPEC where it is over 1 MiB. */
int patch_file_read(const char *name, struct patch_file *out, struct fail *fail) MUST_CHECK;
void patch_file_deinit(struct patch_file *file);
/* A PatchText of the interface; a new reference. NULL: JSON, which carries UTF-8 without NUL, cannot
 * carry it: then it is no valid file either, and *fail has what the parser says. */
json_t *patch_file_json(const struct patch_file *file, struct fail *fail);
/* Whether an argument is a file and not the name of a patch, which has neither slash nor dot. */
bool is_patch_file(const char *argument);

/* confirm.c: "90s", "5m", "2h", from `least` seconds to 24 hours, as the argument of --`option`. Returns 0
 * or an exit status. */
int time_parse(const char *option, const char *text, unsigned least, unsigned *out);

/* image.c: the kernel in a file. */
/* The file itself, or what is packed in it. */
struct elf_file;
int image_elf_open(const char *path, struct elf_file **out, struct fail *fail) MUST_CHECK;
/* The Results of a dry run; a new reference. -1: the image or its symbols cannot be used. */
int image_dry_run(const struct options *options, const struct patch_file *files, size_t count,
		  json_t **results, struct fail *fail) MUST_CHECK;
/* The answer of Disassemble; a new reference. */
int image_disassemble(const struct options *options, const char *symbol, json_t **out,
		      struct fail *fail) MUST_CHECK;

/* The answer of Symbols; a new reference. */
int image_symbols(const struct options *options, const char *pattern, json_t **out,
		  struct fail *fail) MUST_CHECK;

/* The answer of Hazards; a new reference. */
struct survey_question;
int image_hazards(const struct options *options, const struct survey_question *question,
		  json_t **out, struct fail *fail) MUST_CHECK;

/* btf.c: the types in a file: raw BTF, or the section .BTF of a vmlinux, vmlinuz, .ko or .o, packed or
 * not; raw BTF for types_create_image(), to be freed. -1: OUTCOME_ERROR: it cannot be read, or has
 * none. */
int btf_file_read(const char *path, uint8_t **out, size_t *size, struct fail *fail) MUST_CHECK;

/* daemon.c: one call of io.patcherd.METHOD. `parameters` is taken over; NULL is out of memory. */
struct reply {
	json_t *parameters;	/* a reference; never NULL after success */
	char *error;		/* owned: the error that patcherd declared; NULL: none */
};
int daemon_call(const struct options *options, const char *method, json_t *parameters,
		struct reply *out, struct fail *fail) MUST_CHECK;
/* The same of a method that writes, which has to be begun within --wait. -1: OUTCOME_BUSY, too, where
 * patcherd did not answer at all until then, and was asked for nothing. */
int daemon_call_in_turn(const struct options *options, const char *method, json_t *parameters,
			struct reply *out, struct fail *fail) MUST_CHECK;
void reply_deinit(struct reply *reply);
/* The declared error in words and as an outcome; -1 always. */
int reply_fail(const struct reply *reply, struct fail *fail);
/* Whether it is that error of io.patcherd. */
bool reply_is(const struct reply *reply, const char *error);
/* The list `key` of the answer, Refused and Incomplete included; it lives as long as the reply.
 * -1: the reply is another error, or has no such list. */
int reply_list(const struct reply *reply, const char *key, json_t **out,
	       struct fail *fail) MUST_CHECK;

/* turn.c: waits until patcherd answers, so that what is asked next is begun soon; `by` in microseconds of
 * CLOCK_BOOTTIME. -1: OUTCOME_BUSY; OUTCOME_UNREACHABLE: the connection broke. */
struct varlink;
int turn_wait(struct varlink *link, int64_t by, struct fail *fail) MUST_CHECK;

/* wait.c: after two seconds says on stderr, if that is a terminal, what is waited for. `text`
 * must live until wait_end(). */
struct wait {
	timer_t timer;
	bool running;
};
void wait_begin(struct wait *wait, const char *text);
void wait_end(struct wait *wait);

/* debug.c: source lines from DWARF. */
struct debug;
/* -1: OUTCOME_ERROR: no object file, or without DWARF. */
int debug_open(const char *path, struct debug **out, struct fail *fail) MUST_CHECK;
void debug_close(struct debug *debug);
/* Whether the file's build-id is known (libbfd finds that of executables only) and another one than
 * the target's, "" where that is not known. A `live` target's is its kernel image's, which tells
 * nothing of a module. */
bool debug_differs(const struct debug *debug, const char *build_id, bool live);
/* "fs/nfs/file.c:812" of a place in a function; `module` NULL: the kernel image. False: unknown. */
bool debug_line(struct debug *debug, const char *module, const char *function, uint64_t offset,
		char *out, size_t size);

/* source.c: gives the sites of Results their "source", where debug information tells it. */
int source_open(const struct options *options, struct debug **out, struct fail *fail) MUST_CHECK;
int source_add(const struct options *options, struct debug *debug, json_t *results,
	       struct fail *fail) MUST_CHECK;
/* The same of the lines of one function, as Disassemble answers with it. -1: OUTCOME_GUARD, the debug
 * information is of another kernel. `debug` NULL: nothing is done. */
int source_lines_add(const struct options *options, struct debug *debug, json_t *function,
		     struct fail *fail) MUST_CHECK;

/* listing.c: a function's instructions. */
/* "nfs_flock [nfs]: 213 bytes on 6.1.0-56-cloud-amd64 (kmem)"; `name` is the key of the name. */
void listing_title(const json_t *answer, const char *name);
/* Prints `pad` blanks, and what belongs beside the index-th line; nothing if that is nothing. */
typedef void listing_beside(size_t index, int pad, const void *data);
struct arrows;
struct listing {
	listing_beside *beside;		/* NULL: nothing stands there */
	const void *data;		/* for `beside` */
	const struct arrows *arrows;	/* NULL: none are drawn */
	int64_t marked;			/* offset of the line with an arrow in front; -1: none */
};
/* Source line where it is told, address, offset, bytes, arrows, assembler, member, and what `beside`
 * prints. */
void listing_print(const json_t *lines, const struct listing *listing);

/* arrows.c: the branches between lines that have a "target". NULL: out of memory. */
struct arrows *arrows_find(const json_t *lines);
void arrows_free(struct arrows *arrows);
/* Those beside the index-th line, each as wide; nothing where there are no branches. */
void arrows_print(const struct arrows *arrows, size_t line);

/* members.c: --type REGISTER=TYPE. Returns 0 or an exit status. */
int type_option_add(struct options *options, const char *argument);
/* Gives the lines of a function that use a member of one of the types their "member". -1: a type is
 * not known. */
struct types;
int members_add(const struct options *options, struct types *types, json_t *function,
		struct fail *fail) MUST_CHECK;

/* place.c: SYMBOL[+OFFSET]; `text` is cut at the +. Returns 0 or an exit status. */
struct place_argument {
	const char *symbol;
	bool has_offset;
	uint64_t offset;		/* bytes, up to INT64_MAX */
};
int place_parse(const char *command, char *text, struct place_argument *out);

/* results.c: prints Results, as text or JSON; returns the exit status they ask for. */
int results_print(const struct options *options, const json_t *results);

/* enable.c: what status says of the patches that are applied at boot; whether somebody must look. */
bool boot_print(const struct options *options, const json_t *boot);

/* output.c */
#define RED "\033[31m"
#define GREEN "\033[32m"
#define YELLOW "\033[33m"
#define DIM "\033[2m"
#define PLAIN "\033[0m"
/* Whether they are wanted. */
bool stdout_has_colours(void);
/* Says why there is no result, on stderr, or as JSON; returns the exit status. `patch` may be
 * NULL. */
int fail_print(const struct options *options, const char *patch, const struct fail *fail);
/* One value on one line. */
void json_print(const json_t *value);
/* Text of others with control characters escaped; returns the columns it took. `out` NULL:
 * counts only. */
int text_print(FILE *out, const char *text);
/* The same, and blanks up to `width` columns. */
void text_pad(FILE *out, const char *text, int width);
/* Text of several lines, each behind `indent`. */
void lines_print(FILE *out, const char *indent, const char *text);
/* A member that is a string; "" where there is none. */
const char *json_text(const json_t *object, const char *key);
/* The function or the variable that a site is in. */
const char *symbol_text(const json_t *site);
/* "nfs_flock+0x2f [nfs]", "nfs_debug [nfs]", escaped later; to be freed. NULL: out of memory. */
char *place_text(const json_t *site);
/* What a site holds or is to hold: of a variable "0x40", else the bytes as they are. */
enum { VALUE_TEXT_MAX = 2 + 16 + 1 };
const char *variable_text(const json_t *site, const char *bytes, char out[VALUE_TEXT_MAX]);
/* Of a Result: " on 6.1.0-56-cloud-amd64 (kmem)", " on 2.6.22.1 (image vmlinux)"; nothing where no
 * kernel was looked at. */
void target_print(const json_t *target);

#endif
