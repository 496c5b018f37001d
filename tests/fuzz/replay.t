#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# replay.t: each fuzzer that has a corpus, on each file of it, with sanitizers.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

count=0
failed=0
for corpus in tests/fuzz/corpus/*/; do
	name=$(basename "$corpus")
	files=("$corpus"*)
	result=ok
	count=$((count + 1))
	timeout 300 "build-san/replay_$name" "${files[@]}" 2>"$work/said" || result="not ok"
	# each file is told of when its turn comes
	[ "$(grep -c "^$corpus" "$work/said")" -eq "${#files[@]}" ] || result="not ok"
	[ "$result" = ok ] || failed=1
	echo "$result $count - $name: each of ${#files[@]} files is read or refused, and nothing breaks"
	[ "$result" = ok ] || tail -n 30 "$work/said" | sed 's/^/# /'
done
echo "1..$count"
exit $failed
