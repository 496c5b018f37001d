// SPDX-License-Identifier: GPL-2.0-only
/*
 * patcherd_operations: a function for each thing that can be made of an instruction, and variables.
 *
 * Reading the parameter of a function's name calls it, and gives what it returned, or that as an
 * error where it is negative. The parameter `input` is what decides in them. Those of the variables
 * are the kernel's own ways to them. Writing a number to `callers` has so many tasks call
 * patcherd_operations_int() without pause, 0 ends them; `wrong` counts what it returned to them but
 * 42 and -EPERM, `least` the calls of the task that made fewest.
 */
#include <linux/errno.h>
#include <linux/gcd.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>

static int input = 1;
module_param(input, int, 0600);

/* ---- branches: 2 where the input is 0, else 1 -------------------------------------------------- */

static noinline long patcherd_operations_rel8(void)
{
	int answer;

	asm volatile("testl %1, %1\n\tje 1f\n\tmovl $1, %0\n\tjmp 2f\n1:\tmovl $2, %0\n2:"
		     : "=&r"(answer) : "r"(READ_ONCE(input)));
	return answer;
}

/* Too far for a displacement of one byte. */
static noinline long patcherd_operations_rel32(void)
{
	int answer;

	asm volatile("testl %1, %1\n\tje 1f\n\tmovl $1, %0\n\tjmp 2f\n\t.skip 160, 0x90\n"
		     "1:\tmovl $2, %0\n2:" : "=&r"(answer) : "r"(READ_ONCE(input)));
	return answer;
}

/* ---- operands ---------------------------------------------------------------------------------- */

static noinline long patcherd_operations_imm8(void)
{
	int answer = 40;

	asm volatile("addl $2, %0" : "+r"(answer));
	return answer;
}

static noinline long patcherd_operations_imm32(void)
{
	int answer;

	asm volatile("movl $0x12345, %0" : "=r"(answer));
	return answer;
}

static const struct {
	int first, second, third;
	int far[64];
} members = { 10, 20, 30, { [40] = 50 } };

static noinline long patcherd_operations_disp8(void)
{
	int answer;

	asm volatile("movl 4(%1), %0" : "=r"(answer) : "r"(&members), "m"(members));
	return answer;
}

static noinline long patcherd_operations_disp32(void)
{
	int answer;

	asm volatile("movl 172(%1), %0" : "=r"(answer) : "r"(&members), "m"(members));
	return answer;
}

/* ---- calls: what is called says which it is ---------------------------------------------------- */

/* In a section of its own, so that a jump to it has 32 bits. */
static noinline __section(".text.first") long patcherd_operations_first(void)
{
	long answer;

	asm volatile("movl $1, %%eax" : "=a"(answer));
	return answer;
}

static noinline long patcherd_operations_second(void)
{
	long answer;

	asm volatile("movl $2, %%eax" : "=a"(answer));
	return answer;
}

static noinline long patcherd_operations_call(void)
{
	return patcherd_operations_first() + 10;
}

static noinline long patcherd_operations_tail(void)
{
	return patcherd_operations_first();
}

/* Of the kernel image; lcm() takes the same. */
static noinline long patcherd_operations_gcd(void)
{
	return gcd(12, 18) + 100;
}

/* ---- whole functions --------------------------------------------------------------------------- */

/* Longer than what a return is made of. */
static noinline int patcherd_operations_int(void)
{
	int answer;

	asm volatile("movl $36, %0\n\t.rept 6\n\taddl $1, %0\n\t.endr" : "=a"(answer));
	return answer;
}

static noinline long patcherd_operations_long(void)
{
	long answer;

	asm volatile("movl $36, %%eax\n\t.rept 6\n\taddl $1, %%eax\n\t.endr" : "=a"(answer));
	return answer;
}

static noinline long call_int(void)
{
	return patcherd_operations_int();
}

/* ---- variables --------------------------------------------------------------------------------- */

static struct {
	u64 eight;
	u32 four;
	u16 two;
	u8 one;
} patcherd_operations_values = { 0x1122334455667788, 0x99aabbcc, 0xddee, 0xf1 };
module_param_named(eight, patcherd_operations_values.eight, ullong, 0600);
module_param_named(four, patcherd_operations_values.four, uint, 0600);
module_param_named(two, patcherd_operations_values.two, ushort, 0600);
module_param_named(one, patcherd_operations_values.one, byte, 0600);

/* ---- tasks that call --------------------------------------------------------------------------- */

enum { CALLERS_MAX = 16 };
static struct task_struct *callers[CALLERS_MAX];
static unsigned long called[CALLERS_MAX], wrong;
module_param(wrong, ulong, 0400);

static int call(void *data)
{
	unsigned long *count = data;
	int i;

	while (!kthread_should_stop()) {
		for (i = 0; i < 1000; i++) {
			int value = patcherd_operations_int();

			if (value != 42 && value != -EPERM)
				WRITE_ONCE(wrong, wrong + 1);
		}
		WRITE_ONCE(*count, *count + 1000);
		cond_resched();
	}
	return 0;
}

static void callers_end(void)
{
	size_t i;

	for (i = 0; i < CALLERS_MAX && callers[i]; i++) {
		kthread_stop(callers[i]);
		callers[i] = NULL;
	}
}

static int callers_set(const char *value, const struct kernel_param *parameter)
{
	unsigned int i, count;
	int error = kstrtouint(value, 0, &count);

	if (error || count > CALLERS_MAX)
		return error ?: -EINVAL;
	callers_end();
	for (i = 0; i < count; i++) {
		struct task_struct *task;

		called[i] = 0;
		task = kthread_run(call, &called[i], "patcherd_caller");
		if (IS_ERR(task)) {
			callers_end();
			return PTR_ERR(task);
		}
		callers[i] = task;
	}
	return 0;
}

static const struct kernel_param_ops callers_ops = { .set = callers_set };
module_param_cb(callers, &callers_ops, NULL, 0200);

static int least_get(char *buffer, const struct kernel_param *parameter)
{
	unsigned long least = ULONG_MAX;
	size_t i;

	for (i = 0; i < CALLERS_MAX && callers[i]; i++)
		least = min(least, READ_ONCE(called[i]));
	return sprintf(buffer, "%lu\n", least);
}

static const struct kernel_param_ops least_ops = { .get = least_get };
module_param_cb(least, &least_ops, NULL, 0400);

/* ---- parameters of functions ------------------------------------------------------------------- */

static int function_get(char *buffer, const struct kernel_param *parameter)
{
	long (*const *function)(void) = parameter->arg;
	long value = (*function)();

	return value < 0 && value >= -MAX_ERRNO ? value : sprintf(buffer, "%ld\n", value);
}

static const struct kernel_param_ops function_ops = { .get = function_get };

#define FUNCTION(name, function) \
	static long (*name##_function)(void) = function; \
	module_param_cb(name, &function_ops, &name##_function, 0400)

FUNCTION(rel8, patcherd_operations_rel8);
FUNCTION(rel32, patcherd_operations_rel32);
FUNCTION(imm8, patcherd_operations_imm8);
FUNCTION(imm32, patcherd_operations_imm32);
FUNCTION(disp8, patcherd_operations_disp8);
FUNCTION(disp32, patcherd_operations_disp32);
FUNCTION(first, patcherd_operations_first);
FUNCTION(second, patcherd_operations_second);
FUNCTION(call, patcherd_operations_call);
FUNCTION(tail, patcherd_operations_tail);
FUNCTION(gcd, patcherd_operations_gcd);
FUNCTION(int, call_int);
FUNCTION(long, patcherd_operations_long);

static int __init patcherd_operations_init(void)
{
	return 0;
}

static void __exit patcherd_operations_exit(void)
{
	callers_end();
}

module_init(patcherd_operations_init);
module_exit(patcherd_operations_exit);
MODULE_DESCRIPTION("instructions and variables that patcherd's tests change");
MODULE_LICENSE("GPL");
