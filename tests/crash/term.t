#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""term.t [EVERY]: SIGTERM comes at every EVERYth system call (default 4) of a request: the request is
done, its reply comes, and the daemon ends with 0. A restart leaves what is applied alone. Needs root and
strace."""

import os
import sys

sys.path.insert(0, os.path.dirname(__file__))
from crash import Patch, Place, Strace, calls_of, end, ok, started, state_of

EVERY = int(sys.argv[1]) if len(sys.argv) > 1 else 4
THREE = Patch("three", {0: "invert", 1: "always", 2: "never"})
REVERT = {"patches": ["three"]}


class Work:
    def __init__(self, place, applied, method, parameters):
        self.place, self.applied = place, applied
        self.method, self.parameters = method, parameters
        self.log = os.path.join(place.directory, "strace")

    def run(self, options=()):
        """The reply; it runs to the daemon's end only with a signal."""
        self.place.renew()
        daemon = started(self.place, before=["setarch", "-R"])
        if self.applied:
            assert "error" not in daemon.call("Apply", **THREE.apply())
        daemon.idle()
        strace = Strace(daemon.process.pid, self.log, options)
        reply = daemon.call(self.method, **self.parameters)
        if options:
            status = daemon.wait()
            strace.end()
        else:
            strace.end()
            status = daemon.end()
        assert status == 0, f"the daemon ended with {status}"
        return reply

    def check(self, reply):
        assert reply is not None, "no reply came"
        assert "error" not in reply, reply
        holds = [self.place.holds(number) for number in THREE.sites]
        with started(self.place) as daemon:
            applied = state_of(daemon, [THREE])
        assert applied == (set() if self.applied else {"three"}), f"{applied} applied"
        assert holds == [self.place.holds(number) for number in THREE.sites], \
            "the start changed the kernel"


def test(place, name, *work):
    work = Work(place, *work)
    work.check(work.run())
    calls = calls_of(work.log, r'sendto\(.*"\{')
    # What comes before the request is read finds the daemon without one.
    calls = calls[calls.index(("recvfrom", 1)):]
    points, wrong = calls[::EVERY], []
    for call, number in points:
        try:
            work.check(work.run(["-e", f"inject={call}:signal=SIGTERM:when={number}"]))
        except AssertionError as why:
            wrong.append(f"SIGTERM at {call} number {number}: {why}\n{place.log_end()}")
            break
    ok(f"{name} is done, its reply comes, and then the daemon ends with 0: SIGTERM at {len(points)} of "
       f"{len(calls)} system calls", "\n".join(wrong) or (not points and "it was never sent"))


def restart(place):
    place.renew()
    with started(place) as daemon:
        assert "error" not in daemon.call("Apply", **THREE.apply())
    with open(place.image, "rb") as file:
        ended = file.read()
    with started(place) as daemon:
        assert state_of(daemon, [THREE]) == {"three"}
    with open(place.image, "rb") as file:
        return file.read() != ended and "the kernel was written"


place = Place()
test(place, "an apply", False, "Apply", THREE.apply())
test(place, "a revert", True, "Revert", REVERT)
ok("a restart leaves what is applied alone", restart(place))
place.remove()
end()
