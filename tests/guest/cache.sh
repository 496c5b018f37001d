# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# cache.sh: for the scripts here: what is slow to make is kept outside the tree, by content.

shopt -s inherit_errexit

CACHE=${PATCHERD_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/patcherd}

die() {
	echo "${0##*/}: $*" >&2
	exit 1
}

# cached NAME KEY COMMAND ARG…: prints the directory that holds what `COMMAND DIR ARG…` made for
# this content of KEY and of the scripts; makes it first where it is missing. It appears whole or
# not at all, and of two callers one makes it. What was not asked for in 30 days is removed.
cached() {
	local name=$1 key dir lock
	key=$({ echo "$2"; cat "$0" "$(dirname "$0")/cache.sh"; } | sha256sum | cut -c 1-16)
	shift 2
	dir=$CACHE/$name-$key
	mkdir -p "$CACHE"
	exec {lock}>"$CACHE/$name.lock"
	flock "$lock"
	if [ ! -e "$dir/.whole" ]; then
		echo "${0##*/}: making $dir" >&2
		rm -rf "$dir" "$dir.new"
		mkdir "$dir.new"
		"$1" "$dir.new" "${@:2}"
		touch "$dir.new/.whole"
		mv "$dir.new" "$dir"
		find "$CACHE" -mindepth 2 -maxdepth 2 -name .whole -mtime +30 -printf '%h\0' |
			xargs -0 -r rm -rf
	fi
	touch "$dir/.whole"
	exec {lock}>&-
	echo "$dir"
}

# make_ext4 FILE DIR [FREE]: an image of DIR's content, with about FREE MiB to spare.
make_ext4() {
	local size
	size=$(du -sm --apparent-size "$2" | cut -f 1)
	truncate -s "$((size * 5 / 4 + 16 + ${3:-0}))M" "$1"
	PATH=$PATH:/sbin:/usr/sbin mke2fs -q -t ext4 -O ^has_journal -m 0 -N 65536 -d "$2" "$1"
}

# own_sources [CODENAME [ARCHITECTURE]]: the suites of a Debian release (default Debian 12's) by the
# machine's own mirror, as lines of a sources.list: the mirror has other releases, and the security
# suite beside its archive, whether the machine uses them or not. i386 does without that suite: all
# we want of it is in the archive, and it was met with an index that its signature denies.
own_sources() {
	local key=/usr/share/keyrings/debian-archive-keyring.gpg codename=${1:-bookworm} uri
	uri=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Codename: bookworm' \
		'Component: main' | grep -E '/debian/?$' | head -n 1)
	[ -n "$uri" ] || die "apt has no source for Debian 12 (bookworm)"
	uri=${uri%/}
	printf "deb [signed-by=$key] %s %s main\n" "$uri" "$codename" "$uri" "$codename-updates"
	[ "${2:-}" = i386 ] ||
		echo "deb [signed-by=$key] ${uri%/debian}/debian-security $codename-security main"
}

# own_apt [CODENAME [ARCHITECTURE]]: makes `apt` the options for a configuration of our own, with
# lists of today: by default for Debian 12 on this machine's architecture.
own_apt() {
	local dir=$CACHE/apt${1:+-$1}${2:+-$2}
	mkdir -p "$dir/lists/partial" "$dir/archives/partial"
	own_sources "$@" >"$dir/sources.list"
	apt=(-o "Dir::Etc::SourceList=$dir/sources.list" -o Dir::Etc::SourceParts=/dev/null
	     -o "Dir::State::Lists=$dir/lists" -o "Dir::Cache=$dir" -o Debug::NoLocking=1
	     -o APT::Sandbox::User=root)
	# The machine's own packages are of another architecture: to apt nothing is installed.
	[ -z "${2:-}" ] || apt+=(-o "APT::Architecture=$2" -o "APT::Architectures=$2"
				 -o Dir::State::Status=/dev/null)
	if [ -z "$(find "$dir" -name updated -mtime -1)" ]; then
		apt-get "${apt[@]}" -q update >&2
		touch "$dir/updated"
	fi
}
