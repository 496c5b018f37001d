#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
# pairs.t: small pairs of sources, compiled by gcc and clang, for x86-64 and i386, at -O2 and -Os. What
# derive says of each is that of pairs.golden; what its patch makes of the old object is the new one, as
# objdump and objects.py see it; a dry run finds it applicable on the old object, and there already on
# the new one. With --update writes pairs.golden anew: look at the difference before you believe it.
import concurrent.futures
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

import yaml

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from objects import Function, Object  # noqa: E402

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
PATCHCTL = os.path.join(os.environ.get("BUILD", "build"), "patchctl")
HERE = "tests/derive"
COMMON = ("-ffreestanding -fno-pic -fno-stack-protector -fno-asynchronous-unwind-tables "
          "-mgeneral-regs-only -fcf-protection=none -w").split()
ARCHES = {"x86_64": ["-m64", "-mcmodel=kernel", "-mno-red-zone"], "i386": ["-m32", "-mregparm=3"]}


def compile_one(compiler, flags, source, out):
    subprocess.run([compiler, "-c", *COMMON, *flags, source, "-o", out], check=True)


def build(name, compiler, level, arch, work):
    """The old and the new object."""
    source = f"{HERE}/pairs/{name}.c"
    with open(source) as file:
        text = file.read()
    flags = ARCHES[arch] + [level]
    match = re.search(r"/\* flags: (.*) \*/", text)
    flags += match[1].split() if match else []
    paths = []
    for which, define in (("old", []), ("new", ["-DAFTER"])):
        out = f"{work}/{name}-{compiler}{level}-{arch}-{which}.o"
        if "PART" in text:
            for part in (1, 2):
                compile_one(compiler, flags + define + [f"-DPART={part}"], source, f"{out}.{part}")
            subprocess.run(["ld", "-r", "-m", "elf_" + arch, "-o", out, f"{out}.1", f"{out}.2"],
                           check=True)
        else:
            compile_one(compiler, flags + define, source, out)
        paths.append(out)
    return paths


def patchctl(*arguments):
    done = subprocess.run([PATCHCTL, *arguments], capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


class Wrong(Exception):
    pass


def expect(condition, *what):
    if not condition:
        raise Wrong(" ".join(str(w) for w in what))


def outcome(image, patch):
    status, out, err = patchctl("dry-run", "--json", "--image", image, patch)
    expect(out, "dry run:", status, err)
    return status, json.loads(out)


def compare(old, new, difference, sites):
    """What the sites make of the function, against the new one."""
    which = (difference["occurrence"] or 1) - 1
    name = difference["function"]
    before = old.functions(name)[which]
    after = new.functions(name)[which]
    patches, targets = [], []
    for site, replace in sites:
        code = bytes.fromhex(site["replacement"]["bytes"].replace(" ", ""))
        if "target" in replace:
            # its bytes are those of addresses that are made up: see patch(5)
            targets.append((site["offset"], len(code), replace["target"]))
        else:
            patches.append((site["offset"], code))
    a = Function(old, before, patches, targets).comparable()
    b = Function(new, after).comparable()
    for line in range(max(len(a), len(b))):
        expect(a[line:line + 1] == b[line:line + 1], f"{name}: instruction {line} is",
               a[line:line + 1], "and not", b[line:line + 1])


def look(name, compiler, level, arch, work):
    """A line for pairs.golden."""
    old, new = build(name, compiler, level, arch, work)
    status, out, err = patchctl("derive", "--json", old, new)
    expect(status in (0, 5), "status", status, err, out)
    answer = json.loads(out)
    written = {(d["function"], d["occurrence"]): d for d in answer["functions"] if d["written"]}
    row = ", ".join(f"{d['function']} {d['change']}{'' if d['written'] else ' (not written)'}"
                    for d in answer["functions"])
    # without the numbers of compilers' names, which another version may choose otherwise
    data = [re.sub(r"\.\d+$", "", d["symbol"]) for d in answer["data"]]
    row = ", ".join(([row] if row else []) + [f"{symbol} data" for symbol in sorted(data)])
    expect((answer["patch"] is not None) == bool(written), "patch and functions do not agree")
    expect(status == (5 if data or any(not d["written"] and d["change"] != "immediate-only"
                               for d in answer["functions"]) else 0), "status is", status)
    plain_status, plain, report = patchctl("derive", old, new)
    expect((plain_status, plain) == (status, answer["patch"] or ""), "text and JSON differ")
    expect(all(name in report for name in data + [d["function"] for d in answer["functions"]]), "not all are told:", report)
    if name.startswith("line-"):
        # a source whose lines moved is the new one only if those are taken in, too
        status, out, err = patchctl("derive", "--json", "--line-numbers", old, new)
        expect(status == 0, "with --line-numbers:", status, err)
        answer = json.loads(out)
        written = {(d["function"], d["occurrence"]): d for d in answer["functions"] if d["written"]}
        row += "; with --line-numbers: " + ", ".join(f"{f} {d['change']}" for (f, _), d in written.items())
    if not written:
        return row or "no difference"
    if name == "removed-jump":
        expect(answer["patch"].count("- function:") == 1, "a jump goes away by itself:", answer["patch"])
    patch = old + ".yaml"
    with open(patch, "w") as file:
        file.write(answer["patch"])
    status, result = outcome(old, patch)
    expect(status == 0, "dry run on the old object:", result)
    by_function = {}
    sites = yaml.safe_load(answer["patch"])["sites"]
    replaces = [site["replace"] for site in sites]
    expect(all("find" in site for site in sites if "target" in site["replace"]),
           "a call with a name is not found by it:", answer["patch"])
    expect(len(replaces) == len(result["sites"]), "not all sites are in the dry run")
    for site, replace in zip(result["sites"], replaces):
        expect(site["replacement"]["bytes"] != site["found"]["bytes"], "nothing changes:", site)
        by_function.setdefault(site["function"], []).append((site, replace))
    objects = Object(old), Object(new)
    for difference in written.values():
        compare(*objects, difference, by_function[difference["function"]])
    expect(set(by_function) == {name for name, _ in written}, "sites of another function")
    status, result = outcome(new, patch)
    if not any(d["note"] for d in written.values()):
        expect(status == 4, "dry run on the new object:", status, result)
    return row


def main():
    jobs = [(name, compiler, level, arch)
            for name in sorted(os.path.basename(p)[:-2] for p in glob.glob(f"{HERE}/pairs/*.c"))
            for compiler in ("gcc", "clang") for level in ("-O2", "-Os") for arch in ARCHES]
    only = [a for a in sys.argv[1:] if not a.startswith("-")]
    jobs = [job for job in jobs if not only or job[0] in only]
    rows, failures = {}, {}
    with tempfile.TemporaryDirectory() as work, \
            concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        running = {pool.submit(look, *job, work): job for job in jobs}
        for future in concurrent.futures.as_completed(running):
            job = " ".join(running[future])
            try:
                rows[job] = future.result()
            except (Wrong, subprocess.SubprocessError, KeyError, IndexError, ValueError) as why:
                failures[job] = f"{type(why).__name__}: {why}"
    if "--update" in sys.argv:
        with open(f"{HERE}/pairs.golden", "w") as file:
            file.writelines(f"{job}: {rows[job]}\n" for job in sorted(rows))
    with open(f"{HERE}/pairs.golden") as file:
        golden = dict(line.rstrip("\n").split(": ", 1) for line in file)
    failed = 0
    for number, job in enumerate(sorted(" ".join(job) for job in jobs), 1):
        why = failures.get(job)
        if why is None and rows[job] != golden.get(job):
            why = f"expected: {golden.get(job)}\ngot:      {rows[job]}"
        print(f"{'ok' if why is None else 'not ok'} {number} - {job}")
        if why is not None:
            failed += 1
            print("\n".join("# " + line for line in why.splitlines()))
    print(f"1..{len(jobs)}")
    return failed > 0


sys.exit(main())
