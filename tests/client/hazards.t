#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# patchctl hazards as a user runs it: on an object with owners of several sorts, on Debian's nfs.ko,
# on the published image; and what it makes of answers that only a running kernel gives.
# Usage, from the top of the tree: tests/client/hazards.t [PATCHCTL]
set -u
patchctl=$(realpath "${1:-${BUILD:-build}/patchctl}") || exit 1
python=/usr/bin/python3
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
	"$patchctl" hazards "$@" >"$work/out" 2>"$work/err" </dev/null
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
err_has() { grep -qF -- "$1" "$work/err"; }
# line TEXT: a line of the output is this one, runs of blanks aside.
line() { tr -s ' ' <"$work/out" | sed 's/ *$//' | grep -qxF -- "$1"; }
# times N TEXT: so many lines have it.
times() { [ "$(grep -cF -- "$2" "$work/out")" = "$1" ]; }
# The output is one JSON object, and the expression holds of it, `r`.
json() {
	"$python" -c 'import json, sys
r, = [json.loads(line) for line in open(sys.argv[1])]
sys.exit(not eval("(" + sys.argv[2] + ")"))' "$work/out" "$1"
}

# --- an object ---
gcc -c -o "$work/owned.o" tests/client/hazards.s || exit 1
image=(--image "$work/owned.o")
run owned "${image[@]}"
ok 'each instruction has its owner beside it' eval 'exits 0 && [ ! -s "$work/err" ] &&
	line "0x10000 +0x0 e8 00 00 00 00 call __fentry__ ftrace (forbidden)" &&
	line "0x10005 +0x5 0f 1f 44 00 00 nopl 0x0(%rax,%rax,1) jump_label (forbidden)" &&
	line "0x1000a +0xa 53 push %rbx" &&
	line "0x1000b +0xb 8b 07 mov (%rdi),%eax ex_table (allowable)" &&
	line "0x1000d +0xd 0f 0b ud2 bug_table (allowable)" &&
	line "0x10010 +0x10 c3 ret"'
ok 'a place that control comes to is told at its instruction' line \
	'0x1000f +0xf 5b pop %rbx jump_target (not inside a change), ex_fixup (not inside a change)'
ok 'each owner is explained once, with what can be done' eval '
	times 1 "ftrace (forbidden): " && times 1 "jump_label (forbidden): " &&
	times 1 "ex_table (allowable): an instruction that may fault" &&
	line " or, if it is meant, say so in the patch: allow: {ex_table: \"the reason\"}" &&
	line " change the jump to it instead" && times 0 "allow: {ftrace"'
ok 'an image is said not to tell of probes' times 1 'an image does not tell'
run owned "${image[@]}" --json
ok '--json has the same data' json "
	list(r) == ['symbol', 'module', 'address', 'size', 'target', 'lines', 'owners'] and
	r['symbol'] == 'owned' and r['module'] is None and r['address'] == '0x10000' and
	r['size'] == 17 and r['target']['kind'] == 'image' and
	[l['offset'] for l in r['lines']] == [0, 5, 10, 11, 13, 15, 16] and
	[(o['owner'], o['policy'], o['address'], o['end']) for o in r['owners']] == [
		('ftrace', 'forbidden', '0x10000', '0x10005'),
		('jump_label', 'forbidden', '0x10005', '0x1000a'),
		('ex_table', 'allowable', '0x1000b', '0x1000d'),
		('bug_table', 'allowable', '0x1000d', '0x1000f'),
		('jump_target', 'forbidden', '0x1000f', '0x1000f'),
		('ex_fixup', 'forbidden', '0x1000f', '0x1000f')] and
	all(list(o) == ['owner', 'address', 'end', 'policy', 'what', 'detail', 'advice'] and
	    o['what'] and o['advice'] for o in r['owners'])"
run plain "${image[@]}"
ok 'a function that is its own has no owner, and that is said' eval 'exits 0 &&
	line "no owner of these bytes is known" && times 0 "("'"allowable"' && times 0 forbidden'
for offset in 11 0xb 0XB; do
	run "owned+$offset" "${image[@]}"
	ok "+$offset: only that instruction and who owns it" eval 'exits 0 &&
		line "0x1000b +0xb 8b 07 mov (%rdi),%eax ex_table (allowable)" && times 1 " +0x" &&
		times 2 allowable && times 0 forbidden'
done
run owned+0xa "${image[@]}" --json
ok '+0xa: the neighbour has no owner' json \
	"[l['asm'] for l in r['lines']] == ['push %rbx'] and r['owners'] == []"
run owned+0xf "${image[@]}" --json
ok '+0xf: a change that starts where control comes to touches no owner' json \
	"[l['asm'] for l in r['lines']] == ['pop %rbx'] and r['owners'] == []"
run owned+0xe "${image[@]}"
ok 'inside an instruction: mismatch, and which one it is' eval 'exits 5 && [ ! -s "$work/out" ] &&
	err_has "patchctl: mismatch: owned+0xe (0x1000e) is inside an instruction: the one at +0xd, ud2"'
run owned+17 "${image[@]}"
ok "past the function's end: mismatch, and how long it is" eval 'exits 5 &&
	err_has "owned+0x11 is past the end of the function, which is 0x11 bytes long"'
run owned+0x7fffffffffffffff "${image[@]}"
ok "far past the function's end: the same" eval 'exits 5 && err_has "past the end"'
run start_up "${image[@]}"
ok 'start-up code: hazard, and why' eval 'exits 9 && [ ! -s "$work/out" ] &&
	err_has "patchctl: hazard: start_up at " && err_has "is start-up code"'
run start_up "${image[@]}" --json
ok 'start-up code: hazard, in JSON' eval 'exits 9 &&
	json "r[\"outcome\"] == \"hazard\" and \"start-up code\" in r[\"message\"]"'
run ownedd "${image[@]}"
ok 'no such name: not-found, with the near one' eval 'exits 6 && err_has "not-found: " && err_has owned'
run owned "${image[@]}" --module nfs --occurrence 2
ok 'an occurrence that is not there: not-found' eval 'exits 6 && err_has "there are only 1"'
run key "${image[@]}"
ok 'a variable: no instructions, and who owns it' eval 'exits 0 && [ ! -s "$work/err" ] &&
	[ "$(head -n 2 "$work/out" | tail -n 1)" = "static_key (forbidden): all of it" ] &&
	times 1 "static_key (forbidden): a static key: " && times 0 "+0x" && times 0 "an image does"'
run key+15 "${image[@]}" --json
ok "a variable's byte, in JSON" eval 'exits 0 && json "r[\"symbol\"] == \"key\" and
	r[\"size\"] == 16 and r[\"lines\"] == [] and
	[o[\"owner\"] for o in r[\"owners\"]] == [\"static_key\"]"'
run key+16 "${image[@]}"
ok "past the variable's end: mismatch" eval 'exits 5 &&
	err_has "key+0x10 is past the end of the variable, which is 0x10 bytes long"'
run counter "${image[@]}"
ok 'a variable that is its own has no owner' eval 'exits 0 &&
	line "no owner of these bytes is known" && times 0 forbidden'
run of_each_cpu "${image[@]}"
ok 'a per-CPU variable: hazard, and why' eval 'exits 9 && [ ! -s "$work/out" ] &&
	err_has "patchctl: hazard: of_each_cpu is a per-CPU"'

# --- Debian's module and the published image ---
dir=$(tests/guest/packages.sh 6.1) || exit 1
nfs=$(find "$dir/lib/modules" -name nfs.ko)
run nfs_flock --image "$nfs" --module nfs --json
ok "nfs.ko: ftrace's site and the return have owners, the je of the flock patch has none" json "
	r['module'] == 'nfs' and
	{(o['owner'], int(o['address'], 16) - int(r['address'], 16)) for o in r['owners']
	 if o['owner'] != 'orc_unwind'} == {('ftrace', 0), ('return_site', 0x75)} and
	[l['bytes'] for l in r['lines'] if l['offset'] == 0x2f] == ['74 39']"
run nfs_flock+0x2f --image "$nfs"
ok "nfs.ko: nobody owns the je" eval 'exits 0 && line "no owner of these bytes is known" &&
	grep -qE "\+0x2f +74 39 +je nfs_flock\+0x6a$" "$work/out"'
tests/tools/published-image "$work/published" || failed=1
run nfs_flock+0x54 --image "$work/published" \
	--system-map tests/data/linux-2.6.22-i386/System.map
ok 'the published image: nobody owns the je' eval 'exits 0 &&
	grep -qE "^0xc01a9d75  \+0x54 +74 47 +je " "$work/out" && line "no owner of these bytes is known"'

# --- what a running kernel answers ---
# Answers each call with the next of these.
cat >"$work/daemon.py" <<'EOF'
import json, socket, sys
def owner(name, start, end, policy, detail=None, advice="do something"):
    return {"owner": name, "address": hex(start), "end": hex(end), "policy": policy,
            "what": "what " + name + " is", "detail": detail, "advice": advice}
base = 0xffffffffc0412316
def line(offset, data, text):
    return {"role": "context", "address": hex(base + offset), "offset": offset, "bytes": data,
            "asm": text}
reply = {"symbol": "nfs_flock", "module": "nfs", "address": hex(base), "size": 8,
         "target": {"kind": "kmem", "path": "/dev/kmem", "architecture": "x86_64",
                    "release": "6.1.0", "build_id": ""},
         "lines": [line(0, "0f 1f 44 00 00", "nopl 0x0(%rax,%rax,1)"), line(5, "cc", "int3"),
                   line(6, "90", "nop"), line(7, "c3", "ret")],
         "owners": [
             owner("unknown", base, base + 8, "forbidden", "the list of kprobes cannot be read"),
             owner("unknown", base, base + 8, "forbidden", "the blacklist cannot be read"),
             owner("ftrace", base, base + 5, "forbidden", "it is traced now: \033[2Jfunction"),
             owner("kprobe", base + 5, base + 7, "forbidden", "kprobe p_one", "echo -:p_one"),
             owner("kprobe", base + 5, base + 7, "forbidden", "kprobe p_two", "echo -:p_two"),
             owner("return_site", base + 7, base + 8, "settled")]}
free = {**reply, "owners": [], "lines": reply["lines"][:1]}
table = {**reply, "symbol": "table", "module": None, "size": 64, "lines": [], "owners": [
    owner("ro_after_init", base - 8, base + 8, "allowable"),
    owner("static_key", base + 16, base + 32, "forbidden")]}
refusal = {"outcome": "hazard", "message": "bpf_prog_1 belongs to [bpf]"}
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen()
print("ready", flush=True)
for answer in [{"parameters": reply}, {"parameters": reply}, {"parameters": free}, {"parameters": table},
               {"error": "io.patcherd.Failed", "parameters": refusal}]:
    c, _ = s.accept()
    request = b""
    while not request.endswith(b"\0"):
        request += c.recv(65536)
    c.sendall(json.dumps(answer).encode() + b"\0")
    c.close()
EOF
exec 3< <(exec "$python" "$work/daemon.py" "$work/socket")
listener=$!
read -ru 3 _
run nfs_flock --socket "$work/socket"
ok 'owners of the whole function stand above it, once' eval 'exits 0 &&
	line "unknown (forbidden): all of it" && times 2 "unknown (forbidden)" &&
	line " the list of kprobes cannot be read" && line " the blacklist cannot be read" &&
	[ "$(grep -nF "all of it" "$work/out" | cut -d : -f 1)" = 2 ]'
ok 'two owners of one sort are one word beside each instruction that they touch' eval '
	line "0xffffffffc041231b +0x5 cc int3 kprobe (forbidden)" &&
	line "0xffffffffc041231c +0x6 90 nop kprobe (forbidden)"'
ok 'below, each of them is named, with what to do' eval '
	times 1 "what kprobe is" && line " kprobe p_one" && line " kprobe p_two" &&
	line " echo -:p_one" && line " echo -:p_two"'
ok 'an advice that is the same for all is told once' eval '
	[ "$(sed -n "/^unknown (forbidden): what/,/^$/p" "$work/out" | grep -c "do something")" = 1 ]'
ok 'settled bytes are said to be free to change, and not with what to do else' eval '
	line "0xffffffffc041231d +0x7 c3 ret return_site (settled)" &&
	[ "$(sed -n "/^return_site (settled): what/,\$p" "$work/out" | tail -n +2 | tr -s " ")" = \
	" the kernel is done with these bytes: they may be changed as they are in memory" ]'
ok 'no control character of a detail reaches the terminal' times 1 'it is traced now: \x1b[2Jfunction'
ok 'of a running kernel nothing is said of images' times 0 'an image'

"$python" - "$work/out" env -u NO_COLOR TERM=xterm "$patchctl" hazards nfs_flock \
	--socket "$work/socket" <<'EOF'
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
with open(sys.argv[1], "wb") as out:
    try:
        while data := os.read(fd, 65536):
            out.write(data)
    except OSError:
        pass
os.waitpid(pid, 0)
EOF
red=$'\033[31m' dim=$'\033[2m' plain=$'\033[0m'
ok 'on a terminal forbidden is red, settled dim' eval '
	times 1 "nopl 0x0(%rax,%rax,1)  ${red}ftrace (forbidden)${plain}" &&
	times 2 "${dim}return_site (settled)${plain}"'
run nfs_flock+0 --socket "$work/socket"
ok 'where nobody owns the bytes of a running kernel, that is said' eval 'exits 0 &&
	line "nobody else owns these bytes"'
run table --socket "$work/socket"
ok 'of a variable with several owners, which part is whose' eval 'exits 0 &&
	line "+0x0..+0x8 ro_after_init (allowable)" && line "+0x10..+0x20 static_key (forbidden)"'
run bpf_prog_1 --socket "$work/socket"
ok 'what is refused as a whole: hazard, with the reason' eval 'exits 9 && [ ! -s "$work/out" ] &&
	err_has "patchctl: hazard: bpf_prog_1 belongs to [bpf]"'

echo "1..$n"
exit $failed
