// SPDX-License-Identifier: GPL-2.0-only
/*
 * patcher_kmem: /dev/kmem for kernels that have none any more (since 5.13), with one way to read
 * and one way to write; patcher_kmem.h says what each does and which errors there are.
 *
 * Only the kernel image and the module area can be reached, and there only RAM: elsewhere a read
 * may touch the registers of a device. Kernel text is mapped read-only, so a write goes through
 * a writable alias of its pages.
 *
 * What a stop of all CPUs cannot rule out, the caller must: that an NMI, the idle loop of a CPU
 * but the first, or a thread that is past the last of its exit, is inside a site of several
 * instructions, and that what the stop itself runs is changed.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/ftrace.h>
#include <linux/ioport.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <linux/sched/signal.h>
#include <linux/sched/task_stack.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/stop_machine.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <asm/sync_core.h>

#if __has_include(<linux/rethook.h>)	/* from 5.18 on */
#include <linux/rethook.h>
#else
#error "patcher_kmem needs Linux 5.18; up to 5.12 a kernel built with CONFIG_DEVKMEM has its own /dev/kmem"
#endif

#include "patcher_kmem.h"

#if defined(CONFIG_X86_64)
/* The region that the kernel image is mapped in, once more; the direct map begins far below. */
#define IMAGE_REGION __START_KERNEL_map
#elif defined(CONFIG_X86_32)
/* The image lies in the direct map, of which no page is reserved but those in use as the image, for
 * the firmware and by who allocated at boot; modules lie in the vmalloc area behind it. */
#define IMAGE_REGION PAGE_OFFSET
#else
#error "patcher_kmem knows the kernel's addresses on x86 only"
#endif
#if defined(CONFIG_KRETPROBES) && !defined(CONFIG_KRETPROBE_ON_RETHOOK)
#error "patcher_kmem cannot look through the return addresses that this kernel's kretprobes hide"
#endif

#define NO_SITE (~0u)

/* One write on its way. What is used inside the stop is made before it: nothing faults there. */
struct job {
	struct patcher_kmem_site *sites;
	u32 count;
	struct page **pages;		/* those of the sites, in the order of their addresses */
	unsigned long *addresses;	/* of each page */
	unsigned int page_count;
	u8 **places;			/* each site's bytes in the alias */
	void *alias;
	unsigned long lowest, highest;	/* around the sites with PATCHER_KMEM_MULTIPLE */

	/* In the stop. */
	atomic_t arrived, left;
	int done;
	int result;
	u32 failed;
	u32 task;
	u64 first_nanoseconds, last_nanoseconds;
};

static DEFINE_MUTEX(write_lock);

static int permitted(void)
{
	if (!capable(CAP_SYS_RAWIO))
		return -EPERM;
	return security_locked_down(LOCKDOWN_DEV_MEM);
}

/* The kernel image's region and the module area behind it. The fixmap, where devices are, lies above
 * MODULES_END. */
static bool reachable(u64 address, size_t length)
{
	return address >= IMAGE_REGION && address < MODULES_END &&
	       length <= MODULES_END - address;
}

/*
 * The page at an address reachable(), or an error. vmalloc_to_page() walks the kernel's page table
 * and so serves the image too. Pages of the image are reserved until they are given back after
 * start: init code keeps its addresses (and its symbols) but is somebody else's memory by then.
 */
static struct page *page_at(unsigned long address)
{
	struct page *page = vmalloc_to_page((void *)address);

	if (!page)
		return ERR_PTR(-EFAULT);
	if (!page_is_ram(page_to_pfn(page)))
		return ERR_PTR(-ERANGE);
	if (address < MODULES_VADDR && !PageReserved(page))
		return ERR_PTR(-ERANGE);
	return page;
}

static int kmem_open(struct inode *inode, struct file *file)
{
#ifdef FMODE_UNSIGNED_OFFSET	/* until 6.11; then fop_flags says it */
	file->f_mode |= FMODE_UNSIGNED_OFFSET;
#endif
	return permitted();
}

static ssize_t kmem_read(struct file *file, char __user *buffer, size_t count, loff_t *offset)
{
	u64 address = *offset;
	ssize_t copied = 0;
	int error = permitted();
	void *bounce;

	if (error || !count)
		return error;
	bounce = (void *)__get_free_page(GFP_KERNEL);
	if (!bounce)
		return -ENOMEM;
	while (copied < count) {
		size_t length = min_t(size_t, count - copied, PAGE_SIZE - offset_in_page(address));

		error = -EINTR;
		if (fatal_signal_pending(current))
			break;
		error = -ERANGE;
		if (!reachable(address, length))
			break;
		error = PTR_ERR_OR_ZERO(page_at(address));
		if (!error)
			error = copy_from_kernel_nofault(bounce, (void *)(unsigned long)address,
							 length);
		if (!error && copy_to_user(buffer + copied, bounce, length))
			error = -EFAULT;
		if (error)
			break;
		copied += length;
		address += length;
		cond_resched();
	}
	free_page((unsigned long)bounce);
	*offset += copied;
	return copied ?: error;
}

static int check_sites(struct job *job)
{
	unsigned long end = 0;
	u32 i;

	for (i = 0; i < job->count; i++) {
		const struct patcher_kmem_site *site = &job->sites[i];

		job->failed = i;
		if (!site->length || site->length > PATCHER_KMEM_BYTES_MAX ||
		    site->flags & ~PATCHER_KMEM_MULTIPLE)
			return -EINVAL;
		if (!reachable(site->address, site->length))
			return -ERANGE;
		if (site->address < end)
			return -EINVAL;
		end = site->address + site->length;
		if (!(site->flags & PATCHER_KMEM_MULTIPLE))
			continue;
		if (!job->highest)
			job->lowest = site->address;
		job->highest = end;
	}
	job->failed = NO_SITE;
	return 0;
}

/* Notes the page of an address, if it is not the one noted last. Returns its index or an error. */
static int note_page(struct job *job, unsigned long address)
{
	unsigned int last = job->page_count - 1;
	struct page *page;

	address &= PAGE_MASK;
	if (job->page_count && job->addresses[last] == address)
		return last;
	page = page_at(address);
	if (IS_ERR(page))
		return PTR_ERR(page);
	job->addresses[job->page_count] = address;
	job->pages[job->page_count] = page;
	return job->page_count++;
}

/* Maps the sites' pages once more, writable. A site that crosses into the next page finds that
 * one behind its first, as sites ascend. */
static int alias_sites(struct job *job)
{
	u32 i;

	for (i = 0; i < job->count; i++) {
		const struct patcher_kmem_site *site = &job->sites[i];
		int first = note_page(job, site->address);
		int last = first < 0 ? first : note_page(job, site->address + site->length - 1);

		if (last < 0) {
			job->failed = i;
			return last;
		}
		job->places[i] = (u8 *)(first * PAGE_SIZE + offset_in_page(site->address));
	}
	job->alias = vmap(job->pages, job->page_count, VM_MAP, PAGE_KERNEL);
	if (!job->alias)
		return -ENOMEM;
	for (i = 0; i < job->count; i++)
		job->places[i] += (unsigned long)job->alias;
	return 0;
}

/* The site with PATCHER_KMEM_MULTIPLE that a task is inside which goes on at `value`. At a site's
 * first byte it is not inside: it will run the new instructions from their start. */
static notrace u32 site_around(const struct job *job, unsigned long value)
{
	u32 low = 0, high = job->count;

	if (value <= job->lowest || value >= job->highest)
		return NO_SITE;
	while (low < high) {
		u32 middle = low + (high - low) / 2;
		const struct patcher_kmem_site *site = &job->sites[middle];

		if (value < site->address)
			high = middle;
		else if (value >= site->address + site->length)
			low = middle + 1;
		else if (value > site->address && site->flags & PATCHER_KMEM_MULTIPLE)
			return middle;
		else
			break;
	}
	return NO_SITE;
}

static notrace u32 site_in_words(const struct job *job, const unsigned long *word,
				 const unsigned long *end)
{
	u32 found = NO_SITE;

	/* KASAN has poisoned parts of other tasks' stacks. */
	for (; word < end && found == NO_SITE; word++)
		found = site_around(job, READ_ONCE_NOCHECK(*word));
	return found;
}

/*
 * Any word may be a return address or the place where an interrupt came: no unwinder is asked, so
 * none can be wrong. What an earlier system call left in a gap between frames is taken for one too:
 * better refused than risked. The tracers keep return addresses elsewhere and leave their own on
 * the stack.
 */
static notrace u32 site_of_task(const struct job *job, struct task_struct *task)
{
	unsigned long stack = (unsigned long)task->stack, sp = task->thread.sp;
	u32 found;

	/* 0: it is dead and its stack given back, see release_task_stack() */
	if (!refcount_read(&task->stack_refcount))
		return NO_SITE;
	if (sp < stack || sp >= stack + THREAD_SIZE)
		sp = stack;
	found = site_in_words(job, (unsigned long *)ALIGN_DOWN(sp, sizeof(long)),
			      (unsigned long *)(stack + THREAD_SIZE));
#ifdef CONFIG_FUNCTION_GRAPH_TRACER
	/* An array of struct ftrace_ret_stack with the index of the last; from 6.11 on ("Convert
	 * ret_stack to a series of longs") one of words with the index behind the last: either
	 * way, what is in use, and at most one word more of the same array. */
	if (found == NO_SITE && task->ret_stack && task->curr_ret_stack >= 0)
		found = site_in_words(job, (unsigned long *)task->ret_stack,
			(unsigned long *)(task->ret_stack + task->curr_ret_stack + 1));
#endif
#ifdef CONFIG_RETHOOK
	if (found == NO_SITE) {
		struct rethook_node *node;

		llist_for_each_entry(node, READ_ONCE(task->rethooks.first), llist) {
			found = site_around(job, node->ret_addr);
			if (found != NO_SITE)
				break;
		}
	}
#endif
	return found;
}

/* Threads come to the list before they run. Of the idle tasks, which are on no list, the first
 * CPU's stands for all: they only ever rest at one place. */
static notrace int check_tasks(struct job *job)
{
	struct task_struct *process, *thread = &init_task;

	if (!job->highest)
		return 0;
	job->failed = site_of_task(job, thread);
	if (job->failed != NO_SITE)
		goto inside;
	rcu_read_lock();
	for_each_process_thread(process, thread) {
		job->failed = site_of_task(job, thread);
		if (job->failed != NO_SITE) {
			rcu_read_unlock();
			goto inside;
		}
	}
	rcu_read_unlock();
	return 0;
inside:
	job->task = thread->pid;
	return -EAGAIN;
}

/* Everything is proved before the first byte is stored. No memcmp() or memcpy(): they may be
 * what is being changed. */
static notrace int compare_and_store(struct job *job)
{
	unsigned int page;
	u32 i, j;
	int error;

	/* A module that goes has its page table cleared before its pages are freed. */
	for (page = 0; page < job->page_count; page++) {
		if (vmalloc_to_page((void *)job->addresses[page]) == job->pages[page])
			continue;
		for (i = 0; i < job->count - 1; i++)
			if (job->sites[i].address + job->sites[i].length > job->addresses[page])
				break;
		job->failed = i;
		return -ESTALE;
	}
	for (i = 0; i < job->count; i++) {
		for (j = 0; j < job->sites[i].length; j++) {
			if (READ_ONCE(job->places[i][j]) == job->sites[i].expected[j])
				continue;
			job->failed = i;
			return -EBUSY;
		}
	}
	error = check_tasks(job);
	if (error)
		return error;
	for (i = 0; i < job->count; i++)
		for (j = 0; j < job->sites[i].length; j++)
			WRITE_ONCE(job->places[i][j], job->sites[i].replacement[j]);
	return 0;
}

/* Runs on every CPU, with interrupts off. The first works once all are here, as until then they still
 * run what brings them (multi_cpu_stop(), and RCU from there), and while the others wait; none leaves
 * before it has dropped whatever it fetched of the old instructions. */
static notrace int stopped(void *data)
{
	struct job *job = data;

	if (atomic_inc_return(&job->arrived) == 1) {
		while (atomic_read(&job->arrived) != num_online_cpus())
			cpu_relax();
		job->first_nanoseconds = ktime_get_raw_fast_ns();
		job->result = compare_and_store(job);
		smp_store_release(&job->done, 1);
	} else {
		while (!smp_load_acquire(&job->done))
			cpu_relax();
	}
	sync_core();
	if (atomic_inc_return(&job->left) == num_online_cpus())
		job->last_nanoseconds = ktime_get_raw_fast_ns();
	return 0;
}

static int write_sites(struct job *job)
{
	int error = check_sites(job);

	if (error)
		return error;
	job->pages = kvcalloc(2 * job->count, sizeof(*job->pages), GFP_KERNEL);
	job->addresses = kvcalloc(2 * job->count, sizeof(*job->addresses), GFP_KERNEL);
	job->places = kvcalloc(job->count, sizeof(*job->places), GFP_KERNEL);
	error = -ENOMEM;
	if (!job->pages || !job->addresses || !job->places)
		goto out;
	error = mutex_lock_killable(&write_lock);
	if (error)
		goto out;
	error = alias_sites(job);
	if (!error)
		error = stop_machine(stopped, job, cpu_online_mask);
	if (!error)
		error = job->result;
	vunmap(job->alias);
	mutex_unlock(&write_lock);
out:
	kvfree(job->places);
	kvfree(job->addresses);
	kvfree(job->pages);
	return error;
}

static int write_request(struct patcher_kmem_write *request)
{
	struct job job = { .count = request->count, .failed = NO_SITE };
	int error;

	if (request->version != PATCHER_KMEM_VERSION || !request->count ||
	    request->count > PATCHER_KMEM_SITES_MAX)
		return -EINVAL;
	job.sites = vmemdup_user(u64_to_user_ptr(request->sites),
				 array_size(request->count, sizeof(*job.sites)));
	if (IS_ERR(job.sites))
		return PTR_ERR(job.sites);
	error = write_sites(&job);
	request->failed = job.failed;
	request->task = job.task;
	request->stop_nanoseconds = job.last_nanoseconds - job.first_nanoseconds;
	if (!error)
		pr_info("%u site(s) changed, the first at %pS, by %s, process %d, user %u\n",
			job.count, (void *)(unsigned long)job.sites[0].address, current->comm,
			task_tgid_nr(current), from_kuid(&init_user_ns, current_uid()));
	kvfree(job.sites);
	return error;
}

static long kmem_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	struct patcher_kmem_write request;
	void __user *user = (void __user *)argument;
	int error = permitted();

	if (error)
		return error;
	if (command != PATCHER_KMEM_WRITE)
		return -ENOTTY;
	if (!(file->f_mode & FMODE_WRITE))
		return -EPERM;
	if (copy_from_user(&request, user, sizeof(request)))
		return -EFAULT;
	request.failed = NO_SITE;
	request.task = 0;
	request.stop_nanoseconds = 0;
	/* The answer must be known to fit before anything is changed: an error says that nothing
	 * was. */
	if (copy_to_user(user, &request, sizeof(request)))
		return -EFAULT;
	error = write_request(&request);
	if (copy_to_user(user, &request, sizeof(request)))
		pr_warn("%s took its answer's memory away\n", current->comm);
	return error;
}

static const struct file_operations kmem_operations = {
	.owner = THIS_MODULE,
	.open = kmem_open,
	.llseek = no_seek_end_llseek,
	.read = kmem_read,
	.unlocked_ioctl = kmem_ioctl,
#ifdef FOP_UNSIGNED_OFFSET
	.fop_flags = FOP_UNSIGNED_OFFSET,
#endif
};

static struct miscdevice kmem_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "kmem",
	.fops = &kmem_operations,
	.mode = 0600,
};

static int __init patcher_kmem_init(void)
{
	int error;

	if (IS_ENABLED(CONFIG_DEVKMEM)) {
		pr_err("this kernel has a /dev/kmem of its own: nothing to do\n");
		return -EEXIST;
	}
	error = misc_register(&kmem_device);
	if (error)
		pr_err("cannot make /dev/kmem: error %d\n", error);
	return error;
}

static void __exit patcher_kmem_exit(void)
{
	misc_deregister(&kmem_device);
}

module_init(patcher_kmem_init);
module_exit(patcher_kmem_exit);
MODULE_DESCRIPTION("/dev/kmem for patcherd: reads, and proved writes in one stop of all CPUs");
MODULE_LICENSE("GPL");
