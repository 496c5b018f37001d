/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kmem: for module_test: /dev/kmem, and the functions of patcherd_test.ko. */
#ifndef PATCHERD_TESTS_KMEM_H
#define PATCHERD_TESTS_KMEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "patcher_kmem.h"

extern int kmem;			/* /dev/kmem */
extern uint64_t stop_longest;		/* nanoseconds, of all write_sites() */

/* finit_module(2) of the file. */
int load(const char *path);
/* A symbol's address: what the kernel says, or patcherd_test of a variable; 0: neither does. */
uint64_t find_symbol(const char *wanted);
/* The same; a test cannot go on without it. */
uint64_t symbol(const char *wanted);
/* How much was read, or -errno. */
long read_at(uint64_t address, void *buffer, size_t length);

struct patcher_kmem_site site_of(uint64_t address, size_t length, const void *expected,
				 const void *replacement);
/* Swaps what is expected and its replacement. */
void turn(struct patcher_kmem_site *site);
struct patcher_kmem_write request_of(const struct patcher_kmem_site *array, uint32_t count);
/* 0 or -errno. */
long submit(int fd, struct patcher_kmem_write *request);
/* Both in one, on `kmem`. */
long write_sites(struct patcher_kmem_site *array, uint32_t count, uint32_t *failed);

/* Writes the text to a file of the kernel. */
bool write_file(const char *path, const char *text);

/* What the functions of patcherd_test return, by the size of the buffer; -1: error. Called in a
 * child only: a call leaves return addresses on the stack, which the module takes for a task
 * that is inside. */
enum { ANSWER = 1, SLEEPER = 2, SPINNER = 3 };
int call(size_t function);
/* A child that calls the function, once it is in its midst. */
pid_t enter(size_t function);
/* Lets it go on; what the function returned. */
int leave(pid_t pid);

#endif
