#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The owners that a patch may allow are the same to the program, to patch(5) and to the schema. Run
from the top of the tree."""

import json
import re
import sys

SCHEMA = "patches/patch.schema.json"
count = failed = 0


def ok(name, why):
    """The test holds where there is nothing to say."""
    global count, failed
    count += 1
    print(f"{'not ok' if why else 'ok'} {count} - {name}")
    if why:
        failed = 1
        print("# " + str(why).replace("\n", "\n# "))


def same(name, want, got):
    ok(name, want != got and f"expected {want}\ngot {got}")


def kinds(allowable):
    with open("lib/owner.c", encoding="utf-8") as file:
        table = re.findall(r"^\t\[OWNER_\w+\] = \{ \"(\w+)\", (true|false),$", file.read(), re.M)
    return sorted(name for name, may in table if (may == "true") == allowable)


def lists_of_manual():
    """The names in each list of patch(5)'s section Owners."""
    with open("man/patch.5", encoding="utf-8") as file:
        section = re.search(r"^\.Ss Owners$(.*?)^\.S[hs] ", file.read(), re.M | re.S).group(1)
    return [sorted(re.findall(r"^\.It Cm (\w+)$", part, re.M))
            for part in section.split("\n.Bl ")[1:]]


with open(SCHEMA, encoding="utf-8") as file:
    schema = json.load(file)

with open("include/owner.h", encoding="utf-8") as file:
    declared = re.search(r"^enum owner_kind \{$(.*?)^\tOWNER_KINDS$", file.read(), re.M | re.S).group(1)
same("each kind of owner is read from the program's table", len(re.findall(r"\bOWNER_\w+,", declared)),
     len(kinds(True)) + len(kinds(False)))
lists = lists_of_manual()
same("the owners that patch(5) lets be allowed are the program's", kinds(True), lists[0])
same("those that it does not are the program's", kinds(False), lists[1])
same("the schema has a reason for each that may be", kinds(True),
     sorted(schema["$defs"]["allow"]["properties"]))

print(f"1..{count}")
sys.exit(failed)
