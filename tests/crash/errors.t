#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""errors.t [EVERY]: ENOSPC, EIO and EINTR at every EVERYth write, sync and open (default 4) of the
daemon, in an apply, a revert and an apply that replaces another patch. Whatever it answers, all sites
are old or all new, then and after the next start, and the journal says which. Needs root and strace."""

import os
import sys

sys.path.insert(0, os.path.dirname(__file__))
from crash import Patch, Place, Strace, calls_of, end, ok, started, state_of

EVERY = int(sys.argv[1]) if len(sys.argv) > 1 else 4
CALLS = ["write", "pwrite64", "fsync", "fdatasync", "openat"]
ERRORS = ["ENOSPC", "EIO", "EINTR"]
DECLARED = {"io.patcherd.Refused", "io.patcherd.Incomplete", "io.patcherd.Busy",
            "io.patcherd.JournalDamaged", "io.patcherd.Failed"}
THREE = Patch("three", {0: "invert", 1: "always", 2: "never"})
NEWER = Patch("newer", {1: "nop", 2: "invert", 3: "invert"}, replaces=["three"])
PATCHES = [THREE, NEWER]
REQUESTS = {
    "apply": (set(), {"three"}, "Apply", THREE.apply()),
    "revert": ({"three"}, set(), "Revert", {"patches": ["three"]}),
    "replace": ({"three"}, {"newer"}, "Apply", NEWER.apply()),
}


def reach(daemon, wanted):
    """Brings it to where exactly the patches of these names are applied."""
    now = state_of(daemon, PATCHES)
    for name in now - wanted:
        assert "error" not in daemon.call("Revert", patches=[name])
    for patch in PATCHES:
        if patch.name in wanted - now:
            assert "error" not in daemon.call("Apply", **patch.apply())


def run(place, request, options=()):
    """One request under strace: its reply, what it came to, and what that is at the next start."""
    before, _, method, parameters = request
    with started(place) as daemon:
        reach(daemon, before)
        strace = Strace(daemon.process.pid, os.path.join(place.directory, "strace"), options)
        reply = daemon.call(method, **parameters)
        strace.end()
        now = state_of(daemon, PATCHES)
    with started(place) as daemon:
        later = state_of(daemon, PATCHES)
    return reply, now, later


def check(request, reply, now, later):
    before, after, _, _ = request
    assert reply is not None, "the daemon died"
    error = reply.get("error")
    assert error is None or error in DECLARED, f"not declared: {reply}"
    assert now in ([after] if error is None else [before, after]), f"{sorted(now)} after {reply}"
    assert now == later, f"{sorted(now)}, and at the next start {sorted(later)}"


def test(place, name, request):
    reply, now, later = run(place, request)
    check(request, reply, now, later)
    calls = [call for call in calls_of(os.path.join(place.directory, "strace"))
             if call[0] in CALLS]
    points = [(call, error) for call in calls for error in ERRORS][::EVERY]
    refused, wrong = 0, []
    for (call, number), error in points:
        try:
            reply, now, later = run(place, request,
                                    ["-e", f"inject={call}:error={error}:when={number}"])
            check(request, reply, now, later)
            refused += "error" in reply
        except AssertionError as why:
            wrong.append(f"{error} at {call} number {number}: {why}\n{place.log_end()}")
            break
    ok(f"{name}: done or refused, and nothing between: {len(points)} failures injected, of which "
       f"{refused} made it refuse", "\n".join(wrong) or (not points and "nothing was injected"))


place = Place()
for name, request in REQUESTS.items():
    test(place, name, request)
place.remove()
end()
