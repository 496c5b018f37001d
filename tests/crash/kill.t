#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""kill.t [EVERY]: the daemon is killed at every EVERYth system call (default 20) of an apply, a revert,
an apply that replaces another patch, and of the start that finishes such a one's books; of a request,
which has few of them, at four times as many. Started again, all sites are old or all new, and the
journal says which. Needs root and strace."""

import os
import signal
import sys

sys.path.insert(0, os.path.dirname(__file__))
from crash import Daemon, Patch, Place, Strace, calls_of, end, ok, started, state_of

EVERY = int(sys.argv[1]) if len(sys.argv) > 1 else 20
THREE = Patch("three", {0: "invert", 1: "always", 2: "never"})
NEWER = Patch("newer", {1: "nop", 2: "invert", 3: "invert"}, replaces=["three"])
PATCHES = [THREE, NEWER]


# Each run begins with a new journal, and has the same addresses: so its system calls are the same.
SAME_ADDRESSES = ["setarch", "-R"]


def kill_options(name, number):
    return ["-e", f"inject={name}:signal=SIGKILL:when={number}"]


def reach(daemon, wanted):
    """Brings it to where exactly the patches of these names are applied."""
    now = state_of(daemon, PATCHES)
    for name in now - wanted:
        reply = daemon.call("Revert", patches=[name])
        assert "error" not in reply, reply
    for patch in PATCHES:
        if patch.name in wanted - now:
            reply = daemon.call("Apply", **patch.apply())
            assert "error" not in reply, reply
    assert state_of(daemon, PATCHES) == wanted


class Request:
    """A request of a running daemon."""

    every = max(1, EVERY // 4)

    def __init__(self, before, after, method, parameters):
        self.before, self.after = before, after
        self.method, self.parameters = method, parameters

    # The reply.
    last = r'sendto\(.*"\{'

    def run(self, place, log, options=()):
        """Whether it was killed."""
        place.renew()
        daemon = started(place, before=SAME_ADDRESSES)
        reach(daemon, self.before)
        daemon.idle()
        strace = Strace(daemon.process.pid, log, options)
        reply = daemon.call(self.method, **self.parameters)
        if reply is not None:
            assert "error" not in reply, reply
            strace.end()
        status = daemon.end(signal.SIGKILL if reply is None else signal.SIGTERM)
        strace.end()
        return status == -signal.SIGKILL


class Start:
    """A start after a kill at a point of fault.h."""

    every = EVERY
    last = r'sendto\(.*"READY=1'

    def __init__(self, before, after, fault, method, parameters):
        self.before, self.after, self.fault = before, after, fault
        self.method, self.parameters = method, parameters

    def run(self, place, log, options=()):
        place.renew()
        with started(place) as daemon:
            reach(daemon, self.before)
        daemon = started(place, environment={"PATCHERD_FAULT": self.fault})
        assert daemon.call(self.method, **self.parameters) is None
        daemon.end()
        daemon = Daemon(place, before=[*SAME_ADDRESSES, "strace", "-f", "-o", log, *options])
        if not daemon.ready():
            daemon.end()
            return True
        # It is strace's child: what ends strace lets it go on. It may have been killed by now, too.
        with open(f"/proc/{daemon.process.pid}/task/{daemon.process.pid}/children",
                  encoding="ascii") as file:
            served = [int(pid) for pid in file.read().split()]
        for pid in served:
            os.kill(pid, signal.SIGTERM)
        return daemon.end(0) == -signal.SIGKILL


def test(place, name, work):
    log = os.path.join(place.directory, "strace")
    assert not work.run(place, log), "it was killed without being killed"
    calls = calls_of(log, work.last)
    points = calls[::work.every]
    kills = 0
    wrong = []
    for call in points:
        killed = work.run(place, log, kill_options(*call))
        kills += killed
        try:
            with started(place) as daemon:
                state = state_of(daemon, PATCHES)
            assert state in ([work.before, work.after] if killed else [work.after]), \
                f"{sorted(state)} applied"
        except AssertionError as error:
            wrong.append(f"killed at {call[0]} number {call[1]}: {error}\n{place.log_end()}")
            break
    ok(f"{name}: old or new, and the journal knows which: killed at {kills} points of "
       f"{len(points)}, of {len(calls)} system calls",
       "\n".join(wrong) or (kills < len(points) and "it was not killed at each of them"))


place = Place()
three = {"patches": ["three"]}
test(place, "apply", Request(set(), {"three"}, "Apply", THREE.apply()))
test(place, "revert", Request({"three"}, set(), "Revert", three))
test(place, "replace", Request({"three"}, {"newer"}, "Apply", NEWER.apply()))
test(place, "start after a kill in apply",
     Start(set(), {"three"}, "after-write", "Apply", THREE.apply()))
test(place, "start after a kill before the write",
     Start(set(), set(), "after-intent", "Apply", THREE.apply()))
test(place, "start after a kill in revert",
     Start({"three"}, set(), "after-reverting", "Revert", three))
test(place, "start after a kill in replace",
     Start({"three"}, {"newer"}, "after-write", "Apply", NEWER.apply()))
place.remove()
end()
