# SPDX-License-Identifier: GPL-2.0-or-later
# nfs.sh: sourced in a guest. Exports a tmpfs by the guest's own kernel NFS server and mounts it.

# nfs_start MOUNTPOINT: /export by NFS 4.2 from 127.0.0.1.
nfs_start() {
	mkdir -p /export "$1"
	mount -t tmpfs tmpfs /export
	modprobe -a nfsd nfs nfsv4
	mount -t nfsd nfsd /proc/fs/nfsd
	mount -t rpc_pipefs rpc_pipefs /run/rpc_pipefs 2>/dev/null ||
		{ mkdir -p /run/rpc_pipefs && mount -t rpc_pipefs rpc_pipefs /run/rpc_pipefs; }
	mkdir -p /run/rpcbind /var/lib/nfs/v4recovery /run/sendsigs.omit.d
	rpcbind -w
	echo '/export 127.0.0.1(rw,no_root_squash,no_subtree_check,fsid=0,insecure)' >/etc/exports
	exportfs -ra
	rpc.nfsd -N 3 -V 4.2 2
	# Nobody held a lock before, so there is no need to wait for those who would claim theirs again;
	# version 3 would bring lockd, which waits on its own.
	echo Y >/proc/fs/nfsd/v4_end_grace
	rpc.mountd
	mount -t nfs4 127.0.0.1:/ "$1"
}
