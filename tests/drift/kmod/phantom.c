// SPDX-License-Identifier: GPL-2.0-only
/* phantom: "mounts" the directory whose name is written to its parameter `mount`. */
#include <linux/errno.h>
#include <linux/module.h>

#include "vnodes.h"

static noinline int phantom_mount(const char *name)
{
	struct vnode *vnode = vnode_get(name);

	if (!vnode)
		return -ENOENT;
	if (vnode->v_type != VNODE_DIRECTORY) {
		vnode_put(vnode);
		return -ENOTDIR;
	}
	vnode->v_generation++;
	vnode_put(vnode);
	return 0;
}

static int mount_set(const char *value, const struct kernel_param *parameter)
{
	return phantom_mount(value);
}

static const struct kernel_param_ops mount_ops = { .set = mount_set };
module_param_cb(mount, &mount_ops, NULL, 0200);

MODULE_DESCRIPTION("a file system that was built with another header");
MODULE_LICENSE("GPL");
