/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * patcher_kmem: the one ioctl of the /dev/kmem that our module makes, shared by the module and
 * lib/target_kmem.c.
 *
 * read() at a kernel virtual address (as file offset, so negative ones too) gives the bytes
 * there, EFAULT where nothing is mapped, never a fault. write() and mmap() are refused.
 *
 * PATCHER_KMEM_WRITE compares all sites with their expected bytes and stores all the new ones in
 * one stop of all CPUs, or stores nothing:
 *	EBUSY	a site holds other bytes than expected; `failed` is its index
 *	EAGAIN	a task is inside a site with PATCHER_KMEM_MULTIPLE; `failed` is its index and
 *		`task` the task's id
 *	ESTALE	a site's address no longer maps the page it did before the stop
 *	EFAULT	an address that is not mapped; ERANGE one outside the kernel image and the
 *		module area, or not in RAM, or in memory given back after start
 *	EINVAL	a length, count, flag or reserved field that is wrong, sites not in ascending
 *		order or overlapping
 *	EPERM	lockdown, no CAP_SYS_RAWIO, or the device not opened for writing
 */
#ifndef PATCHER_KMEM_H
#define PATCHER_KMEM_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define PATCHER_KMEM_VERSION 1
#define PATCHER_KMEM_SITES_MAX 1024
#define PATCHER_KMEM_BYTES_MAX 64

/* Several instructions: no task's kernel stack may hold a value strictly inside the site. */
#define PATCHER_KMEM_MULTIPLE 1u

struct patcher_kmem_site {
	__u64 address;
	__u32 length;			/* 1 to PATCHER_KMEM_BYTES_MAX */
	__u32 flags;
	__u8 expected[PATCHER_KMEM_BYTES_MAX];
	__u8 replacement[PATCHER_KMEM_BYTES_MAX];
};

struct patcher_kmem_write {
	__u32 version;			/* PATCHER_KMEM_VERSION */
	__u32 count;			/* 1 to PATCHER_KMEM_SITES_MAX */
	__u64 sites;			/* pointer to struct patcher_kmem_site, ascending addresses */
	__u32 failed;			/* out: index of the site at fault; ~0: none */
	__u32 task;			/* out: with EAGAIN, the task's thread id */
	__u64 stop_nanoseconds;		/* out: how long all CPUs were stopped */
};

#define PATCHER_KMEM_WRITE _IOWR(0xB7, 1, struct patcher_kmem_write)

#endif
