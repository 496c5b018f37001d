// SPDX-License-Identifier: GPL-2.0-only
/*
 * patcherd_test: functions and data of a kernel that tests may change.
 *
 * A read() of /dev/patcherd_test gives one byte: into a buffer of 1 byte what
 * patcherd_test_answer() returns, of 2 patcherd_test_sleeper(), of 3 patcherd_test_spinner().
 * The latter two stay in the midst of themselves while the last byte written is '0'; 'w' has the
 * kernel warn; the
 * parameter `inside` counts how many have come there. The parameters at_NAME say where variables are,
 * which a kernel without CONFIG_KALLSYMS_ALL does not name.
 */
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

/* The value stands in an instruction of the function: mov $42,%reg. */
#define ANSWER ({ int value_; asm volatile("movl $42, %0" : "=r"(value_)); value_; })

static u8 patcherd_test_data[16 * PAGE_SIZE] __aligned(PAGE_SIZE) __used;

static DECLARE_WAIT_QUEUE_HEAD(queue);
static bool wake = true;

static int patcherd_test_inside;
module_param_named(inside, patcherd_test_inside, int, 0444);

#define AT(variable) \
	static unsigned long at_##variable = (unsigned long)&variable; \
	module_param(at_##variable, ulong, 0400)

AT(patcherd_test_inside);
AT(patcherd_test_data);
AT(panic_timeout);
AT(hex_asc);

static noinline int patcherd_test_answer(void)
{
	return ANSWER;
}

static noinline void patcherd_test_wait(void)
{
	WRITE_ONCE(patcherd_test_inside, patcherd_test_inside + 1);
	wait_event_interruptible(queue, READ_ONCE(wake));
}

static noinline int patcherd_test_sleeper(void)
{
	patcherd_test_wait();
	return ANSWER;
}

/* Holds its CPU unless the kernel is fully preemptible. */
static noinline int patcherd_test_spinner(void)
{
	WRITE_ONCE(patcherd_test_inside, patcherd_test_inside + 1);
	while (!READ_ONCE(wake))
		cpu_relax();
	return ANSWER;
}

static ssize_t test_read(struct file *file, char __user *buffer, size_t count, loff_t *offset)
{
	int value = count == 2 ? patcherd_test_sleeper() :
		    count == 3 ? patcherd_test_spinner() : patcherd_test_answer();

	return put_user(value, buffer) ?: 1;
}

static ssize_t test_write(struct file *file, const char __user *buffer, size_t count,
			  loff_t *offset)
{
	char byte;

	if (get_user(byte, buffer + count - 1))
		return -EFAULT;
	WARN(byte == 'w', "patcherd_test was asked for it");
	WRITE_ONCE(wake, byte != '0');
	wake_up_all(&queue);
	return count;
}

static const struct file_operations test_operations = {
	.owner = THIS_MODULE,
	.read = test_read,
	.write = test_write,
};

static struct miscdevice test_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "patcherd_test",
	.fops = &test_operations,
	.mode = 0600,
};

module_misc_device(test_device);
MODULE_DESCRIPTION("what patcherd's tests change");
MODULE_LICENSE("GPL");
