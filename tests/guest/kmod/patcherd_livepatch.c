// SPDX-License-Identifier: GPL-2.0-only
/*
 * patcherd_livepatch: a kernel livepatch of one function, as kpatch or klp-build would make it, here
 * of cmdline_proc_show(), which prints /proc/cmdline.
 */
#include <linux/kernel.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/seq_file.h>

static int new_cmdline_proc_show(struct seq_file *m, void *v)
{
	seq_puts(m, "livepatched\n");
	return 0;
}

static struct klp_func functions[] = {
	{ .old_name = "cmdline_proc_show", .new_func = new_cmdline_proc_show },
	{ }
};

static struct klp_object objects[] = {
	{ .funcs = functions },
	{ }
};

static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objects };

static int __init patcherd_livepatch_init(void)
{
	return klp_enable_patch(&patch);
}

static void __exit patcherd_livepatch_exit(void)
{
}

module_init(patcherd_livepatch_init);
module_exit(patcherd_livepatch_exit);
MODULE_DESCRIPTION("one livepatched function");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
