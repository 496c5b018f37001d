// SPDX-License-Identifier: GPL-2.0-only
/*
 * patcherd_owners: a function for each owner of bytes that the kernel's tables name, with a
 * `movl $42` of its own beside the owner's instruction.
 *
 * Reading the parameter of a function's name runs it and gives its answer; writing 1 or 0 switches
 * what there is to switch.
 */
#include <linux/jump_label.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/static_call.h>
#include <asm/alternative.h>
#include <asm/asm.h>
#include <asm/cpufeatures.h>

#define ANSWER ({ int value_; asm volatile("movl $42, %0" : "=r"(value_)); value_; })

/* ---- .text that the kernel switches ---------------------------------------------------------- */

static DEFINE_STATIC_KEY_FALSE(patcherd_owners_switch);

static noinline int patcherd_owners_key(void)
{
	int answer = ANSWER;

	if (static_branch_unlikely(&patcherd_owners_switch))
		answer += 100;
	return answer;
}

static int key_set(int on)
{
	if (on)
		static_branch_enable(&patcherd_owners_switch);
	else
		static_branch_disable(&patcherd_owners_switch);
	return 0;
}

static noinline int add_nothing(void)
{
	return 0;
}

static noinline int add_hundred(void)
{
	return 100;
}

DEFINE_STATIC_CALL(patcherd_owners_step, add_nothing);

static noinline int patcherd_owners_call(void)
{
	return ANSWER + static_call(patcherd_owners_step)();
}

static int call_set(int on)
{
	static_call_update(patcherd_owners_step, on ? add_hundred : add_nothing);
	return 0;
}

/* ---- .text that the kernel finds again by its address ----------------------------------------- */

static noinline int patcherd_owners_warn(void)
{
	WARN_ON(true);
	return ANSWER;
}

static int memory = 42;
static int *place = &memory;

/* 1 more than is in memory, if somebody makes an add of the move; a fault if there is none. */
static noinline int patcherd_owners_fault(void)
{
	int error = 0, value = 1;

	asm volatile("1: movl (%2), %1\n2:\n"
		     _ASM_EXTABLE_TYPE_REG(1b, 2b, EX_TYPE_EFAULT_REG, %0)
		     : "+r"(error), "+r"(value) : "r"(place));
	return error ?: value;
}

static int fault_set(int on)
{
	/* No error pointer was ever mapped. */
	place = on ? (int *)ERR_PTR(-64) : &memory;
	return 0;
}

static noinline int patcherd_owners_stack(void)
{
	int value;

	asm volatile("movl $42, %%eax\n\tmovl $43, %%ecx\n\tpush %%rax\n\tpop %%rax"
		     : "=a"(value) : : "rcx");
	return value;
}

/* ---- .text that the kernel has written once --------------------------------------------------- */

static noinline int patcherd_owners_alternative(void)
{
	int value;

	asm volatile(ALTERNATIVE("movl $41, %0", "movl $42, %0", X86_FEATURE_ALWAYS)
		     : "=r"(value));
	return value;
}

static int (*indirect)(void) = add_nothing;

static noinline int patcherd_owners_indirect(void)
{
	return ANSWER + READ_ONCE(indirect)();
}

static noinline int patcherd_owners_lock(void)
{
	static int counter;

	asm volatile(LOCK_PREFIX "incl %0" : "+m"(counter));
	return ANSWER;
}

/* ---- kprobes ------------------------------------------------------------------------------------ */

/* Nothing jumps in it, so that a kprobe in it is optimised. */
static noinline int patcherd_owners_straight(void)
{
	int value;

	asm volatile("movl $42, %0\n\tnop\n\tnop\n\tnop\n\tnop\n\tnop\n\tnop" : "=r"(value));
	return value;
}

static int nothing(struct kprobe *kprobe, struct pt_regs *regs)
{
	return 0;
}

static struct kprobe probe;

/* Puts a kprobe that no event of tracefs has the name of at that offset, or takes it away: 0. */
static int straight_set(int offset)
{
	if (!offset) {
		unregister_kprobe(&probe);
		return 0;
	}
	memset(&probe, 0, sizeof(probe));
	probe.symbol_name = "patcherd_owners_straight";
	probe.offset = offset;
	probe.pre_handler = nothing;
	return register_kprobe(&probe);
}

/* ---- parameters --------------------------------------------------------------------------------- */

struct function {
	int (*run)(void);
	int (*set)(int on);
};

static int parameter_get(char *buffer, const struct kernel_param *parameter)
{
	const struct function *function = parameter->arg;

	return sprintf(buffer, "%d\n", function->run());
}

static int parameter_set(const char *value, const struct kernel_param *parameter)
{
	const struct function *function = parameter->arg;
	int on, error = kstrtoint(value, 0, &on);

	if (error)
		return error;
	return function->set ? function->set(on) : -EINVAL;
}

static const struct kernel_param_ops operations = {
	.get = parameter_get,
	.set = parameter_set,
};

#define FUNCTION(name, set_) \
	static struct function name##_function = { patcherd_owners_##name, set_ }; \
	module_param_cb(name, &operations, &name##_function, 0600)

FUNCTION(key, key_set);
FUNCTION(call, call_set);
FUNCTION(warn, NULL);
FUNCTION(fault, fault_set);
FUNCTION(stack, NULL);
FUNCTION(alternative, NULL);
FUNCTION(indirect, NULL);
FUNCTION(lock, NULL);
FUNCTION(straight, straight_set);

static int __init patcherd_owners_init(void)
{
	return 0;
}

static void __exit patcherd_owners_exit(void)
{
}

module_init(patcherd_owners_init);
module_exit(patcherd_owners_exit);
MODULE_DESCRIPTION("bytes with owners that patcherd's tests change");
MODULE_LICENSE("GPL");
