/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpus_fixture: a directory that plays /sys/devices/system/cpu. */
#ifndef PATCHERD_CPUS_FIXTURE_H
#define PATCHERD_CPUS_FIXTURE_H

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file_fixture.h"

enum { MACHINE_CPUS = 8 };

struct machine {
	char directory[64];
	int stuck[MACHINE_CPUS];	/* memory files of machine_stuck_cpu(); 0: none */
};

/* CPU n's switch, in its directory, which is made. */
static inline const char *machine_switch(struct machine *machine, unsigned cpu, char out[128])
{
	(void)snprintf(out, 128, "%s/cpu%u", machine->directory, cpu);
	(void)mkdir(out, 0700);
	(void)snprintf(out, 128, "%s/cpu%u/online", machine->directory, cpu);
	return out;
}

static inline void machine_write(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fputs(text, file) < 0, 0);
	assert_int_equal(fclose(file), 0);
}

/* The list of CPUs that are online. */
static inline void machine_list(struct machine *machine, const char *text)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/online", machine->directory);
	machine_write(path, text);
}

/* Gives CPU n a switch; NULL: takes it away. */
static inline void machine_cpu(struct machine *machine, unsigned cpu, const char *text)
{
	char path[128];

	(void)unlink(machine_switch(machine, cpu, path));
	if (text != NULL)
		machine_write(path, text);
}

/* One that can be read, and refuses to be written to. */
static inline void machine_stuck_cpu(struct machine *machine, unsigned cpu, const char *text)
{
	char path[128], file[64];
	int fd = memfd_create("stuck", MFD_ALLOW_SEALING);

	assert_true(fd > 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
	(void)snprintf(file, sizeof(file), "/proc/self/fd/%d", fd);
	(void)unlink(machine_switch(machine, cpu, path));
	assert_int_equal(symlink(file, path), 0);
	machine->stuck[cpu] = fd;
}

static inline char machine_cpu_now(struct machine *machine, unsigned cpu)
{
	char path[128];
	FILE *file = fopen(machine_switch(machine, cpu, path), "r");
	int digit;

	assert_non_null(file);
	digit = getc(file);
	assert_int_equal(fclose(file), 0);
	return (char)digit;
}

#define assert_cpu(machine, cpu, wanted) \
	assert_int_equal(machine_cpu_now(machine, cpu), wanted)

static inline int machine_remove(const char *path, const struct stat *status, int type,
				 struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	return remove(path);
}

static inline int machine_open(struct machine *machine)
{
	memset(machine, 0, sizeof(*machine));
	strcpy(machine->directory, "/tmp/test_cpus.XXXXXX");
	return mkdtemp(machine->directory) != NULL ? 0 : -1;
}

static inline void machine_close(struct machine *machine)
{
	for (unsigned cpu = 0; cpu < MACHINE_CPUS; cpu++) {
		if (machine->stuck[cpu] != 0)
			(void)close(machine->stuck[cpu]);
	}
	(void)nftw(machine->directory, machine_remove, 8, FTW_DEPTH | FTW_PHYS);
}

static inline int machine_setup(void **state)
{
	struct machine *machine = malloc(sizeof(*machine));

	*state = machine;
	return machine != NULL ? machine_open(machine) : -1;
}

static inline int machine_teardown(void **state)
{
	machine_close(*state);
	free(*state);
	return 0;
}

#endif
