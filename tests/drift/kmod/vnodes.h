/* SPDX-License-Identifier: GPL-2.0-only */
/* What vnodes has and phantom uses; phantom is built with one field more than there is. */
#ifndef VNODES_H
#define VNODES_H

enum vnode_type { VNODE_NONE, VNODE_FILE, VNODE_DIRECTORY };

struct vnode {
	const char *v_name;
	struct vnode *v_parent;
	unsigned long v_flags;
	unsigned long v_count;
	void *v_data;
#ifdef PHANTOM
	unsigned long v_phantom_count;
#endif
	enum vnode_type v_type;
	unsigned int v_generation;
};

struct vnode *vnode_get(const char *name);
void vnode_put(struct vnode *vnode);

#endif
