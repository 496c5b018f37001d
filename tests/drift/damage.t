#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""patchctl drift on damaged objects: it says what is wrong, or goes on without that; it never crashes.
Usage, from the top of the tree: tests/drift/damage.t [PATCHCTL]"""

import os
import random
import shutil
import subprocess
import sys
import tempfile

patchctl = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("BUILD", "build") + "/patchctl"
ROUNDS = 150


def try_file(path, right):
    """What is wrong with how it ended; "" nothing. 5: it drifts; 1, 6 and 8: what is wrong is said."""
    done = subprocess.run([patchctl, "drift", "--patch", path, "--against", right],
                          capture_output=True, timeout=60, check=False)
    if done.returncode not in (0, 1, 5, 6, 8):
        return f"exit status {done.returncode}: {done.stderr[-2000:].decode(errors='replace')}"
    if done.returncode in (1, 6, 8) and path.encode() not in done.stderr:
        return f"the file is not named: {done.stderr.decode(errors='replace')}"
    return ""


def damaged(data, chance):
    """Cut off somewhere, or with some bytes changed."""
    if chance.random() < 0.3:
        return data[:chance.randrange(len(data))]
    out = bytearray(data)
    for _ in range(chance.choice((1, 4, 32))):
        out[chance.randrange(len(out))] = chance.choice((0, 0xff, 0x7f, chance.randrange(256)))
    return bytes(out)


def rounds(work, machine, seed):
    """The first thing that is wrong."""
    chance = random.Random(seed)
    wrong, right, path = (f"{work}/{name}.o" for name in ("wrong", "right", "damaged"))
    for out, define in ((wrong, "-DPHANTOM"), (right, "-DRIGHT")):
        subprocess.run(["gcc", "-O2", "-g", "-ffreestanding", "-fno-pic", *machine, define, "-c",
                        "tests/drift/enotdir/phantom.c", "-o", out], check=True)
    with open(wrong, "rb") as file:
        data = file.read()
    for i in range(ROUNDS):
        with open(path, "wb") as file:
            file.write(damaged(data, chance))
        why = try_file(path, right)
        if why:
            return f"round {i} of seed {seed}: {why}"
    return ""


# Small files that would take hours or all memory: what DWARF they have, and what is said of it.
HUGE = {
    "entries of many attributes without bytes": ("""
    .byte 2,0x2e,0
    .rept 60000
    .byte 0x3f,0x19
    .endr
    .byte 0,0,0""", ".fill 4000000,1,2", "too many attributes"),
    "a long name, often": ("""
    .byte 2,0x13,0,3,0x0e,0,0,0
    .section .debug_str,"",@progbits
    .fill 4000000,1,0x61
    .byte 0""", """
    .rept 1000000
    .byte 2
    .long 0
    .endr""", "names of more than"),
    "types of one byte": (".byte 2,0x13,0,0,0,0", ".fill 11000000,1,2", "types, members or names"),
}


def huge(work, tables, entries, said):
    """What is wrong; "" nothing."""
    path = f"{work}/huge.o"
    source = f"""
    .section .debug_abbrev,"",@progbits
    .byte 1,0x11,1,0,0
    {tables}
    .section .debug_info,"",@progbits
    .long 2f-1f
1:  .short 4
    .long .debug_abbrev
    .byte 8,1
    {entries}
    .byte 0
2:  .text
    .type f,@function
f:  ret
    .size f,1
"""
    subprocess.run(["as", "--64", "--compress-debug-sections=zlib-gabi", "-o", path, "-"],
                   input=source.encode(), check=True)
    if os.path.getsize(path) > 65536:
        return f"the file has {os.path.getsize(path)} bytes"
    done = subprocess.run([patchctl, "drift", path, "--against", path], capture_output=True,
                          text=True, timeout=300, check=False)
    return "" if done.returncode == 1 and said in done.stderr and path in done.stderr else \
        f"exit status {done.returncode}: {done.stderr[-2000:]}"


def main():
    failed = False
    work = tempfile.mkdtemp()
    try:
        for i, machine in enumerate((["-m64", "-mcmodel=kernel"], ["-m32", "-mregparm=3"]), 1):
            why = rounds(work, machine, i)
            failed |= bool(why)
            print("not ok" if why else "ok", i, f"- {ROUNDS} damaged objects, {machine[0]}")
            for line in why.splitlines():
                print("#", line)
        for i, (name, case) in enumerate(HUGE.items(), 3):
            why = huge(work, *case)
            failed |= bool(why)
            print("not ok" if why else "ok", i, f"- {name}: refused")
            for line in why.splitlines():
                print("#", line)
    finally:
        shutil.rmtree(work)
    print(f"1..{2 + len(HUGE)}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
