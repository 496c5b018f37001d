// SPDX-License-Identifier: GPL-2.0-only
/* vnodes: has one directory, "root". */
#include <linux/module.h>
#include <linux/string.h>

#include "vnodes.h"

static struct vnode root = { .v_name = "root", .v_parent = &root, .v_type = VNODE_DIRECTORY };

struct vnode *vnode_get(const char *name)
{
	if (!sysfs_streq(name, root.v_name))
		return NULL;
	root.v_count++;
	return &root;
}
EXPORT_SYMBOL_GPL(vnode_get);

void vnode_put(struct vnode *vnode)
{
	vnode->v_count--;
}
EXPORT_SYMBOL_GPL(vnode_put);

MODULE_DESCRIPTION("one directory");
MODULE_LICENSE("GPL");
