// SPDX-License-Identifier: GPL-2.0-only
/*
 * patcherd_hammer: a thread on each CPU calls three functions without pause while the program hammer
 * toggles instructions in them. Each may return one of two values, and nothing else ever. The
 * parameter `wrong` counts other values, `least` the rounds of the CPU that made fewest; 1 in `hold`
 * keeps the module from being unloaded, 0 no longer.
 */
#include <linux/cpu.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/slab.h>

/* One byte of difference: mov $0x2a,%eax and mov $0x2b,%eax. */
static noinline unsigned int patcherd_hammer_byte(void)
{
	unsigned int value;

	asm volatile("movl $0x2a, %0" : "=a"(value));
	return value;
}

/* Four: mov $0x11111111,%eax and mov $0x22222222,%eax. */
static noinline unsigned int patcherd_hammer_bytes(void)
{
	unsigned int value;

	asm volatile("movl $0x11111111, %0" : "=a"(value));
	return value;
}

/* Two instructions, which are changed together: equal values, 1 and 1 or 2 and 2. */
static noinline unsigned int patcherd_hammer_pair(void)
{
	unsigned int value, other;

	asm volatile("movl $1, %0\n\tmovl $1, %1" : "=a"(value), "=d"(other));
	return value << 8 | other;
}

static const struct {
	unsigned int (*call)(void);
	unsigned int old, new;
} hammered[] = {
	{ patcherd_hammer_byte, 0x2a, 0x2b },
	{ patcherd_hammer_bytes, 0x11111111, 0x22222222 },
	{ patcherd_hammer_pair, 0x101, 0x202 },
};

static unsigned long wrong, last_wrong;
module_param(wrong, ulong, 0444);
module_param(last_wrong, ulong, 0444);

static DEFINE_PER_CPU(unsigned long, called);
static struct task_struct **threads;

static int hammer(void *unused)
{
	size_t i;

	while (!kthread_should_stop()) {
		for (i = 0; i < ARRAY_SIZE(hammered) * 64; i++) {
			size_t which = i % ARRAY_SIZE(hammered);
			unsigned int value = hammered[which].call();

			if (value == hammered[which].old || value == hammered[which].new)
				continue;
			WRITE_ONCE(last_wrong, value);
			WRITE_ONCE(wrong, wrong + 1);
		}
		this_cpu_inc(called);
		cond_resched();
	}
	return 0;
}

static void stop(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		if (threads[cpu])
			kthread_stop(threads[cpu]);
	kfree(threads);
}

static int least_get(char *buffer, const struct kernel_param *parameter)
{
	unsigned long least = ULONG_MAX;
	unsigned int cpu;

	for_each_online_cpu(cpu)
		least = min(least, per_cpu(called, cpu));
	return sysfs_emit(buffer, "%lu\n", least);
}
static const struct kernel_param_ops least_ops = { .get = least_get };
module_param_cb(least, &least_ops, NULL, 0444);

static int hold_set(const char *text, const struct kernel_param *parameter)
{
	static bool held;
	bool hold;
	int error = kstrtobool(text, &hold);

	if (error || hold == held)
		return error;
	if (hold)
		__module_get(THIS_MODULE);
	else
		module_put(THIS_MODULE);
	held = hold;
	return 0;
}
static const struct kernel_param_ops hold_ops = { .set = hold_set };
module_param_cb(hold, &hold_ops, NULL, 0200);

static int __init patcherd_hammer_init(void)
{
	unsigned int cpu;

	threads = kcalloc(nr_cpu_ids, sizeof(*threads), GFP_KERNEL);
	if (!threads)
		return -ENOMEM;
	for_each_online_cpu(cpu) {
		struct task_struct *thread = kthread_create(hammer, NULL, "patcherd_hammer");

		if (IS_ERR(thread)) {
			stop();
			return PTR_ERR(thread);
		}
		kthread_bind(thread, cpu);
		sched_set_normal(thread, 10);
		wake_up_process(thread);
		threads[cpu] = thread;
	}
	return 0;
}

static void __exit patcherd_hammer_exit(void)
{
	stop();
}

module_init(patcherd_hammer_init);
module_exit(patcherd_hammer_exit);
MODULE_DESCRIPTION("functions that are called without pause");
MODULE_LICENSE("GPL");
