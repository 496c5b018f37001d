#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# command.t: what derive says of input that it can make no patch of: each message names the file and what to
# give instead, and nothing is printed as a patch.
set -euo pipefail
cd "$(dirname "$0")/../.."
patchctl=$PWD/${BUILD:-build}/patchctl
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
n=0
failed=0

# functions NAME NUMBER COUNT: so many functions, that return NUMBER and more
functions()
{
	awk -v number="$2" -v count="$3" 'BEGIN {
		print ".text"
		for (i = 0; i < count; i++)
			printf ".globl f%d\n.type f%d,@function\nf%d: mov $%d,%%eax\nret\n.size f%d,.-f%d\n",
			       i, i, i, number + i, i, i
	}' | as --64 -o "$1" -
}

# named NAME NUMBER SYMBOL: one function, of that name
named()
{
	printf '.text\n.globl "%s"\n.type "%s",@function\n"%s": mov $%d,%%eax\nret\n.size "%s",.-"%s"\n' \
		"$3" "$3" "$3" "$2" "$3" "$3" | as --64 -o "$1" -
}

# says WHAT STATUS TEXT ARGUMENT...
says()
{
	local status=0 what=$1 wanted=$2 text=$3
	shift 3
	n=$((n + 1))
	"$patchctl" derive "$@" >out 2>err || status=$?
	if [ "$status" = "$wanted" ] && grep -qF -- "$text" err && [ ! -s out ]; then
		echo "ok $n - $what"
	else
		echo "not ok $n - $what"
		sed 's/^/# /' out err
		echo "# status $status"
		failed=1
	fi
}

functions old.o 1 3
functions new.o 2 3
functions many-old.o 1 1025
functions many-new.o 2 1025
strip -o stripped.o old.o
says "a stripped object file is named, with what to give" 1 \
	"stripped.o: it has no symbols, and functions are compared by their names: give the object file" \
	stripped.o new.o
says "a patch of more sites than there can be is refused, with their number" 1 \
	"many-old.o has 1025 places that change, and a patch can have 1024" many-old.o many-new.o
says "a function that neither file has is not found" 6 "no function nosuch" --function nosuch old.o new.o
for name in 'a&b' '*star' '{a' 'foo:' '12' '-'; do
	named old-name.o 1 "$name"
	named new-name.o 2 "$name"
	says "a function '$name' has no site, as it has no name that a patch can say" 5 \
		"the name of a function" old-name.o new-name.o
done

echo "1..$n"
exit $failed
