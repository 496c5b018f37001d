/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Structs that two builds lay out differently (-DNEW), in ways that make it hard to tell which
 * member an instruction means, or what a register has. */
#ifdef NEW
#define ADDED(member) member;
#else
#define ADDED(member)
#endif

struct list {
	struct list *next, *prev;
};
struct counter {
	ADDED(long added)
	int count;
	int limit;
};
struct point {
	int x;
	int y;
};
struct spot {
	int x;
	ADDED(int added)
	int y;
};
struct bar {
	long first;
	ADDED(long added[2])
	struct foo *foo;
	int value;
};
struct foo {
	int first;
	ADDED(int added)
	int value;
	struct foo *next;
	struct bar *bar;
	union {
		struct spot spot;
		struct point point;
	} u;
	struct counter counter;
	union {
		struct counter inner;
		struct point plain;
	};
	int last;
};
#ifdef NEW
struct arrays {
	int count;
	char b[8];
	char added[4];
	char a[8];
};
#else
struct arrays {
	int count;
	char a[8];
	char b[8];
};
#endif
struct packed {
	char c;
	void *pointer;
} __attribute__((packed));
struct floats {
	float x, y;
};
struct three {
	long a, b, c;
};
struct local {
	void *pointer;
	struct list list;
};

void sink(void *);
void use(long);
int value(int);
struct foo *foo_get(int);
struct bar *bar_get(int);
struct three three_get(struct foo *, struct bar *);
