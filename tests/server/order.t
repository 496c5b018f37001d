#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What comes in an unlucky order, as modules that come while a patch is proved. The kernel is a file: see
patcherd/fault_image.h. Needs root."""

import json
import os
import sqlite3
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "crash"))
from crash import NEW, OLD, Patch, Place, end, ok, started

PATCH = Patch("p", {0: "invert"})


def enabled(place):
    return os.path.join(os.path.dirname(place.journal), "enabled")


def marker(place):
    return os.path.join(os.path.dirname(place.journal), "applying", "p")


def modules_that_come():
    """The image is made a module; that no such module is loaded is what a check just before the write
    finds that a proof did not."""
    place = Place()
    info = os.path.join(place.directory, "modinfo")
    with open(info, "wb") as file:
        file.write(b"name=foo\0")
    subprocess.run(["objcopy", "--add-section", ".modinfo=" + info, place.image], check=True)
    yaml = PATCH.yaml.replace("victim_0,", "victim_0, module: foo,")
    with started(place) as daemon:
        reply = daemon.call("Apply", patches=[{"name": "p.yaml", "yaml": yaml}])
    place.remove()
    return reply.get("error") != "io.patcherd.Busy" and json.dumps(reply)


ok("a patch that modules came in the way of is busy, which boot and whoever armed it try again",
   modules_that_come())


def second_daemon():
    place = Place()
    with started(place) as daemon:
        daemon.call("Enable", file={"name": "p.yaml", "yaml": PATCH.yaml})
        daemon.call("Apply", **PATCH.apply())
        before = os.path.exists(marker(place))
        first, place.socket = place.socket, place.socket + "2"
        with started(place) as second:
            refused = second.call("Apply", **PATCH.apply())
        place.socket = first
        after = os.path.exists(marker(place))
    left = os.path.exists(marker(place))
    place.remove()
    if not before or refused.get("error") != "io.patcherd.JournalDamaged":
        return f"marker: {before}, {refused}"
    return "its end took the marker" if not after else left and "the first one's end did not"


ok("a second patcherd of a journal leaves the first one's markers alone", second_daemon())


def late_journal():
    place = Place()
    os.makedirs(place.journal, mode=0o700)
    with started(place) as daemon:
        refused = daemon.call("Apply", **PATCH.apply())
        os.rmdir(place.journal)
        applied = daemon.call("Apply", **PATCH.apply())
        now = place.holds(0)
    place.remove()
    if refused.get("error") != "io.patcherd.JournalDamaged":
        return refused
    return ("error" in applied or now != NEW["invert"]) and applied


ok("a journal that could not be opened is opened as soon as it can be", late_journal())


def others_file():
    place = Place()
    why = None
    with started(place) as daemon:
        daemon.call("Enable", file={"name": "p.yaml", "yaml": PATCH.yaml})
        path = os.path.join(enabled(place), "p.yaml")
        for name, change, back in [
                ("a file that others can write", lambda: os.chmod(path, 0o666),
                 lambda: os.chmod(path, 0o600)),
                ("another user's file", lambda: os.chown(path, 65534, 65534),
                 lambda: os.chown(path, 0, 0)),
                ("a directory that others can write", lambda: os.chmod(enabled(place), 0o777),
                 lambda: os.chmod(enabled(place), 0o700))]:
            change()
            daemon.call("Boot")
            if place.holds(0) != OLD:
                why = why or f"{name} was applied"
                daemon.call("Revert", patches=["p"])
            back()
        daemon.call("Boot")
        why = why or place.holds(0) != NEW["invert"] and "it is not applied where all is well"
    place.remove()
    return why


ok("nobody but root can have a patch applied at boot", others_file())


def unmarked():
    place = Place()
    with started(place) as daemon:
        daemon.call("Apply", **PATCH.apply())
        with open(os.path.dirname(marker(place)), "w", encoding="ascii"):
            pass
        reply = daemon.call("Enable", patch="p")
        kept = os.listdir(enabled(place)) if os.path.exists(enabled(place)) else []
    place.remove()
    if reply.get("error") != "io.patcherd.Failed":
        return reply
    return kept and f"it failed, and is enabled all the same: {kept}"


ok("a patch that cannot be marked is not enabled", unmarked())


def armed_and_not_confirmed():
    place = Place()
    with started(place) as daemon:
        daemon.call("Apply", confirm_within=5, **PATCH.apply())
    with sqlite3.connect(place.journal) as journal:
        journal.execute("INSERT INTO armed SELECT patch, boot_id, source, sha256, 'none', 0, 0, 0, "
                        "'test', yaml FROM entry")
    journal.close()
    with started(place) as daemon:
        event = {}
        while event.get("action") != "expire":
            event = daemon.call("History", patch="p")["parameters"]["events"][-1]
        state = daemon.call("Status", patch="p")["parameters"]["patches"][0]["state"]
    place.remove()
    return (state != "reverted" or event["outcome"] != "reverted") and f"{state}, {event}"


ok("what was not confirmed does not come back with its module", armed_and_not_confirmed())
end()
