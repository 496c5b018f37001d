/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pairs: structs as an object was compiled with them, or, with -DKERNEL, as the kernel was. Each is
 * called what has become of it. */
#ifdef KERNEL
#define OBJECT(...)
#define KERNEL_(...) __VA_ARGS__
#else
#define OBJECT(...) __VA_ARGS__
#define KERNEL_(...)
#endif
/* what the object has, what the kernel has */
#define PAIR(object, kernel) OBJECT object KERNEL_ kernel

struct inner { int a; KERNEL_(int added;) int b; };

struct field_added { int a; KERNEL_(int added;) int b; };
struct field_removed { int a; OBJECT(int removed;) int b; };
struct renamed { int a; PAIR((int before;), (int after;)) };
struct reordered { PAIR((int a; short b; short c;), (short c; short b; int a;)) };
struct widened { PAIR((int), (long long)) a; char b; };
struct only_another_type { PAIR((int), (unsigned int)) a; PAIR((char *), (void *)) b; };
struct bit_added { unsigned int a:3; KERNEL_(unsigned int added:1;) unsigned int b:4; };
struct bit_widened { unsigned int a:PAIR((3), (4)), :2, b:5; unsigned long long c:40; };
struct bits_no_more { unsigned char a PAIR((:7), ()); unsigned char b; };
struct bits_all { unsigned char a PAIR((:8), ()); unsigned char b; };
struct union_grown { int a; union { int b; PAIR((char), (short)) c[4]; }; int d; };
struct anonymous_grown { char a; struct { KERNEL_(int added;) int b; struct { int c; }; }; };
struct wrapped { int a; PAIR((int b;), (struct { int b; };)) };
struct array_grown { char a[PAIR((8), (16))]; int b; };
struct matrix_grown { int a[2][PAIR((3), (4))]; int b; };
struct flexible_moved { PAIR((int), (long long)) a; int data[]; };
struct nested_grown { char a; struct inner in; int b; };
struct nested_in_array { struct inner in[3]; int b; };
struct pointer_to_value { PAIR((struct inner *in;), (struct inner in;)) };
struct pointed_to_grown { struct inner *in; int b; };
struct PAIR((), (__attribute__((packed)))) packed { char a; int b; };
struct PAIR((), (__attribute__((aligned(64))))) aligned { int a; int b; };
typedef struct { int a; KERNEL_(int added;) int b; } typedef_anonymous;
union union_itself { int a; PAIR((short), (long long)) b; };
struct function_pointer { int (*a)(PAIR((int), (long))); int b; };
#ifdef KERNEL
struct only_in_kernel { int a; };
#else
struct only_in_object { int a; };
#endif

#define USE(type) type use_##type;
#define USE_STRUCT(type) struct type use_##type;
USE_STRUCT(field_added) USE_STRUCT(field_removed) USE_STRUCT(renamed) USE_STRUCT(reordered)
USE_STRUCT(widened) USE_STRUCT(only_another_type) USE_STRUCT(bit_added) USE_STRUCT(bit_widened)
USE_STRUCT(bits_no_more) USE_STRUCT(bits_all) USE_STRUCT(union_grown)
USE_STRUCT(anonymous_grown) USE_STRUCT(wrapped)
USE_STRUCT(array_grown) USE_STRUCT(matrix_grown) USE_STRUCT(flexible_moved)
USE_STRUCT(nested_grown) USE_STRUCT(nested_in_array) USE_STRUCT(pointer_to_value)
USE_STRUCT(pointed_to_grown) USE_STRUCT(packed) USE_STRUCT(aligned) USE_STRUCT(function_pointer)
USE(typedef_anonymous)
union union_itself use_union_itself;
PAIR((struct only_in_object), (struct only_in_kernel)) use_only;

/* Two of one name, the second one in second.c: one is as the object has it; none is. The linker
 * gets sizes wrong where it joins CTF (binutils 2.40: of bitfields, and of pointers of i386). */
#ifndef ALONE
struct one_of_two { PAIR((int), (long long)) a; int b; };
struct none_of_two { int a; PAIR((int b; int c;), (int n[4]; int c;)) };
USE_STRUCT(one_of_two) USE_STRUCT(none_of_two)
#endif
