#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The client's command line: usage, help, exit statuses, what is said where; and the dry run on the
# published image, as a user runs it.
# Usage, from the top of the tree: tests/client/cli.t [PATCHCTL]
set -u
patchctl=$(realpath "${1:-${BUILD:-build}/patchctl}") || exit 1
python=/usr/bin/python3
map=tests/data/linux-2.6.22-i386/System.map
work=$(mktemp -d) || exit 1
listener=
cleanup() {
	[ -z "$listener" ] || kill "$listener" 2>/dev/null
	rm -rf "$work"
}
trap cleanup EXIT
n=0
failed=0

# run ARGUMENT...: leaves $status, $work/out and $work/err.
run() {
	"$patchctl" "$@" >"$work/out" 2>"$work/err" </dev/null
	status=$?
}

# ok NAME COMMAND...: the test holds if the command succeeds; what the client said is shown if not.
ok() {
	local name=$1
	shift
	n=$((n + 1))
	if "$@"; then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		echo "# failed: $*; status $status"
		sed 's/^/# out: /' "$work/out"
		sed 's/^/# err: /' "$work/err"
		failed=1
	fi
}

exits() { [ "$status" = "$1" ]; }
out_has() { grep -qF -- "$1" "$work/out"; }
err_has() { grep -qF -- "$1" "$work/err"; }
out_is_empty() { [ ! -s "$work/out" ]; }
err_is_empty() { [ ! -s "$work/err" ]; }
# Each line of the output is one JSON object, and the expression holds of the list `r` of them.
json() {
	"$python" -c 'import json, sys
r = [json.loads(line) for line in open(sys.argv[1])]
assert all(type(o) is dict for o in r)
sys.exit(not eval("(" + sys.argv[2] + ")"))' "$work/out" "$1"
}
# usage WHAT ARGUMENT...: the command line is refused, names WHAT, points to help, prints nothing.
usage() {
	local what=$1
	shift
	run "$@"
	ok "usage: patchctl $*" eval "exits 2 && err_has \"\$what\" &&
		err_has \"patchctl help\" && out_is_empty"
}

# --- what is no command line ---
usage 'a command is missing'
usage "there is no command 'aply'" aply x.yaml
usage "did you mean 'dry-run'?" dryrun x.yaml
usage "'--colour'" --colour status
usage "patchctl: unrecognized option '--colour'" status --colour
usage "'--socket' requires an argument" status --socket
usage "'--json'" status --json=yes
usage 'apply needs FILE' apply
usage 'confirm needs PATCH' confirm
for time in 4s 25h 1441m 90 s 0s -5s 5d 1.5h 090s 99999999999999999999s ' 9s' '9 s'; do
	usage "--confirm-within: expected a time from 5s to 24h, as in 90s, 5m or 2h, got '$time'" \
		apply "--confirm-within=$time" x.yaml
done
usage '--ignore-warnings needs --confirm-within' apply --ignore-warnings x.yaml
usage 'does not take --confirm-within' dry-run --confirm-within 90s x.yaml
usage 'dry-run needs FILE' dry-run --json
usage 'disassemble needs SYMBOL' disassemble
usage 'derive needs OLD NEW' derive x
usage "'three'" derive one two three
usage 'derive does not take --image' derive --image x y z
usage "got 'Bad'" derive --name Bad x y
usage 'drift needs OBJECT' drift
usage "'two'" drift one two
usage 'drift does not take --image' drift --image x y
for module in '' nfs.ko 'n fs' ../nfs mödule \
	a123456789b123456789c123456789d123456789e123456789f12345; do
	usage "--module: expected the name of a module, 1 to 55 letters, digits, '_' and '-', got '$module'" \
		derive --module "$module" x y
	usage "got '$module'" drift --patch --module "$module" x
done
usage 'hazards needs SYMBOL[+OFFSET]' hazards
usage "'two'" disassemble one two
usage "'two'" hazards one two
usage "'two'" status one two
usage "'two'" history one two
usage "'two'" help help two
usage '--all' revert
usage 'not both' revert --all nfs-flock
usage 'status does not take --image' status --image x
usage 'apply does not take --image' apply --image x y.yaml
usage 'apply does not take --force' --force apply y.yaml
usage 'dry-run does not take --offline-cpus' dry-run --offline-cpus y.yaml
usage "'--image' requires an argument" dry-run --image
usage 'need --image' dry-run --system-map x y.yaml
usage 'need --image' dry-run --release 6.1 y.yaml
usage 'needs --image' disassemble --system-map x y
usage 'needs --image' hazards --system-map x y
usage 'hazards does not take --release' hazards --release 6.1 y
usage "got '+5'" hazards +5
usage "got ''" hazards x+
usage "got '0x'" hazards x+0x
usage "got '-1'" hazards x+-1
usage "got '5x'" hazards x+5x
usage "got ' 5'" hazards 'x+ 5'
usage "got '010'" hazards x+010
usage "got '5+5'" hazards x+5+5
usage "got '9223372036854775808'" hazards x+9223372036854775808
usage "got '0x10000000000000000'" hazards x+0x10000000000000000
usage "from the symbol's start on" hazards x-5
usage "got '0'" disassemble --occurrence 0 x
usage "got '-1'" disassemble --occurrence -1 x
usage "got '1x'" disassemble --occurrence 1x x
usage "got '99999999999999999999'" disassemble --occurrence 99999999999999999999 x
usage 'only once' apply - -
usage 'kmem, mem, kcore or auto' apply --target banana x.yaml
usage 'not with --image' dry-run --target mem --image x y.yaml
usage "there is no command 'nosuch'" help nosuch

# --- help ---
run --list-commands
ok '--list-commands prints the commands' eval 'exits 0 && err_is_empty &&
	[ "$(tr "\n" " " <"$work/out")" = "apply confirm dry-run revert status enable disable boot history doctor disassemble symbols types hazards derive drift help " ]'
mapfile -t commands <"$work/out"
for command in "${commands[@]}"; do
	run help "$command"
	cp "$work/out" "$work/help"
	ok "help $command shows its usage" eval 'exits 0 && err_is_empty &&
		out_has "usage: patchctl $command [OPTION...]"'
	run "$command" --help
	ok "$command --help says the same" eval 'exits 0 && cmp -s "$work/help" "$work/out"'
done
run help
cp "$work/out" "$work/help"
ok 'help lists the commands' eval 'exits 0 && out_has "  disassemble  "'
run -h
ok '-h says the same' eval 'exits 0 && cmp -s "$work/help" "$work/out"'
run --version
ok '--version names the program and its version' eval 'exits 0 &&
	grep -qx "patchctl [0-9][0-9.]*" "$work/out"'

# --- no daemon, and one that goes away ---
cp tests/published/nfs-flock.yaml "$work/good.yaml"
for command in "apply $work/good.yaml" "dry-run $work/good.yaml" "revert nfs-flock" \
	"revert $work/good.yaml" status history "disassemble nfs_flock" "hazards nfs_flock+0x2f"; do
	# shellcheck disable=SC2086
	run --socket "$work/none" $command
	ok "${command%% *} without a daemon: unreachable, and how to start it" eval 'exits 13 &&
		out_is_empty && err_has "patchctl: unreachable: " && err_has "$work/none" &&
		err_has "systemctl start patcherd.socket"'
	# shellcheck disable=SC2086
	run $command --json --socket "$work/none"
	ok "${command%% *} --json without a daemon says so in JSON" eval 'exits 13 && err_is_empty &&
		json "len(r) == 1 and r[0][\"outcome\"] == \"unreachable\" and r[0][\"message\"]"'
done

# Takes whole requests, writes each to a file, and closes without an answer; what is asked before, to
# know whether it has time, it answers, unless the third file is there.
exec 3< <(exec "$python" - "$work/broken" "$work/request" "$work/early" <<'EOF'
import os, socket, sys
def receive(c):
    request = b""
    while not request.endswith(b"\0"):
        request += c.recv(65536)
    return request
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen()
print("ready", flush=True)
while True:
    c, _ = s.accept()
    request = receive(c)
    if b"GetInfo" in request and not os.path.exists(sys.argv[3]):
        c.sendall(b"{}\0")
        request = receive(c)
    with open(sys.argv[2], "wb") as file:
        file.write(request[:-1])
    c.close()
EOF
)
listener=$!
read -ru 3 _
for command in "apply $work/good.yaml" 'revert nfs-flock'; do
	# shellcheck disable=SC2086
	run --socket "$work/broken" $command
	ok "${command%% *}, connection closed after the request: unknown, ask status" eval 'exits 16 &&
		out_is_empty && err_has "patchctl: unknown: " && err_has "patchctl status"'
done
touch "$work/early"
run --socket "$work/broken" apply "$work/good.yaml"
ok 'apply, connection closed before the request: unreachable, nothing was done' eval 'exits 13 &&
	out_is_empty && err_has "patchctl: unreachable: " && err_has "nothing was done"'
rm "$work/early"
"$patchctl" --socket "$work/broken" apply - <"$work/good.yaml" 2>"$work/err"
cp "$work/request" "$work/out"
ok 'apply - sends the text of the standard input, whole' json \
	"r[0]['method'] == 'io.patcherd.Apply' and
	 r[0]['parameters']['patches'] == [{'name': '<stdin>', 'yaml': open('$work/good.yaml').read()}]"
run --socket "$work/broken" revert "$work/good.yaml"
cp "$work/request" "$work/out"
ok "revert FILE names the file's patch" json "r[0]['parameters']['patches'] == ['nfs-flock']"
run --socket "$work/broken" revert --all --force
cp "$work/request" "$work/out"
ok 'revert --all --force asks for that, and when it is to have begun' json \
	"r[0]['parameters'].pop('begin_by') > 0 and
	 r[0]['parameters'] == {'patches': [], 'all': True, 'force': True}"
run --socket "$work/broken" revert --offline-cpus nfs-flock
cp "$work/request" "$work/out"
ok 'revert --offline-cpus asks for that' json "r[0]['parameters']['offline_cpus'] is True"
run --socket "$work/broken" apply --offline-cpus "$work/good.yaml"
cp "$work/request" "$work/out"
ok 'so does apply' json "r[0]['parameters']['offline_cpus'] is True"
run --socket "$work/broken" apply "$work/good.yaml"
cp "$work/request" "$work/out"
ok 'and without it nothing is said of CPUs' json "'offline_cpus' not in r[0]['parameters']"
run --socket "$work/broken" disassemble --module nfs nfs_flock --occurrence 2
cp "$work/request" "$work/out"
ok 'options may stand behind the arguments' json \
	"r[0]['parameters'] == {'symbol': 'nfs_flock', 'module': 'nfs', 'occurrence': 2,
	'digest': False}"
for offset in 47 0x2f 0X2F; do
	run --socket "$work/broken" hazards nfs_flock+$offset
	cp "$work/request" "$work/out"
	ok "hazards nfs_flock+$offset asks for that instruction" json \
		"r[0]['method'] == 'io.patcherd.Hazards' and
		 r[0]['parameters'] == {'symbol': 'nfs_flock', 'offset': 47}"
done
run --socket "$work/broken" hazards nfs_flock+0
cp "$work/request" "$work/out"
ok 'hazards nfs_flock+0 is not hazards nfs_flock' json "r[0]['parameters']['offset'] == 0"

# --- files ---
run apply "$work/absent.yaml"
ok 'a file that is not there: error with the reason' eval 'exits 1 && out_is_empty &&
	err_has "$work/absent.yaml: No such file"'
run --socket "$work/none" apply "$work/good.yaml" "$work/absent.yaml"
ok 'one file of two that is not there: nothing is asked for' exits 1
run apply "$work"
ok 'a directory: error with the reason' eval 'exits 1 && err_has "Is a directory"'
run revert ./absent
ok 'revert of a file that is not there: error, not a name' eval 'exits 1 && err_has "No such file"'
head -c 1048577 /dev/zero | tr '\0' '#' >"$work/large.yaml"
run apply "$work/large.yaml"
ok 'a file over 1 MiB: invalid-spec, by file, line and column' eval 'exits 3 && out_is_empty &&
	[ "$(head -c $((${#work} + 24)) "$work/err")" = "$work/large.yaml:1:1: error: " ]'
printf 'patch: \377\n' >"$work/latin.yaml"
run --socket "$work/none" apply "$work/latin.yaml"
ok 'a file that cannot be sent since it is not UTF-8: invalid-spec' eval 'exits 3 &&
	err_has "$work/latin.yaml:1:8: error: "'
printf 'patch: a\0b\n' >"$work/nul.yaml"
run --socket "$work/none" --json apply "$work/nul.yaml"
ok 'a file with a NUL: invalid-spec, in JSON' eval 'exits 3 && err_is_empty &&
	json "r[0][\"outcome\"] == \"invalid-spec\" and \":1:\" in r[0][\"message\"]"'
run apply "$work/"$'\033[2J\302\233\177.yaml'
ok 'no control character of a name reaches the terminal' eval 'exits 1 &&
	err_has "/\\x1b[2J\\x9b\\x7f.yaml: No such file"'

# --- output ---
"$patchctl" help >/dev/full 2>"$work/err"
status=$?
ok 'output that cannot be written: status 1, with the reason' eval 'exits 1 &&
	err_has "No space left"'
"$patchctl" help 2>"$work/err" >&-
status=$?
ok 'closed output: status 1, with the reason' eval 'exits 1 && err_has "cannot write the output"'

# --- the published image ---
published=(--system-map "$map" --release 2.6.22.1)
tests/tools/published-image "$work/image" && tests/tools/published-image --changed "$work/changed" ||
	failed=1
# dry NAME IMAGE [OPTION...]
dry() {
	local name=$1 image=$2
	shift 2
	run dry-run --image "$work/$image" "${published[@]}" "tests/published/$name.yaml" "$@"
}
dry nfs-flock image
ok 'published: applicable' eval 'exits 0 && err_is_empty &&
	out_has "nfs-flock: applicable on 2.6.22.1 (image $work/image)" && out_has "@@ nfs_flock+0x54 @@"'
ok 'published: je becomes jne in the diff' eval '
	grep -qE "^-0xc01a9d75 +nfs_flock\+0x54 +74 47 +je " "$work/out" &&
	grep -qE "^\+0xc01a9d75 +nfs_flock\+0x54 +75 47 +jne " "$work/out" &&
	grep -qE "^ 0xc01a9d[0-9a-f]{2} +nfs_flock\+0x[0-9a-f]+ " "$work/out"'
dry nfs-flock image --json
ok 'published: the same in JSON' json "
	len(r) == 1 and list(r[0]) == ['patch', 'outcome', 'message', 'target', 'warnings',
		'stop_nanoseconds', 'times', 'sites'] and
	r[0]['patch'] == 'nfs-flock' and r[0]['outcome'] == 'applicable' and
	r[0]['message'] is None and r[0]['target']['kind'] == 'image' and
	r[0]['target']['architecture'] == 'i386' and r[0]['target']['release'] == '2.6.22.1' and
	len(r[0]['sites']) == 1"
ok 'published: its site in JSON' json "
	[s['function'] == 'nfs_flock' and s['module'] is None and s['offset'] == 0x54 and
	 s['address'] == '0xc01a9d75' and s['outcome'] == 'applicable' and s['message'] is None and
	 s['expected']['bytes'] == '74 47' and s['found']['bytes'] == '74 47' and
	 s['found']['asm'].startswith('je ') and s['replacement']['bytes'] == '75 47' and
	 s['replacement']['asm'].startswith('jne ') for s in r[0]['sites']] == [True]"
dry decoy image
ok 'the decoy: mismatch, with what was expected and found' eval 'exits 5 && err_is_empty &&
	out_has "decoy: mismatch" && out_has "@@ nfs_flock+0x13 @@ mismatch" &&
	grep -q "^  expected  74 47" "$work/out" && grep -q "^  found     74 3b  je " "$work/out"'
dry inside image
ok 'one byte on: inside an instruction' eval 'exits 5 && out_has nfs_flock+0x55 && out_has "is inside an instruction"'
dry past-end image
ok "behind the function's end: says so" eval 'exits 5 && out_has "past the end of the function"'
dry past-end image --json
ok "behind the function's end: in JSON" eval 'exits 5 && json "
	r[0][\"outcome\"] == \"mismatch\" and r[0][\"sites\"][0][\"offset\"] == 0xab and
	\"past the end\" in r[0][\"sites\"][0][\"message\"]"'
dry nfs-flock changed
ok 'the changed image: already-applied' eval 'exits 4 && out_has "nfs-flock: already-applied"'
dry nfs-flock image tests/published/decoy.yaml tests/published/past-end.yaml --json
ok "several files: a line each, and the first refusal's status" eval 'exits 5 && json "
	[o[\"outcome\"] for o in r] == [\"applicable\", \"mismatch\", \"mismatch\"]"'
run dry-run --image "$work/image" --system-map "$map" --release 6.1.0 tests/published/nfs-flock.yaml
ok 'another release: guard' eval 'exits 8 && out_has "nfs-flock: guard" && out_has 6.1.0'
run dry-run --image "$work/image" --release 2.6.22.1 tests/published/nfs-flock.yaml
ok 'an image without symbols: what to give' eval 'exits 6 && out_is_empty && err_has --system-map'
run dry-run --image "$work/absent" tests/published/nfs-flock.yaml
ok 'an image that is not there: error' eval 'exits 1 && err_has "$work/absent"'
run dry-run --image "$work/good.yaml" tests/published/nfs-flock.yaml
ok 'an image that is none: error' eval 'exits 1 && err_has "$work/good.yaml"'
dry nfs-flock image --debug "$work/image"
ok '--debug with a file without DWARF: error' eval 'exits 1 && err_has "no debug information"'
run disassemble nfs_flock --image "$work/image" --system-map "$map"
ok 'disassemble: address, offset, bytes, assembler' eval 'exits 0 &&
	grep -qE "^0xc01a9d75  \+0x54 +74 47 +je " "$work/out"'
run disassemble nfs_flock --image "$work/image" --system-map "$map" --json
ok 'disassemble: the same in JSON' json "
	r[0]['function'] == 'nfs_flock' and r[0]['module'] is None and
	r[0]['address'] == '0xc01a9d21' and
	[l['bytes'] for l in r[0]['lines'] if l['offset'] == 0x54] == ['74 47']"
run disassemble nfs_flokc --image "$work/image" --system-map "$map"
ok 'disassemble of a name that is not there: not-found, with the near one' eval 'exits 6 &&
	err_has "patchctl: not-found: " && err_has nfs_flock'

# --- a terminal ---
# terminal ENVIRONMENT... -- ARGUMENT...: the client's output on a terminal, in $work/out.
terminal() {
	"$python" - "$work/out" "$@" <<'EOF'
import os, pty, sys
to, rest = sys.argv[1], sys.argv[2:]
split = rest.index("--")
pid, fd = pty.fork()
if pid == 0:
    os.execvp("env", ["env", *rest[:split], *rest[split + 1:]])
with open(to, "wb") as out:
    try:
        while data := os.read(fd, 65536):
            out.write(data)
    except OSError:
        pass
os.waitpid(pid, 0)
EOF
}
dry_run=("$patchctl" dry-run --image "$work/image" "${published[@]}" tests/published/nfs-flock.yaml)
terminal -u NO_COLOR TERM=xterm -- "${dry_run[@]}"
ok 'on a terminal the old line is red, the new one green' eval '
	grep -q "^$(printf "\033")\[31m-0xc01a9d75" "$work/out" &&
	grep -q "^$(printf "\033")\[32m+0xc01a9d75" "$work/out"'
for no in NO_COLOR=1 TERM=dumb; do
	terminal -u NO_COLOR TERM=xterm $no -- "${dry_run[@]}"
	ok "on a terminal with $no there are no colours" eval '
		grep -q "^-0xc01a9d75" "$work/out" && ! grep -q "$(printf "\033")" "$work/out"'
done

# Answers nothing until the client has said that it waits; then closes.
"$python" - "$work/stalled" "$patchctl" >"$work/out" <<'EOF'
import os, pty, signal, socket, sys
signal.alarm(60)
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen()
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[2], ["patchctl", "--socket", sys.argv[1], "status"])
c, _ = s.accept()
said = b""
while b"waiting for patcherd" not in said:
    said += os.read(fd, 4096)
c.close()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
EOF
status=$?
ok 'a daemon that takes its time: the terminal says what is waited for' exits 16

# --- source lines ---
cat >"$work/source.s" <<'EOF'
	.text
	.globl nfs_flock
	.type nfs_flock, @function
nfs_flock:
	endbr64
	nop
	ret
	.size nfs_flock, . - nfs_flock
EOF
cat >"$work/source.yaml" <<'EOF'
patch: source
summary: One byte of a function
sites:
  - function: nfs_flock
    offset: 4
    expect: {bytes: "90"}
    replace: {bytes: "f8"}
EOF
gcc -g -c -o "$work/source.o" "$work/source.s"
run dry-run --image "$work/source.o" --json "$work/source.yaml"
ok 'an image with DWARF: the source line of the site' json \
	"r[0]['sites'][0]['source'].endswith('source.s:6')"
run dry-run --image "$work/source.o" "$work/source.yaml"
ok 'an image with DWARF: the same in the text' eval 'exits 0 &&
	grep -qE "^@@ nfs_flock\+0x4 [^ ]*source.s:6 @@" "$work/out"'
gcc -c -o "$work/plain.o" "$work/source.s"
run dry-run --image "$work/plain.o" "$work/source.yaml"
ok 'an image without DWARF: no source line, and no complaint' eval 'exits 0 && err_is_empty &&
	out_has "@@ nfs_flock+0x4 @@"'
run dry-run --image "$work/plain.o" --debug "$work/source.o" "$work/source.yaml"
ok '--debug: the source line comes from that file' eval 'exits 0 && out_has "source.s:6 @@"'
for id in 11 22; do
	ld -e 0 --build-id=0x$id$id -o "$work/id$id" "$work/source.o"
done
run dry-run --image "$work/id11" --debug "$work/id22" "$work/source.yaml"
ok '--debug with another build-id: a warning and no source line' eval 'exits 0 &&
	out_has "warning: $work/id22 is of another kernel" && out_has "@@ nfs_flock+0x4 @@"'

echo "1..$n"
exit $failed
