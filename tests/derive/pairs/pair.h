/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the pairs have in common: compiled with -DAFTER they are the changed source. */
#ifdef AFTER
#define CHANGE(before, after) after
#else
#define CHANGE(before, after) before
#endif
#define noinline __attribute__((noinline))

struct file {
	int mode;
	unsigned char type;
	unsigned int flags;
	long size;
	struct file *next;
};

int first(int value);
int second(int value);
void put(const char *text);
void warn(const char *file, int line, int taint);
__attribute__((cold, noreturn)) void stop(int code);
extern int one, other;
