# SPDX-License-Identifier: GPL-2.0-or-later
# tap.sh: sourced by tests in a guest, and by others once they have set tap_out to a file of their own:
# TAP from shell commands.

tap_count=0 tap_failed=0 tap_out=${tap_out:-/tmp/tap.out}

# ok NAME COMMAND…: passes when the command does; what it printed is shown when it does not. It runs
# in this shell, so that it may start a daemon or set a variable.
ok() {
	local name=$1
	shift
	tap_count=$((tap_count + 1))
	if "$@" >"$tap_out" 2>&1; then
		echo "ok $tap_count - $name"
	else
		tap_failed=$((tap_failed + 1))
		echo "not ok $tap_count - $name"
		{ echo "failed: $*"; cat "$tap_out"; } | sed 's/^/# /'
	fi
}

# exits STATUS COMMAND…: passes when the command ends with that status; prints what it printed.
exits() {
	local want=$1 got
	shift
	"$@"
	got=$?
	[ "$got" = "$want" ] || { echo "exit status $got, not $want"; return 1; }
}

# says WORDS COMMAND…: passes when the output has the words, whatever the status.
says() {
	local words=$1 out
	shift
	out=$("$@" 2>&1)
	printf '%s\n' "$out"
	grep -qF -- "$words" <<<"$out" || { echo "did not say: $words"; return 1; }
}

tap_end() {
	echo "1..$tap_count"
	[ "$tap_failed" = 0 ]
}
