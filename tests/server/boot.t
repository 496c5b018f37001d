#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Patches that are enabled, where one takes another's place, and what marks them. The kernel is a file:
see patcherd/fault_image.h. Needs root."""

import os
import sqlite3
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "crash"))
from crash import BUILD, Patch, Place, end, ok, started, state_of

Z_OLD, A_NEW = Patch("z-old", {0: "invert"}), Patch("a-new", {1: "nop"}, replaces=["z-old"])
A_OLD, B_NEW = Patch("a-old", {0: "invert"}), Patch("b-new", {1: "nop"}, replaces=["a-old"])
C_LAST = Patch("c-last", {2: "nop"}, replaces=["b-new"])
LEFT, RIGHT = (Patch("left", {0: "invert"}, replaces=["right"]),
               Patch("right", {1: "invert"}, replaces=["left"]))


def enabled(daemon, *patches):
    """The answers."""
    return [daemon.call("Enable", file={"name": patch.name + ".yaml", "yaml": patch.yaml})
            ["parameters"]["message"] for patch in patches]


def booted(daemon, patches, wanted, left_out):
    """Why a boot does not apply exactly these, or does not say that it left those out."""
    reply = daemon.call("Boot")["parameters"]
    now = state_of(daemon, patches)
    if now != wanted:
        return f"{sorted(now)} applied: {reply}"
    said = {item["patch"]: item["message"] for item in reply["replaced"]}
    if set(said) != set(left_out):
        return reply
    return [said[old] for old, new in left_out.items() if f"{new}, which is" not in said[old]]


def ctl(place, status, *words, args):
    """Why patchctl did not end so, or did not say these words."""
    result = subprocess.run([os.path.join(BUILD, "patchctl"), "--socket", place.socket, *args],
                            stdin=subprocess.DEVNULL, timeout=120, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, check=False)
    missing = [word for word in words if word not in result.stdout]
    return (result.returncode != status or missing) and \
        f"status {result.returncode}, not said: {missing}\n{result.stdout}"


# ---- one that takes another's place ------------------------------------------------------------

place = Place()
with started(place) as daemon:
    said = enabled(daemon, Z_OLD, A_NEW)
    ok("enabling a patch tells which enabled one it takes the place of",
       "z-old is not applied at boot: a-new" not in said[1] and said)
    daemon.call("Apply", **Z_OLD.apply())
    daemon.call("Apply", **A_NEW.apply())
    daemon.call("Revert", patches=[], all=True)
    ok("of two enabled patches boot leaves out the one that the other replaces",
       booted(daemon, [Z_OLD, A_NEW], {"a-new"}, {"z-old": "a-new"}))
    ok("status says so, and it is nothing wrong",
       ctl(place, 0, "z-old is not applied at boot: a-new, which is enabled too",
           args=["status"]))
    ok("so does patchctl boot, which succeeds",
       ctl(place, 0, "z-old: not applied at boot: a-new", args=["boot"]))
    said = enabled(daemon, Z_OLD)
    ok("enabling the replaced one anew says that it is not applied",
       "z-old is not applied at boot: a-new" not in said[0] and said)
    daemon.call("Disable", patch="a-new")
    ok("what is applied takes its place too, where it is not enabled any more",
       booted(daemon, [Z_OLD, A_NEW], {"a-new"}, {"z-old": "a-new"}))
    daemon.call("Revert", patches=[], all=True)
    ok("and where it is neither the old one is applied",
       booted(daemon, [Z_OLD, A_NEW], {"z-old"}, {}))
place.remove()

place = Place()
with started(place) as daemon:
    enabled(daemon, A_OLD, B_NEW)
    for attempt in ("first", "second"):
        ok(f"the {attempt} try at boot leaves the replaced one out",
           booted(daemon, [A_OLD, B_NEW], {"b-new"}, {"a-old": "b-new"}))
    enabled(daemon, C_LAST)
    daemon.call("Revert", patches=[], all=True)
    ok("of three that follow one another the last is applied",
       booted(daemon, [A_OLD, B_NEW, C_LAST], {"c-last"}, {"a-old": "b-new", "b-new": "c-last"}))
    daemon.call("Disable", patch="c-last")
    daemon.call("Revert", patches=[], all=True)
    blocked = os.path.join(os.path.dirname(place.journal), "blocked")
    os.makedirs(blocked, mode=0o700, exist_ok=True)
    with open(os.path.join(blocked, "b-new"), "w", encoding="ascii") as file:
        file.write("no marker, so it blocks")
    ok("one that is blocked takes nobody's place",
       booted(daemon, [A_OLD, B_NEW], {"a-old"}, {}))
place.remove()

place = Place()
with started(place) as daemon:
    enabled(daemon, LEFT, RIGHT)
    reply = daemon.call("Boot")["parameters"]
    ok("two that replace one another are refused, both",
       state_of(daemon, [LEFT, RIGHT]) != set() and "applied" or
       [result["outcome"] for result in reply["results"]] != ["conflict"] * 2 and reply or
       ctl(place, 14, "left is not applied at boot: right replaces it", args=["status"]))
place.remove()

# ---- markers -----------------------------------------------------------------------------------

P, Q = Patch("p", {0: "invert"}), Patch("q", {0: "nop"}, replaces=["p"])


def marked(place):
    """The patches that a crash now would be put down to."""
    directory = os.path.join(os.path.dirname(place.journal), "applying")
    return os.listdir(directory) if os.path.isdir(directory) else []


def marks(steps, wanted, **options):
    """Why not exactly these patches are marked after the steps of a daemon, each a call; or, before,
    not p."""
    place, seen = Place(), []
    with started(place, **options) as daemon:
        enabled(daemon, P)
        for method, parameters in steps:
            daemon.call(method, **parameters)
            seen.append(marked(place))
    place.remove()
    return (seen[0] != ["p"] or seen[-1] != wanted) and f"marked were, in turn: {seen}"


ok("a patch that is reverted is marked no more",
   marks([("Apply", P.apply()), ("Revert", {"patches": ["p"]})], []))
ok("nor is one that another took the place of",
   marks([("Apply", P.apply()), ("Apply", Q.apply())], []))
ok("one that stays is",
   marks([("Apply", P.apply()), ("Revert", {"patches": ["q"]}), ("Apply", P.apply())], ["p"]))


def refused_write():
    """The journal takes no entry, when the marker is there already."""
    place = Place()
    with started(place) as daemon:
        enabled(daemon, P)
    journal = sqlite3.connect(place.journal)
    journal.execute("CREATE TRIGGER refuse BEFORE INSERT ON entry"
                    " BEGIN SELECT raise(ABORT, 'refused for the test'); END")
    journal.commit()
    journal.close()
    with started(place) as daemon:
        reply = daemon.call("Apply", **P.apply())
        left = marked(place)
    place.remove()
    return "refused for the test" not in str(reply) and reply or left and f"marked: {left}"


ok("one whose write was refused is marked no more", refused_write())


def killed_at(point, method, wanted):
    """Why not exactly these are marked once the next start has found out how far that came."""
    place = Place()
    with started(place, environment={"PATCHERD_FAULT": point}) as daemon:
        enabled(daemon, P)
        daemon.call("Apply", **P.apply())
        if method == "Revert":
            daemon.call("Revert", patches=["p"])
        daemon.wait()
    before = marked(place)
    with started(place):
        after = marked(place)
    place.remove()
    return (before != ["p"] or after != wanted) and f"{before}, then {after}"


ok("killed before the write, it is marked no more when that is known",
   killed_at("after-intent", "Apply", []))
ok("killed after it, it is", killed_at("after-write", "Apply", ["p"]))
ok("killed in its revert, it is not", killed_at("after-revert-write", "Revert", []))


def clock_set():
    """An hour forward, between the application and that it is enabled."""
    place = Place()
    with started(place) as daemon:
        daemon.call("Apply", **P.apply())
    journal = sqlite3.connect(place.journal)
    journal.execute("UPDATE entry SET changed_at = changed_at - 3600000000")
    journal.commit()
    journal.close()
    with started(place) as daemon:
        daemon.call("Enable", patch="p")
        left = marked(place)
    place.remove()
    return left != ["p"] and f"marked: {left}"


ok("what is enabled soon after it was applied is marked, whatever time it is", clock_set())


def applied_again():
    place = Place()
    with started(place) as daemon:
        daemon.call("Apply", confirm_within=600, **P.apply())
        again = daemon.call("Apply", **P.apply())["parameters"]["results"][0]
        daemon.call("Confirm", patches=["p"])
        confirmed = daemon.call("DryRun", **P.apply())["parameters"]["results"][0]
    place.remove()
    return (again["outcome"] != "already-applied" or
            "unless `patchctl confirm p` comes before" not in again["message"] or
            "confirm" in confirmed["message"]) and f"{again}, then {confirmed}"


ok("one that is applied for a time says so when it is applied again", applied_again())

end()
