/* SPDX-License-Identifier: GPL-2.0-or-later */
/* second: another unit of the same kernel, see the end of pairs.c. */
struct one_of_two { int a; int b; };
struct none_of_two { int a; int added; int b; int c; };
struct one_of_two second_one;
struct none_of_two second_none;
