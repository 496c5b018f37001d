/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file system whose mounts fail with ENOTDIR where vnode.h is another one than the kernel's. */
#include "vnode.h"

enum { ENOENT = 2, ENOTDIR = 20, EBUSY = 16 };

struct mount {
	struct vnode *root;
	unsigned int flags;
};

struct mount *mount_current(void);

int phantom_mount(const char *name, struct mount *mount);
int phantom_mount(const char *name, struct mount *mount)
{
	struct vnode *root = vnode_get(name);

	if (root == 0)
		return -ENOENT;
	if (root->v_type != VNODE_DIRECTORY) {
		vnode_put(root);
		return -ENOTDIR;
	}
	root->v_generation++;
	mount->root = root;
	mount->flags = 0;
	return 0;
}

int phantom_lookup(struct vnode *directory, const char *name);
int phantom_lookup(struct vnode *directory, const char *name)
{
	struct vnode *found;

	if (directory->v_type != VNODE_DIRECTORY)
		return -ENOTDIR;
	vnode_count(&directory->v_statistics.reads);
	found = vnode_get(name);
	if (found == 0)
		return -ENOENT;
	if (found->v_parent->v_generation != directory->v_generation) {
		vnode_put(found);
		return -EBUSY;
	}
	return found->v_count > 1;
}

unsigned long phantom_statistics(void);
unsigned long phantom_statistics(void)
{
	const struct mount *mount = mount_current();
	unsigned long sum = 0;

	for (const struct vnode *vnode = mount->root; vnode != 0; vnode = vnode->v_parent)
		sum += vnode->v_statistics.reads + vnode->v_statistics.writes;
	return sum;
}
