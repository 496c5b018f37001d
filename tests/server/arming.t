#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Several patches that are armed in one request, and disarmed in one: all of them or none, with the
journal failing, or the daemon killed, at each call that writes or syncs. Needs root and strace."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "crash"))
from crash import Place, Strace, calls_of, end, ok, started

NAMES = ["first", "second", "third"]
CALLS = ["pwrite64", "fdatasync", "fsync"]
# No kernel has that module.
YAML = """patch: {name}
summary: s
sites:
  - {{function: f, module: patcherd_nowhere, offset: 0, expect: {{bytes: "74 06"}}, replace: invert}}
"""
ARM = {"patches": [{"name": name + ".yaml", "yaml": YAML.format(name=name)} for name in NAMES],
       "when_loaded": True}
REVERT = {"patches": [], "all": True}


def armed(daemon):
    reply = daemon.call("Status")
    return sorted(patch["patch"] for patch in reply["parameters"]["patches"]
                  if patch["state"] == "armed")


def run(place, method, parameters, options=()):
    """One request under strace: its reply, what is armed then, and at the next start."""
    now = None
    with started(place) as daemon:
        if armed(daemon) != ([] if method == "Apply" else NAMES):
            daemon.call(*(["Revert"] if method == "Apply" else ["Apply"]),
                        **(REVERT if method == "Apply" else ARM))
        strace = Strace(daemon.process.pid, os.path.join(place.directory, "strace"), options)
        reply = daemon.call(method, **parameters)
        strace.end()
        if reply is not None:
            now = armed(daemon)
    with started(place) as daemon:
        return reply, now, armed(daemon)


def check(method, reply, now, later):
    """What is wrong with it, if anything."""
    before, after = ([], NAMES) if method == "Apply" else (NAMES, [])
    if reply is None:
        return later not in (before, after) and f"armed after the kill: {later}"
    wanted = before if "error" in reply else after
    return (now, later) != (wanted, wanted) and f"armed: {now}, then {later}, after {reply}"


def test(place, name, method, parameters):
    wrong = check(method, *run(place, method, parameters))
    calls = [call for call in calls_of(os.path.join(place.directory, "strace"))
             if call[0] in CALLS]
    refused = killed = 0
    for call, number in calls:
        for what in ("error=EIO", "signal=KILL"):
            if wrong:
                break
            reply, now, later = run(place, method, parameters,
                                    ["-e", f"inject={call}:{what}:when={number}"])
            why = check(method, reply, now, later)
            wrong = why and f"{what} at {call} number {number}: {why}\n{place.log_end()}"
            killed += reply is None
            refused += reply is not None and "error" in reply
    ok(f"{name}: all or none: {len(calls)} calls, {refused} times refused, {killed} times killed",
       wrong or (not (refused and killed) and "nothing was injected"))


place = Place()
test(place, "three armed at once", "Apply", ARM)
test(place, "three disarmed at once", "Revert", REVERT)
place.remove()
end()
