/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each function has instructions that could be taken for uses of other members than they are. */
#include "layouts.h"

/* The second struct of a union is not the first. */
int union_second(struct foo *p)
{
	return p->u.point.y;
}

int union_anonymous(struct foo *p)
{
	struct point *at = &p->plain;

	sink(at);
	return at->x + at->y;
}

/* A pointer to the first member of a struct is none to the struct. */
int member_first(struct foo *p)
{
	int *at = &p->counter.count;

	for (int i = 0; i < value(0); i++) {
		sink(at);
		*at += at[1];
	}
	return *at;
}

/* What looks like an element of `a` is one of `b`. */
int array_behind(struct arrays *p, int n)
{
	int sum = 0;

	for (int i = 8; i < n; i++)
		sum += p->b[i - 8] * i;
	return sum;
}

/* A packed struct is on the stack, and takes no registers. */
int packed_by_value(struct packed s, struct foo *a, struct bar *b, struct arrays *c, struct foo *d)
{
	return a->value + b->value + c->a[1] + d->value;
}

struct packed packed_result(struct foo *a, struct bar *b, struct foo *c)
{
	return (struct packed){ (char)a->value, b->foo + c->value };
}

struct three large_result(struct foo *a, struct bar *b)
{
	return (struct three){ a->value, b->value, 1 };
}

#ifdef FLOATS
int floats_first(double d, struct foo *a, struct bar *b)
{
	return a->value + b->value;
}

int floats_by_value(struct floats f, struct foo *a, struct bar *b)
{
	return a->value + b->value;
}
#endif

/* Where parameters are on the stack differs by how the file is compiled, and by function. */
int many(struct foo *a, struct bar *b, struct foo *c, struct bar *d, struct foo *e, struct bar *f,
	 struct foo *g, struct bar *h)
{
	return a->value + b->value + c->value + d->value + e->value + f->value + g->value + h->value;
}

#ifdef __i386__
__attribute__((regparm(0))) int on_stack(struct foo *a, struct bar *b, struct foo *c, struct bar *d,
					 struct foo *e)
{
	return a->value + b->value + c->value + d->value + e->value;
}
#endif

/* A called function that pops the pointer to its result moves the stack pointer. */
int popped(void)
{
	struct foo *a = foo_get(1), *b = foo_get(2), *c = foo_get(3);
	struct bar *d = bar_get(1), *e = bar_get(2), *f = bar_get(3);
	struct three first = three_get(a, d), second = three_get(b, e);

	use(second.a);
	second = three_get(b, e);
	use(second.a);
	return (int)(a->value + b->value + c->value + d->value + e->value + f->value + first.a);
}

/* Somebody who has the address of `list` may change what comes before it. */
int local_changed(struct foo *a)
{
	struct local local;

	local.pointer = a;
	sink(&local.list);
	return ((struct bar *)local.pointer)->value;
}

/* clang leaves the first parameter out. */
static __attribute__((noinline)) int without_first(int none, struct foo *a, struct bar *b,
						   struct foo *c)
{
	return a->value + b->value + c->value;
}

int without(struct foo *a, struct bar *b)
{
	return without_first(0, a, b, a) + without_first(0, a->next, b, a);
}
