# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# programs.sh: sourced on the host, at the root of the tree: what is built for one kernel of a guest.

# programs KERNEL PROGRAM…: builds the modules for a kernel of packages.sh and, for its architecture,
# those programs below $build, and sets kernel (its directory), build and modules (where what was
# built lies), and way, options of run: a kernel of kernels/ has a way in of its own, which works
# without PAT, and each other one gets patcher_kmem.
programs() {
	local make=(make -s) release name=$1
	shift
	kernel=$(tests/guest/packages.sh "$name")
	release=$(cat "$kernel/release")
	build=${BUILD:-build}
	if [ "$(cat "$kernel/arch")" = i386 ]; then
		make+=(ARCH=i386)
		build=build-i386
	fi
	modules=$build/kmod-$release
	"${make[@]}" "${@/#/$build/}" KVER="$release" KDIR="$kernel/build" module-test >&2
	way=(--append nopat)
	if [ ! -e "tests/guest/kernels/$name.config" ]; then
		"${make[@]}" KVER="$release" KDIR="$kernel/build" module >&2
		way=(--add "$modules/patcher_kmem.ko")
	fi
}

# strace_files: sets tracer, options of run: this machine's strace, which is run in the guest with
# LD_LIBRARY_PATH=/test, as the guest has no libunwind.
strace_files() {
	local file
	tracer=(--add "$(command -v strace)")
	for file in $(ldd "$(command -v strace)" | grep -o '/[^ ]*/libunwind[^ ]*'); do
		tracer+=(--add "$file")
	done
}
