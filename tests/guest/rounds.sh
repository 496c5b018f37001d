# SPDX-License-Identifier: GPL-2.0-or-later
# rounds.sh: sourced in a guest. Makes the kernel rewrite as much of its text as can be asked for.

# sysctls of 0 or 1 with a static key behind them.
sysctls=(kernel/bpf_stats_enabled kernel/sched_schedstats kernel/task_delayacct
	kernel/timer_migration vm/numa_stat net/core/rps_sock_flow_entries)

# sysctls_flip: each to its other value, and back.
sysctls_flip() {
	local name value
	for name in "${sysctls[@]}"; do
		read -r value <"/proc/sys/$name" || return
		echo $((1 - value)) >"/proc/sys/$name" && echo "$value" >"/proc/sys/$name" || return
	done
}

# The scheduler's features, a static key each: kernel/sched/features.h.
features_flip() {
	local feature features file=/sys/kernel/debug/sched/features
	read -ra features <$file
	for feature in "${features[@]}"; do
		case $feature in
		NO_*) echo "${feature#NO_}" >$file ;;
		*) echo "NO_$feature" >$file ;;
		esac && echo "$feature" >$file || return
	done
}

# A static key for each pr_debug() (include/linux/dynamic_debug.h), a static key and a static call
# for each trace event.
debugs_flip() {
	echo '+p' >/proc/dynamic_debug/control && echo '-p' >/proc/dynamic_debug/control
}

light_round() {
	sysctls_flip && features_flip && switch key 1 0 && switch call 1 0
}

# A livepatch takes up to a second to come and to go, in which all else is switched, and a BPF
# program comes and goes. What is traced is not recorded: the kernel's text changes all the same.
heavy_round() {
	local livepatch=/sys/kernel/livepatch/patcherd_livepatch
	insmod ./patcherd_livepatch.ko || return
	echo 1 >$tracing/events/enable && echo function >$tracing/current_tracer && debugs_flip || return
	until_true grep -q 0 $livepatch/transition || return
	echo 0 >$livepatch/enabled
	light_round && fentry loadavg_proc_show </dev/null >/dev/null || return
	echo nop >$tracing/current_tracer && echo 0 >$tracing/events/enable || return
	until_true test ! -d $livepatch && rmmod patcherd_livepatch
}

# rounds COUNT EVERY: so many rounds, each EVERYth a heavy one.
rounds() {
	local round
	echo >$tracing/set_ftrace_filter
	echo 0 >$tracing/tracing_on
	for ((round = 1; round <= $1; round++)); do
		light_round && { ((round % $2 != 0)) || heavy_round; } ||
			{ echo "round $round"; return 1; }
	done
	echo 1 >$tracing/tracing_on
}
