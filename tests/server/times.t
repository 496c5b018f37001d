#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the time of a request goes, as its Results tell it. The kernel is a file: see
patcherd/fault_image.h. Needs root."""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "crash"))
from crash import Patch, Place, end, ok, started

PROVING = {"parse", "resolve", "prove", "rest"}
WRITING = {"stop", "read_back"}
THREE = Patch("three", {0: "invert", 1: "always", 2: "never"})
OTHER = Patch("other", {5: "invert"})
BOTH = {"patches": THREE.apply()["patches"] + OTHER.apply()["patches"]}


def wrong(daemon, method, parameters, idle):
    """What is amiss with the times of a request; `idle`: the parts that nothing was spent on."""
    start = time.monotonic_ns()
    reply = daemon.call(method, **parameters)
    whole = time.monotonic_ns() - start
    times = [result["times"] for result in reply["parameters"]["results"]]
    if len(times) != len(parameters["patches"]) or any(other != times[0] for other in times):
        return f"not the whole request's: {times}"
    if set(times[0]) != PROVING | WRITING | {"journal"}:
        return f"other parts: {times[0]}"
    if {part for part, value in times[0].items() if value == 0} != idle:
        return f"not {sorted(idle)} alone took no time: {times[0]}"
    if min(times[0].values()) < 0 or sum(times[0].values()) > whole:
        return f"more than the {whole} that it took: {times[0]}"
    return None


place = Place()
with started(place) as daemon:
    ok("a dry run has its times, and none of a write",
       wrong(daemon, "DryRun", THREE.apply(), WRITING))
    ok("an apply has its times, which are those of all its patches, and all of it and no more",
       wrong(daemon, "Apply", BOTH, set()))
    ok("a refused apply has its times",
       wrong(daemon, "Apply", {"patches": [{"name": "p.yaml", "yaml": "patch: x"}]},
             WRITING))
    reverted = daemon.call("Revert", patches=[], all=True)["parameters"]["results"]
    ok("a revert has none", [result["times"] for result in reverted] != [None, None] and reverted)
place.remove()
end()
