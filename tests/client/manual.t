#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The manual says what the program does: commands, options, outcomes with their exit statuses.
# Usage, from the top of the tree: tests/client/manual.t [PATCHCTL]
set -u
patchctl=${1:-${BUILD:-build}/patchctl}
page=man/patchctl.8
n=0
failed=0

# same NAME EXPECTED GOT
same() {
	n=$((n + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		diff <(echo "$2") <(echo "$3") | sed 's/^/# /'
		failed=1
	fi
}

# The options that a text names, one a line, sorted.
options() {
	grep -oE -- '--[a-z][a-z-]+' | sort -u
}

commands=$("$patchctl" --list-commands)

help_options=$(for command in $commands; do "$patchctl" help "$command"; done
	"$patchctl" --help)
help_options=$(options <<<"$help_options")
manual_options=$(sed -n '/^\.Ss Options for all/,/^\.Sh OUTPUT/p' "$page" |
	grep '^\.It Fl' | sed 's/Fl -/--/; s/ , / --/g' | options)
same 'the options in help are those the manual lists' "$help_options" "$manual_options"

for command in $commands; do
	[ "$command" = help ] && continue
	own=$("$patchctl" help "$command" | options)
	synopsis=$(sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESC/p' "$page" | tr '\n' ' ' |
		sed 's/\.Nm/\n/g' | grep "Cm $command" | sed 's/Fl -/--/g' | options)
	same "the manual's synopsis of $command has its options" \
		"$(grep -v -e '^--help$' <<<"$own")" "$synopsis"
done

same 'the commands are those the manual describes' "$(sort <<<"$commands")" \
	"$(sed -n '/^\.Ss Commands/,/^\.Ss Options/s/^\.It Cm \([a-z-]*\).*/\1/p' "$page" | sort)"

same 'outcomes and exit statuses are those of the program' \
	"$(sed -n 's/^\t\[OUTCOME_[A-Z_]*\] = { "\([a-z-]*\)", \([0-9]*\) },$/\1 \2/p' lib/fail.c)" \
	"$(sed -n 's/^\.It \([a-z-]*\) Ta \([0-9]*\) Ta .*/\1 \2/p' "$page")"

if command -v mandoc >/dev/null; then
	# that the other pages are not installed is no fault of this one
	same 'mandoc finds nothing to say about the page' '' \
		"$(mandoc -Tlint -Wstyle "$page" | grep -v 'referenced manual not found')"
else
	n=$((n + 1))
	echo "ok $n - mandoc finds nothing to say about the page # SKIP no mandoc here"
fi

echo "1..$n"
exit $failed
