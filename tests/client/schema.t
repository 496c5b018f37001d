#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The JSON schema of the patch format takes and refuses the same files as the program. Run from the
top of the tree."""

import glob
import json
import re
import sys

import jsonschema
import yaml

# What YAML itself, or a relation of values, is about, a schema is not told: it takes these. As it does
# what the program finds wrong in assembler text, and in what is no instruction.
UNTOLD = """
allow-duplicate-key allow-duplicate anchor-list anchor asm-bracket asm-none asm-several bytes-block description-blank
duplicate-bytes duplicate-quoted duplicate-site-key duplicate-sites duplicate find-at-gap
find-at-large find-gap-last find-line-brace find-line-bracket find-line-name-place
find-line-name find-line-star find-line-two find-line-type-empty find-line-type
find-lines-duplicate find-names-9 immediate-octal-negative immediate-octal immediate-plus
lengths-differ-more lengths-differ no-instruction-cut no-instruction number-fraction
number-octal number-plus overlap-occurrence overlap-operation-same overlap-operation
overlap-part overlap-return overlap-same overlap-variant replacement-same replaces-itself requires-duplicate
requires-types-duplicate requires-types-name return-quoted tag-directive tag type-multiple-yes
variable-large-both variable-large variable-low variable-overlap-same variable-overlap
variable-same-sign-8 variable-same-sign variable-same
"""

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


def refused(path):
    """Why the schema, or YAML, refuses it; None where it is taken."""
    try:
        with open(path, encoding="utf-8-sig") as file:
            value = yaml.safe_load(file)
    except (yaml.YAMLError, ValueError, TypeError) as error:
        return error
    return jsonschema.exceptions.best_match(validator.iter_errors(value))


with open(SCHEMA, encoding="utf-8") as file:
    schema = json.load(file)
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)

# tests/spec/run holds that the program takes good/ and refuses bad/.
for path in sorted(glob.glob("patches/*.yaml") + glob.glob("tests/**/*.yaml", recursive=True)):
    if "/bad/" not in path:
        # YAML takes bytes of digits without quotes for numbers, as the schema says
        if not path.endswith("/plain-bytes.yaml"):
            ok(f"{path} is taken", refused(path))
    elif re.search(r"/([^/]*)\.yaml$", path).group(1) in UNTOLD.split():
        ok(f"{path} is refused by the program alone", refused(path))
    else:
        ok(f"{path} is refused", refused(path) is None and "it is taken")

with open("lib/errno_name.c", encoding="utf-8") as file:
    errors = re.findall(r"ERROR\((E\w+)\)", file.read())
ok("the errors are the program's",
   ["-" + name for name in errors] != schema["$defs"]["error"]["enum"] and "they differ")

print(f"1..{count}")
sys.exit(failed)
