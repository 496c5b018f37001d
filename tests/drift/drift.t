#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What patchctl drift says of objects that were compiled against another header than the kernel's:
exactly the instructions that differ where the same source is compiled against the right one.
Usage, from the top of the tree: tests/drift/drift.t"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

patchctl = os.environ.get("BUILD", "build") + "/patchctl"
source = "tests/drift/enotdir"
FLAGS = ["-g", "-ffreestanding", "-fno-pic", "-fno-asynchronous-unwind-tables",
         "-mgeneral-regs-only", "-fcf-protection=none"]
MACHINES = {"x86_64": ["-m64", "-mcmodel=kernel", "-mno-red-zone"],
            "i386": ["-m32", "-mregparm=3"]}
count = failed = 0


def ok(name, why):
    """One test: it passed if nothing is wrong."""
    global count, failed
    count += 1
    if not why:
        print(f"ok {count} - {name}")
        return
    failed += 1
    print(f"not ok {count} - {name}")
    for line in str(why).splitlines():
        print(f"# {line}")


def run(*command, status=None):
    """The ended process; a wrong status is an error."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if status is not None and done.returncode != status:
        raise RuntimeError(f"{' '.join(command)}: exit status {done.returncode}, not {status}\n"
                           f"{done.stdout}{done.stderr}")
    return done


def compile_file(compiler, flags, name, out):
    run(compiler, *FLAGS, *flags, "-c", f"{source}/{name}", "-o", out, status=0)


def disassemble(path):
    """{function: [(offset, bytes, text)]}, by objdump, relocated bytes as they are in the file."""
    functions, lines = {}, None
    for line in run("objdump", "-d", "--insn-width=15", path, status=0).stdout.splitlines():
        head = re.match(r"^([0-9a-f]+) <(.+)>:$", line)
        insn = re.match(r"^ *([0-9a-f]+):\t((?:[0-9a-f]{2} )+) *\t(.*)$", line)
        if head:
            start, lines = int(head[1], 16), functions.setdefault(head[2], [])
        elif insn:
            lines.append((int(insn[1], 16) - start, bytes.fromhex(insn[2]), insn[3]))
    return functions


def differing(wrong, right):
    """{(function, offset)} of what is another instruction in the right build."""
    places = set()
    for name, lines in wrong.items():
        others = right[name]
        if [(o, len(b)) for o, b, _ in lines] != [(o, len(b)) for o, b, _ in others]:
            raise RuntimeError(f"{name} has other instructions in the right build")
        places |= {(name, a[0]) for a, b in zip(lines, others) if a[1] != b[1]}
    return places


def section_of(path, function):
    """Where the function's bytes are in the file."""
    for line in run("readelf", "-sW", path, status=0).stdout.splitlines():
        words = line.split()
        if len(words) == 8 and words[7] == function and words[3] == "FUNC":
            value, index = int(words[1], 16), words[6]
    for line in run("readelf", "-SW", path, status=0).stdout.splitlines():
        match = re.match(rf"^ *\[ *{index}\] \S+ +\S+ +[0-9a-f]+ ([0-9a-f]+)", line)
        if match:
            return int(match[1], 16) + value
    raise RuntimeError(f"{path}: no {function}")


def apply_patch(patch, wrong, out):
    """What the daemon would write, as dry-run --json says, into a copy of the file."""
    with open(f"{out}.yaml", "w", encoding="ascii") as file:
        file.write(patch)
    result = json.loads(run(patchctl, "dry-run", "--json", "--image", wrong, f"{out}.yaml",
                            status=0).stdout)
    with open(wrong, "rb") as file:
        data = bytearray(file.read())
    for site in result["sites"]:
        at = section_of(wrong, site["function"]) + site["offset"]
        old, new = (bytes.fromhex(site[key]["bytes"]) for key in ("found", "replacement"))
        if data[at:at + len(old)] != old:
            raise RuntimeError(f"{site['function']}+{site['offset']}: other bytes in the file")
        data[at:at + len(new)] = new
    with open(out, "wb") as file:
        file.write(data)


def story(work, compiler, level, machine):
    """The ENOTDIR story with one compiler."""
    flags = MACHINES[machine] + [level]
    wrong, right, fixed = (f"{work}/{name}.o" for name in ("phantom", "right", "fixed"))
    compile_file(compiler, flags + ["-DPHANTOM"], "phantom.c", wrong)
    compile_file(compiler, flags, "phantom.c", right)
    text = run(patchctl, "drift", wrong, "--against", right, status=5).stdout
    if not re.search(r"^  v_type +0x\w+ +0x\w+$", text, re.M) or \
            not re.search(r"^  v_phantom_count +0x\w+ +-  removed$", text, re.M):
        return f"the members are not named:\n{text}"
    report = json.loads(run(patchctl, "drift", "--json", wrong, "--against", right,
                            status=5).stdout)
    named = {(use["function"], use["offset"]) for use in report["uses"]}
    wanted = differing(disassemble(wrong), disassemble(right))
    if named != wanted:
        return f"not named: {sorted(wanted - named)}\nnamed wrongly: {sorted(named - wanted)}\n{text}"
    apply_patch(run(patchctl, "drift", "--patch", wrong, "--against", right, status=5).stdout,
                wrong, fixed)
    left = differing(disassemble(fixed), disassemble(right))
    if left:
        return f"still other instructions than in the right build: {sorted(left)}"
    return run(patchctl, "drift", right, "--against", right).returncode and "it drifts from itself"


def stories(work):
    for compiler in ("gcc", "clang"):
        for level in ("-O2", "-Os"):
            for machine in MACHINES:
                name = f"{compiler} {level} {machine}: each instruction is named, and put right"
                try:
                    why = story(work, compiler, level, machine)
                except RuntimeError as error:
                    why = error
                ok(name, why)


def main():
    work = tempfile.mkdtemp()
    try:
        stories(work)
    finally:
        shutil.rmtree(work)
    print(f"1..{count}")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
