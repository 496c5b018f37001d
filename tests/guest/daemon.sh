# SPDX-License-Identifier: GPL-2.0-or-later
# daemon.sh: sourced in a guest. Starts and ends patcherd; $daemon is its pid, its log is added to
# /tmp/patcherd.log.

# daemon_start [BINARY [OPTION…]]: until it answers, at most about 20 seconds.
daemon_start() {
	local binary=${1:-patcherd} tries=200
	[ $# = 0 ] || shift
	"$binary" "$@" >>/tmp/patcherd.log 2>&1 &
	daemon=$!
	while patchctl status >/dev/null 2>&1; [ $? = 13 ]; do
		tries=$((tries - 1))
		if [ $tries = 0 ] || ! kill -0 $daemon; then
			echo "patcherd does not answer; its log ends with:" >&2
			tail -n 5 /tmp/patcherd.log >&2
			return 1
		fi
		sleep 0.1
	done
}

# daemon_end [SIGNAL]
daemon_end() {
	kill "-${1:-TERM}" "$daemon"
	wait "$daemon" 2>/dev/null
}
