/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What two file-system modules share. A header of another distribution (-DPHANTOM) has a field
 * more. */
#ifndef VNODE_H
#define VNODE_H

enum vnode_type { VNODE_NONE, VNODE_FILE, VNODE_DIRECTORY };

struct vnode {
	void *v_data;
	unsigned long v_flags;
	struct vnode *v_parent;
	const char *v_name;
	unsigned long v_count;
#ifdef PHANTOM
	unsigned long v_phantom_count;
#endif
	enum vnode_type v_type;
	unsigned int v_generation;
	struct {
		unsigned long reads;
		unsigned long writes;
	} v_statistics;
};

struct vnode *vnode_get(const char *name);
void vnode_put(struct vnode *vnode);
void vnode_count(unsigned long *counter);

#endif
