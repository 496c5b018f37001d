#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A disk that is full when a patch's time is over. The kernel is a file: see patcherd/fault_image.h. Needs
root, as it mounts file systems, in a mount namespace of its own."""

import ctypes
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "crash"))
from crash import BUILD, NEW, OLD, PATIENCE, Patch, Place, end, ok, started

CLONE_NEWNS = 0x20000
private = subprocess.run(["mount", "--make-rprivate", "/"], stderr=subprocess.PIPE, text=True) \
    if ctypes.CDLL(None).unshare(CLONE_NEWNS) == 0 else None
if private is None or private.returncode != 0:
    print("1..0 # SKIP no file system can be mounted here for the test alone:",
          "root of a mount namespace is needed" if private is None else private.stderr.splitlines()[0])
    sys.exit(0)


def fill(path):
    """To the last byte."""
    size = 65536
    with open(path, "wb", buffering=0) as file:
        while size > 0:
            try:
                file.write(bytes(size))
            except OSError:
                size //= 2


def eventually(true):
    """Whether it comes true before the test gives up."""
    limit = time.monotonic() + PATIENCE
    while not true() and time.monotonic() < limit:
        time.sleep(0.1)
    return true()


PATCH = Patch("p", {0: "invert"})
place = Place()
lib = os.path.dirname(place.journal)
os.mkdir(lib, mode=0o700)
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=0700", "none", lib], check=True)
reserve = os.path.join(lib, "reserve")


def room(daemon):
    return daemon.call("Status")["parameters"]["room"]


with started(place) as daemon:
    ok("room is kept from the start", not os.path.exists(reserve) and "there is no file" or
       room(daemon))
    daemon.call("Apply", confirm_within=5, **PATCH.apply())
    before = place.holds(0)
    fill(os.path.join(lib, "full"))
    ok("applied for a time on a disk that is full from then on, it is reverted all the same",
       before != NEW["invert"] and "it was not applied" or
       not eventually(lambda: place.holds(0) == OLD) and place.log_end())
    ok("and the journal knows", not eventually(lambda: daemon.call("Status", patch="p")[
        "parameters"]["patches"][0]["state"] == "reverted") and place.log_end())
    told = subprocess.run([os.path.join(BUILD, "patchctl"), "--socket", place.socket, "status"],
                          stdout=subprocess.PIPE, text=True, check=False)
    ok("status says that no room is kept any more",
       (told.returncode != 14 or "attention: no room is kept" not in told.stdout or
        os.path.exists(reserve)) and told)
    os.unlink(os.path.join(lib, "full"))
    ok("it is kept again when there is some", room(daemon) or
       not os.path.exists(reserve) and "there is no file")
    ok("the log has all of it", [words for words in (
        "is used now", "no room is kept", "room is kept again") if words not in place.log_end()])
    daemon.call("Apply", confirm_within=5, **PATCH.apply())
    fill(os.path.join(lib, "full"))
    ok("so that it helps a second time",
       not eventually(lambda: place.holds(0) == OLD) and place.log_end())
subprocess.run(["umount", lib], check=True)
place.remove()
end()
