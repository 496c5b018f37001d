#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Patches that take each other's place, and reverts of several, by patchctl. The kernel is a file: see
patcherd/fault_image.h. Needs root."""

import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "crash"))
from crash import BUILD, NEW, OLD, Patch, Place, end, ok, started, state_of

THREE = Patch("three", {0: "invert", 1: "always", 2: "never"})
OTHER = Patch("other", {5: "invert"})
LAST = Patch("last", {6: "nop"})
NEWER = Patch("newer", {1: "nop", 2: "invert", 3: "invert"}, replaces=["three", "nobody"])
RIVAL = Patch("rival", {1: "nop"}, replaces=["other"])
AFTER = Patch("after", {6: "nop"}, replaces=["waits"])
PATCHES = [THREE, OTHER, LAST, NEWER, RIVAL, AFTER]
# No kernel has that module.
WAITS = """patch: waits
summary: s
sites:
  - {function: f, module: patcherd_nowhere, offset: 0, expect: {bytes: "74 06"}, replace: invert}
"""

place = Place()
for patch in PATCHES:
    with open(os.path.join(place.directory, patch.name + ".yaml"), "w", encoding="ascii") as file:
        file.write(patch.yaml)
with open(os.path.join(place.directory, "waits.yaml"), "w", encoding="ascii") as file:
    file.write(WAITS)


def ctl(status, *words, args):
    """Why patchctl did not end so, or did not say these words."""
    result = subprocess.run([os.path.abspath(os.path.join(BUILD, "patchctl")),
                             "--socket", place.socket, *args],
                            cwd=place.directory, stdin=subprocess.DEVNULL, timeout=120,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    missing = [word for word in words if word not in result.stdout]
    if result.returncode == status and not missing:
        return None
    return f"status {result.returncode}, not said: {missing}\n{result.stdout}"


def holds(wanted):
    """Why not exactly these patches are there."""
    try:
        now = state_of(daemon, PATCHES)
    except AssertionError as error:
        return error
    return now != wanted and f"{sorted(now)} applied"


daemon = started(place)
ok("what is not applied is no obstacle to what replaces it",
   ctl(0, args=["apply", "newer.yaml"]) or holds({"newer"}) or
   ctl(0, args=["revert", "newer"]) or holds(set()))
ok("two patches side by side", ctl(0, args=["apply", "three.yaml", "other.yaml"]) or
   holds({"three", "other"}))
ok("a dry run names what would be replaced, and changes nothing",
   ctl(0, "it takes the place of three, reverted in the same step", "74 06",
       args=["dry-run", "newer.yaml"]) or holds({"three", "other"}))
ok("bytes of a patch that is not replaced are a conflict",
   ctl(11, "the patch three, which is applied, holds bytes there", args=["apply", "rival.yaml"]) or
   holds({"three", "other"}))
ok("neither of a patch and what replaces it in one request",
   ctl(11, "one of which replaces the other", args=["apply", "newer.yaml", "three.yaml"]) or
   holds({"three", "other"}))
ok("the new one takes the old one's place", ctl(0, args=["apply", "newer.yaml"]) or
   holds({"newer", "other"}))
ok("history says so", ctl(0, "replaced by newer", args=["history", "three"]))
ok("what is replaced cannot come back beside it",
   ctl(11, "newer", args=["apply", "three.yaml"]) or holds({"newer", "other"}))
ok("reverting the new one brings the original bytes back",
   ctl(0, args=["revert", "newer"]) or holds({"other"}) or
   any(place.holds(n) != OLD for n in range(4)) and "other bytes")

daemon.end()
daemon = started(place)
ok("the old one again", ctl(0, args=["apply", "three.yaml"]) or holds({"three", "other"}))
with open(place.image, "r+b") as file:
    file.seek(place.start_of_text + 2)
    file.write(NEW["nop"])
ok("bytes that somebody else changed since are not replaced",
   ctl(5, "does not hold what it wrote", "patchctl revert --force three",
       args=["apply", "newer.yaml"]))
ok("by force they are reverted first", ctl(0, args=["revert", "--force", "three"]) or
   ctl(0, args=["apply", "newer.yaml"]) or holds({"newer", "other"}))

ok("reverts in any order, where no bytes are shared",
   ctl(0, args=["apply", "last.yaml"]) or ctl(0, args=["revert", "newer"]) or
   holds({"other", "last"}) or ctl(0, args=["revert", "last"]) or holds({"other"}) or
   ctl(0, args=["revert", "other"]) or holds(set()))
ok("all applied again", ctl(0, args=["apply", "three.yaml", "other.yaml", "last.yaml"]) or
   holds({"three", "other", "last"}))
with open(place.image, "r+b") as file:
    file.seek(place.start_of_text + 16 * 6 + 2)
    file.write(NEW["always"])
ok("revert --all is one step: none, where one cannot be",
   ctl(5, "last", args=["revert", "--all"]) or
   [n for n, now in [(0, "invert"), (1, "always"), (2, "never"), (5, "invert")]
    if place.holds(n) != NEW[now]])
ok("or all", ctl(0, args=["revert", "--all", "--force"]) or holds(set()))
ok("one that waits for its module does so no more when another takes its place",
   ctl(0, "waits: armed", args=["apply", "--when-loaded", "waits.yaml"]) or
   ctl(0, args=["apply", "after.yaml"]) or holds({"after"}) or
   ctl(6, args=["status", "waits"]))
ctl(0, args=["revert", "--all"])
ok("where one of several is refused, the status is that of its reason, though others only wait",
   ctl(3, "only a patch whose sites are all in one module can wait",
       "it was not armed: nothing is, unless every patch", "nothing was changed",
       args=["apply", "--when-loaded", "waits.yaml", "other.yaml"]) or
   ctl(6, args=["status", "waits"]))

# What is not confirmed gives its place back, and a patch that waits for that is not kept for boot.


def settled(wanted, seconds=60):
    """Why not exactly these patches are there within that time."""
    end_of_time = time.monotonic() + seconds
    while (wrong := holds(wanted)) and time.monotonic() < end_of_time:
        time.sleep(0.1)
    return wrong


ok("a patch that another takes the place of for a time",
   ctl(0, args=["apply", "three.yaml"]) or
   ctl(0, "and what it replaced is applied again", args=["apply", "--confirm-within", "5s", "newer.yaml"]) or
   ctl(0, "pending", "is applied again: three", args=["status", "newer"]))
ok("it is not enabled meanwhile", ctl(11, "patchctl confirm newer", args=["enable", "newer"]))
ok("comes back when that is over", settled({"three"}) or
   ctl(0, "what it had replaced is applied again: three", args=["history", "newer"]) or
   ctl(0, "newer, which had replaced it, was not confirmed", args=["history", "three"]))
ok("and can be reverted", ctl(0, args=["revert", "three"]) or holds(set()))
daemon.end()
place.remove()
end()
