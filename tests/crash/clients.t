#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""clients.t [SECONDS]: 50 clients at once apply, revert and ask, for so long (default 10), of a daemon
built with AddressSanitizer and UBSan. No answer but those that are declared; at the end the journal and
memory agree. Needs root."""

import collections
import os
import random
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(__file__))
from crash import BUILD, NEW, Patch, Place, end, ok, started, state_of

SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 10
CLIENTS = 50
BINARY = os.path.join(BUILD + "-san", "faults", "patcherd")
# What the interface declares of each method; a conflict and the like are Refused.
DECLARED = {"Apply": {"io.patcherd.Refused"}, "Revert": {"io.patcherd.Refused"},
            "DryRun": set(), "Status": {"io.patcherd.Failed"}, "History": set()}
OPERATIONS = sorted(NEW)
# Some have bytes in common with their neighbour, some take its place.
PATCHES = [Patch(f"p{n}", {(3 * n + i) % 40: OPERATIONS[(n + i) % len(OPERATIONS)]
                           for i in range(4)},
                 replaces=[f"p{n - 1}"] if n % 4 == 3 else [])
           for n in range(12)]


def request(chance):
    """A method and its parameters."""
    patch = chance.choice(PATCHES)
    return chance.choice([
        ("Apply", patch.apply()), ("Apply", patch.apply()),
        ("Apply", {"patches": [PATCHES[0].apply()["patches"][0],
                               patch.apply()["patches"][0]]}),
        ("DryRun", patch.apply()),
        ("Revert", {"patches": [patch.name]}), ("Revert", {"patches": [patch.name]}),
        ("Revert", {"patches": [], "all": True}),
        ("Status", {}), ("Status", {"patch": patch.name}), ("History", {"patch": patch.name}),
    ])


def client(daemon, seed, until, answers, wrong):
    chance = random.Random(seed)
    while time.monotonic() < until and not wrong:
        method, parameters = request(chance)
        reply = daemon.call(method, **parameters)
        error = None if reply is None else reply.get("error")
        answers[method, error] += 1
        if reply is None or (error is not None and error not in DECLARED[method]):
            wrong.append(f"{method} {parameters}: {reply}")


seed = int(os.environ.get("SEED", random.randrange(2**32)))
print(f"# SEED={seed}")
place = Place()
answers, wrong = collections.Counter(), []
daemon = started(place, binary=BINARY)
until = time.monotonic() + SECONDS
threads = [threading.Thread(target=client, args=(daemon, f"{seed} {n}", until, answers, wrong))
           for n in range(CLIENTS)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
ok(f"{sum(answers.values())} requests of {CLIENTS} clients have declared answers", "\n".join(wrong))
for (method, error), number in sorted(answers.items(), key=str):
    print(f"# {method}: {number} {error or 'done'}")
ok("each method was done, and applies were refused as well",
   [method for method in DECLARED if not answers[method, None]] +
   ([] if answers["Apply", "io.patcherd.Refused"] else ["Apply was never refused"]))


def agree():
    try:
        state_of(daemon, PATCHES)
    except AssertionError as error:
        return error
    return None


ok("the journal and memory agree", agree())
status = daemon.end()
ok("the sanitizers have nothing to say", status != 0 and f"status {status}\n{place.log_end()}")
daemon = started(place)
ok("nor do they differ after a restart", agree())
daemon.end()
place.remove()
end()
