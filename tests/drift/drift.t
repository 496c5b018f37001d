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
         "-fcf-protection=none"]
MACHINES = {"x86_64": ["-m64", "-mcmodel=kernel", "-mno-red-zone", "-mgeneral-regs-only"],
            "i386": ["-m32", "-mregparm=3", "-mgeneral-regs-only"]}
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
    run(compiler, *FLAGS, *flags, "-c", name, "-o", out, status=0)


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
    compile_file(compiler, flags + ["-DPHANTOM"], f"{source}/phantom.c", wrong)
    compile_file(compiler, flags, f"{source}/phantom.c", right)
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


# What is compiled without the kernel's flags, and with its own floating point.
USERS = {"x86_64, user": ["-m64", "-DFLOATS"], "i386, user": ["-m32"]}


def named_wrongly(uses, wrong, right):
    """What is said of an instruction that is the same in the right build; and patched otherwise than
    it is there. Functions that consist of other instructions there are left out."""
    places, why = {(use["function"], use["offset"]): use for use in uses}, []
    for name, lines in wrong.items():
        others = right[name]
        if [text.split()[0] for _, _, text in lines] != [text.split()[0] for _, _, text in others]:
            continue
        for (offset, data, text), (_, there, other) in zip(lines, others):
            use = places.get((name, offset))
            if use and data == there:
                why.append(f"{name}+{offset:#x} {text}: {use['member']}, and it is the same")
            elif use and use["unpatchable"] is None and len(data) == len(there):
                why += [f"{name}+{offset:#x} {text}: {use['member']}, and it is {other}"
                        for fixed in [use["fixed"]] if fixed != there]
    return "\n".join(why)


def ambiguous(work, compiler, level, flags):
    """Only what differs is named, and is patched as the right build has it."""
    wrong, right = f"{work}/wrong.o", f"{work}/right.o"
    compile_file(compiler, flags + [level], "tests/drift/ambiguous/uses.c", wrong)
    compile_file(compiler, flags + [level, "-DNEW"], "tests/drift/ambiguous/uses.c", right)
    if compiler == "clang":     # nothing tells whose the code is
        run("objcopy", "-R", ".comment", wrong, status=0)
    report = json.loads(run(patchctl, "drift", "--json", "--patch", wrong, "--against", right,
                            status=5).stdout)
    fixed = {}
    if report["patch"] is not None:
        with open(f"{work}/wrong.yaml", "w", encoding="ascii") as file:
            file.write(report["patch"])
        plan = json.loads(run(patchctl, "dry-run", "--json", "--image", wrong,
                              f"{work}/wrong.yaml", status=0).stdout)
        fixed = {(site["function"], site["offset"]): bytes.fromhex(site["replacement"]["bytes"])
                 for site in plan["sites"]}
    for use in report["uses"]:
        use["fixed"] = fixed.get((use["function"], use["offset"]))
    return named_wrongly(report["uses"], disassemble(wrong), disassemble(right))


def ambiguities(work):
    for compiler in ("gcc", "clang"):
        for level in ("-O0", "-O2"):
            for name, flags in {**MACHINES, **USERS}.items():
                try:
                    why = ambiguous(work, compiler, level, flags)
                except RuntimeError as error:
                    why = error
                ok(f"{compiler} {level} {name}: what could be another member is not named", why)


def heads(work):
    """What a patch is called, and how much can be in one."""
    wrong, right, many = f"{work}/Phantom_FS.o", f"{work}/right.o", f"{work}/many"
    compile_file("gcc", MACHINES["x86_64"] + ["-O2", "-DPHANTOM"], f"{source}/phantom.c", wrong)
    compile_file("gcc", MACHINES["x86_64"] + ["-O2"], f"{source}/phantom.c", right)
    named = {}
    for name, arguments in {"its file": (), "--name": ("--name", "enotdir")}.items():
        text = run(patchctl, "drift", "--patch", *arguments, wrong, "--against", right,
                   status=5).stdout
        named[name] = re.search("^patch: (.*)$", text, re.M)[1]
    ok("a patch is called after its file, or by --name",
       named != {"its file": "phantom-fs-drift", "--name": "enotdir"} and named)
    with open(f"{many}.c", "w", encoding="ascii") as file:
        file.write("struct s { char first[MORE]; int second; };\n")
        file.writelines(f"int f{i}(struct s *s) {{ return s->second; }}\n" for i in range(1025))
    for out, more in ((wrong, 4), (right, 8)):
        run("gcc", *FLAGS, *MACHINES["x86_64"], "-O2", f"-DMORE={more}", "-c", f"{many}.c",
            "-o", out, status=0)
    done = run(patchctl, "drift", "--patch", wrong, "--against", right, status=1)
    ok("more sites than a patch can have are told, with their number",
       (done.stdout or "has 1025 places that change, and a patch can have 1024" not in done.stderr)
       and done.stdout + done.stderr)


def main():
    work = tempfile.mkdtemp()
    try:
        stories(work)
        ambiguities(work)
        heads(work)
    finally:
        shutil.rmtree(work)
    print(f"1..{count}")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
