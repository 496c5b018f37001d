#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The real daemon on a real socket, and clients that mean it no good. Needs root."""

import hashlib
import json
import os
import re
import select
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time

PATCHERD = os.path.abspath(os.path.join(os.environ.get("BUILD", "build"), "patcherd"))
PATCHCTL = os.path.join(os.path.dirname(PATCHERD), "patchctl")
INTERFACE = "include/io.patcherd.varlink"
# The longest that is waited for an event; nothing is asserted about how long it took.
PATIENCE = 120
FRAME_MAX = 4 * 1024 * 1024
INVALID = "io.patcherd.InvalidMessage"
SERVICE = "org.varlink.service."


class Daemon:
    """A patcherd of its own directory, started and ready."""

    def __init__(self, directory=None, options=(), ready=True):
        self.directory = directory or tempfile.mkdtemp(prefix="patcherd-test-")
        os.chmod(self.directory, 0o755)
        self.path = os.path.join(self.directory, "run", "socket")
        self.journal = os.path.join(self.directory, "lib", "journal.db")
        self.log = os.path.join(self.directory, "log")
        notify = os.path.join(self.directory, "notify")
        if os.path.exists(notify):
            os.unlink(notify)
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.settimeout(PATIENCE)
        self.notify.bind(notify)
        self.process = self.start(options, notify)
        if ready:
            assert self.notify.recv(100) == b"READY=1", "it did not say that it is ready"

    def start(self, options, notify):
        with open(self.log, "ab") as log:
            return subprocess.Popen(
                [PATCHERD, "--socket", self.path, "--journal", self.journal,
                 "--target", "kcore", *options],
                env={**os.environ, "NOTIFY_SOCKET": notify}, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log)

    def connect(self):
        client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        client.settimeout(PATIENCE)
        client.connect(self.path)
        return client

    def call(self, method, **parameters):
        with self.connect() as client:
            return call(client, method, **parameters)

    def text(self):
        with open(self.log, encoding="utf-8") as log:
            return log.read()

    def end(self, signal_number=signal.SIGTERM):
        self.process.send_signal(signal_number)
        status = self.process.wait(PATIENCE)
        self.notify.close()
        return status

    def remove(self):
        """Ends it and removes all; a daemon that a sanitizer stopped does not end with 0."""
        if self.process.poll() is None:
            status = self.end()
            assert status == 0, f"it ended with {status}: {self.text()}"
        self.notify.close()
        shutil.rmtree(self.directory)


def encode(message):
    return json.dumps(message).encode() + b"\0"


def receive(client):
    """One message; None: closed before it was whole."""
    data = b""
    while not data.endswith(b"\0"):
        try:
            part = client.recv(1)
        except ConnectionResetError:
            return None
        if part == b"":
            return None
        data += part
    return json.loads(data[:-1])


def call(client, method, **parameters):
    client.sendall(encode({"method": method, "parameters": parameters}))
    return receive(client)


def closed(client):
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True


def serves(daemon):
    reply = daemon.call(SERVICE + "GetInfo")
    return reply["parameters"]["product"] == "patcherd"


def expect(reply, error, **parameters):
    assert reply is not None, "closed without a reply"
    assert reply.get("error") == error, reply
    for key, value in parameters.items():
        assert reply["parameters"][key] == value, reply


# ---- what it answers ---------------------------------------------------------------------------


def test_socket_is_for_root_and_journal_is_private(daemon):
    assert os.stat(daemon.path).st_mode & 0o777 == 0o600
    assert os.stat(os.path.dirname(daemon.path)).st_mode & 0o777 == 0o755
    assert os.stat(os.path.dirname(daemon.journal)).st_mode & 0o777 == 0o700


def test_introspection_names_both_interfaces(daemon):
    reply = daemon.call(SERVICE + "GetInfo")["parameters"]
    assert reply["interfaces"] == ["org.varlink.service", "io.patcherd"]
    assert set(reply) == {"vendor", "product", "version", "url", "interfaces"}


def test_the_description_is_the_interface_file(daemon):
    reply = daemon.call(SERVICE + "GetInterfaceDescription", interface="io.patcherd")
    with open(INTERFACE, encoding="utf-8") as file:
        assert reply["parameters"]["description"] == file.read()
    reply = daemon.call(SERVICE + "GetInterfaceDescription", interface="org.varlink.service")
    assert "interface org.varlink.service\n" in reply["parameters"]["description"]
    expect(daemon.call(SERVICE + "GetInterfaceDescription", interface="a.b"),
           SERVICE + "InterfaceNotFound", interface="a.b")


def test_every_method_of_the_interface_is_there(daemon):
    with open(INTERFACE, encoding="utf-8") as file:
        methods = [line.split()[1].split("(")[0] for line in file if line.startswith("method ")]
    assert "Apply" in methods
    for method in methods:
        expect(daemon.call("io.patcherd." + method, nonsense=1), SERVICE + "InvalidParameter",
               parameter="nonsense")


def test_what_is_not_there_has_its_error(daemon):
    for method, error, parameters in [
            ("a.b.C", "InterfaceNotFound", {"interface": "a.b"}),
            ("nothing", "InterfaceNotFound", {"interface": ""}),
            ("", "InterfaceNotFound", {"interface": ""}),
            ("io.patcherd", "InterfaceNotFound", {"interface": "io"}),
            ("io.patcherd.", "MethodNotFound", {"method": "io.patcherd."}),
            ("io.patcherd.apply", "MethodNotFound", {"method": "io.patcherd.apply"}),
            ("org.varlink.service.X", "MethodNotFound", {"method": "org.varlink.service.X"})]:
        expect(daemon.call(method), SERVICE + error, **parameters)


def test_parameters_are_checked_by_name_and_type(daemon):
    for method, parameters, wrong in [
            ("Status", {"patch": 1}, "patch"),
            ("Status", {"patches": "x"}, "patches"),
            ("Disassemble", {}, "symbol"),
            ("Disassemble", {"symbol": None}, "symbol"),
            ("Disassemble", {"symbol": "x", "occurrence": "1"}, "occurrence"),
            ("Disassemble", {"symbol": "x", "occurrence": 1.5}, "occurrence"),
            ("Disassemble", {"symbol": "x", "occurrence": -1}, "occurrence"),
            ("Disassemble", {"symbol": "x", "occurrence": 2**32}, "occurrence"),
            ("Disassemble", {"symbol": "x", "offset": 1}, "offset"),
            ("Hazards", {}, "symbol"),
            ("Hazards", {"symbol": ["x"]}, "symbol"),
            ("Hazards", {"symbol": "x", "module": 1}, "module"),
            ("Hazards", {"symbol": "x", "occurrence": -1}, "occurrence"),
            ("Hazards", {"symbol": "x", "occurrence": 2**32}, "occurrence"),
            ("Hazards", {"symbol": "x", "offset": "0x2f"}, "offset"),
            ("Hazards", {"symbol": "x", "offset": 1.5}, "offset"),
            ("Hazards", {"symbol": "x", "offset": -1}, "offset"),
            ("Hazards", {"symbol": "x", "offset": True}, "offset"),
            ("Hazards", {"symbol": "x", "image": "/etc/shadow"}, "image"),
            ("Symbols", {}, "pattern"),
            ("Symbols", {"pattern": "*" * 513}, "pattern"),
            ("Revert", {"patches": ["x"], "force": 1}, "force"),
            ("Revert", {"patches": ["x"], "offline_cpus": 1}, "offline_cpus"),
            ("Apply", {"patches": [], "offline_cpus": "yes"}, "offline_cpus"),
            ("DryRun", {"patches": [], "offline_cpus": True}, "offline_cpus"),
            ("Revert", {"patches": [1]}, "patches"),
            ("Revert", {"patches": []}, "patches"),
            ("Revert", {"patches": ["x"], "all": True}, "patches"),
            ("DryRun", {"patches": {}}, "patches"),
            ("DryRun", {"patches": []}, "patches"),
            ("DryRun", {"patches": ["x"]}, "patches"),
            ("DryRun", {"patches": [{"name": "x"}]}, "patches"),
            ("DryRun", {"patches": [{"name": "x", "yaml": "", "more": 1}]}, "patches"),
            ("DryRun", {"patches": [{"name": "", "yaml": ""}]}, "patches"),
            ("DryRun", {"patches": [{"name": "a\nb", "yaml": ""}]}, "patches"),
            ("DryRun", {"patches": [{"name": "x", "yaml": ""}] * 65}, "patches"),
            ("DryRun", {"patches": [{"name": "x", "yaml": ""}], "target": "banana"}, "target"),
            ("Apply", {"patches": [{"name": "x", "yaml": 1}]}, "patches")]:
        expect(daemon.call("io.patcherd." + method, **parameters), SERVICE + "InvalidParameter",
               parameter=wrong)


def test_null_stands_for_a_parameter_that_is_not_given(daemon):
    nothing = {"parameters": {"patches": [], "left_offline": None, "boot": None, "room": None}}
    assert daemon.call("io.patcherd.Status", patch=None) == nothing
    with daemon.connect() as client:
        client.sendall(encode({"method": "io.patcherd.Status", "parameters": None}))
        assert receive(client) == nothing
        client.sendall(encode({"method": "io.patcherd.Status"}))
        assert receive(client) == nothing


def test_dry_run_answers_with_a_result_for_each_patch(daemon):
    reply = daemon.call("io.patcherd.DryRun", patches=[
        {"name": "one.yaml", "yaml": "patch: ["}, {"name": "two.yaml", "yaml": ""}])
    results = reply["parameters"]["results"]
    assert [result["outcome"] for result in results] == ["invalid-spec"] * 2, results
    assert results[0]["message"].startswith("one.yaml:"), results
    assert results[1]["message"].startswith("two.yaml:"), results
    assert daemon.call("io.patcherd.History")["parameters"]["events"] == []


def test_a_refused_apply_is_in_the_history_with_its_caller(daemon):
    reply = daemon.call("io.patcherd.Apply", patches=[{"name": "bad.yaml", "yaml": "patch: x"}])
    expect(reply, "io.patcherd.Refused")
    assert reply["parameters"]["results"][0]["outcome"] == "invalid-spec"
    events = daemon.call("io.patcherd.History")["parameters"]["events"]
    assert len(events) == 1 and events[0]["outcome"] == "invalid-spec", events
    assert events[0]["action"] == "apply" and events[0]["patch"] == "bad.yaml", events
    assert events[0]["caller"]["uid"] == 0 and events[0]["caller"]["pid"] == os.getpid(), events
    assert daemon.call("io.patcherd.History", patch="other")["parameters"]["events"] == []
    assert len(daemon.call("io.patcherd.History", patch="bad.yaml")["parameters"]["events"]) == 1


def test_what_is_logged_stays_on_its_line(daemon):
    forged = 'x"\nforged: line\x1b[31m'
    daemon.call("io.patcherd.Revert", patches=[forged])
    text = daemon.text()
    assert "\nforged" not in text and "\x1b" not in text, text
    assert "\\nforged: line\\x1b[31m" in text, text


def test_a_patch_nobody_knows_is_not_found(daemon):
    reply = daemon.call("io.patcherd.Revert", patches=["nobody"])
    expect(reply, "io.patcherd.Refused")
    result = reply["parameters"]["results"][0]
    assert result["patch"] == "nobody" and result["outcome"] == "not-found", result
    expect(daemon.call("io.patcherd.Status", patch="nobody"), "io.patcherd.Failed",
           outcome="not-found")
    assert daemon.call("io.patcherd.Revert", patches=[], all=True) == \
        {"parameters": {"results": []}}


# ---- what an earlier run left ------------------------------------------------------------------

THIS_BOOT = open("/proc/sys/kernel/random/boot_id", encoding="ascii").read().strip()
OTHER_BOOT = "00000000-0000-0000-0000-000000000000"


def left_behind(daemon, *entries):
    """A daemon on the journal of one that ended, which has (patch, state, boot) since. Its target
    is a device that this machine does not have."""
    daemon.end()
    function, old, new = b"some_function", b"\x74\x39", b"\x75\x39"
    digest = hashlib.sha256(function + b"\0\0" + struct.pack("<5Q", 0, 4, 0x1234, 0, 2) + old + new)
    with sqlite3.connect(daemon.journal) as database:
        for patch, state, boot in entries:
            database.execute(
                "INSERT INTO entry (patch, source, sha256, boot_id, release, state, intended_at,"
                " changed_at, uid, pid, comm, yaml) VALUES (?, 'p.yaml', ?, ?, '6.1', ?, 1, 1, 0,"
                " 1, 'patchctl', 'text')",
                (patch, hashlib.sha256(b"text").hexdigest(), boot, state))
            database.execute(
                "INSERT INTO site VALUES (last_insert_rowid(), 0, ?, NULL, 0, 4, 4660, ?, ?, 0, ?,"
                " 0, 0)",
                (function.decode(), old, new, digest.digest()))
    database.close()
    return Daemon(daemon.directory, options=["--target", "kmem"])


def states(daemon):
    reply = daemon.call("io.patcherd.Status")
    return {patch["patch"]: (patch["state"], patch["attention"], patch["message"])
            for patch in reply["parameters"]["patches"]}


def no_device():
    return not os.path.exists("/dev/kmem")


def test_memory_that_cannot_be_read_leaves_no_patch_of_a_revert_without_its_result(daemon):
    if not no_device():
        return
    second = left_behind(daemon, ("ended", "reverted", THIS_BOOT), ("held", "applied", THIS_BOOT))
    try:
        reply = second.call("io.patcherd.Revert", patches=["ended", "held"])
        expect(reply, "io.patcherd.Refused")
        outcomes = {result["patch"]: result["outcome"] for result in reply["parameters"]["results"]}
        assert outcomes == {"ended": "reverted", "held": "not-writable"}, reply
        state, attention, message = states(second)["held"]
        assert (state, attention) == ("applied", True) and "/dev/kmem" in message, message
        history = second.call("io.patcherd.History", patch="held")["parameters"]["events"]
        assert [event["outcome"] for event in history] == ["not-writable"], history
    finally:
        second.end()


def test_what_failed_wants_attention_until_it_is_noticed_or_the_machine_restarts(daemon):
    second = left_behind(daemon, ("now", "failed", THIS_BOOT), ("before", "failed", OTHER_BOOT))
    try:
        found = states(second)
        assert found["now"][:2] == ("failed", True), found
        assert found["before"][:2] == ("failed", False), found
        reply = second.call("io.patcherd.Revert", patches=["now"])
        result, = reply["parameters"]["results"]
        assert result["outcome"] == "reverted", reply
        assert result["message"].startswith("was not applied"), reply
        assert states(second)["now"][:2] == ("reverted", False), states(second)
    finally:
        second.end()


def pending(daemon, patch):
    reply = daemon.call("io.patcherd.Status", patch=patch)
    found, = reply["parameters"]["patches"]
    return found


def confirm_by(daemon, patch, seconds):
    """A daemon on the journal of one that ended, where the patch is to be confirmed so soon."""
    daemon.end()
    with sqlite3.connect(daemon.journal) as database:
        database.execute("UPDATE entry SET confirm_by = ?, ignore_warnings = 1 WHERE patch = ?",
                         (int((time.clock_gettime(time.CLOCK_BOOTTIME) + seconds) * 1e6), patch))
    database.close()
    return Daemon(daemon.directory, options=["--target", "kmem"])


def test_what_waits_to_be_confirmed_is_confirmed_whatever_became_of_who_applied_it(daemon):
    second = confirm_by(left_behind(daemon, ("held", "applied", THIS_BOOT),
                                    ("gone", "reverted", THIS_BOOT)), "held", 1000)
    try:
        left = pending(second, "held")["confirm_seconds_left"]
        assert 0 < left <= 1000, left
        reply = second.call("io.patcherd.Confirm", patches=["held", "gone"])
        expect(reply, "io.patcherd.Refused")
        outcomes = {result["patch"]: result["outcome"] for result in reply["parameters"]["results"]}
        assert outcomes == {"held": "applied", "gone": "not-found"}, reply
        assert pending(second, "held")["confirm_seconds_left"] is not None
        reply = second.call("io.patcherd.Confirm", patches=["held"])
        assert reply["parameters"]["results"][0]["outcome"] == "confirmed", reply
        assert pending(second, "held")["confirm_seconds_left"] is None
        history = second.call("io.patcherd.History", patch="held")["parameters"]["events"]
        assert [(event["action"], event["outcome"]) for event in history] == \
            [("confirm", "applied"), ("confirm", "confirmed")], history
    finally:
        second.end()


def test_what_cannot_be_reverted_when_its_time_is_over_wants_attention(daemon):
    if not no_device():
        return
    second = confirm_by(left_behind(daemon, ("held", "applied", THIS_BOOT)), "held", -1)
    try:
        deadline = time.monotonic() + PATIENCE
        found = pending(second, "held")
        while "could not be reverted" not in found["message"]:
            assert time.monotonic() < deadline, found
            found = pending(second, "held")
        assert found["attention"] and "/dev/kmem" in found["message"], found
        assert found["confirm_seconds_left"] == 0, found
        event, = second.call("io.patcherd.History", patch="held")["parameters"]["events"]
        assert (event["action"], event["outcome"]) == ("expire", "not-writable"), event
        assert event["caller"]["comm"] == "patcherd", event
    finally:
        second.end()


def test_a_time_to_confirm_is_from_5_seconds_to_a_day(daemon):
    patch = {"name": "p.yaml", "yaml": "nothing"}
    for seconds in (4, 86401, 0, -1, 2 ** 62):
        expect(daemon.call("io.patcherd.Apply", patches=[patch], confirm_within=seconds),
               SERVICE + "InvalidParameter", parameter="confirm_within")
    expect(daemon.call("io.patcherd.Apply", patches=[patch], confirm_within=5, when_loaded=True),
           SERVICE + "InvalidParameter", parameter="confirm_within")
    for seconds in (5, 86400):
        expect(daemon.call("io.patcherd.Apply", patches=[patch], confirm_within=seconds),
               "io.patcherd.Refused")
    expect(daemon.call("io.patcherd.Confirm", patches=[]), SERVICE + "InvalidParameter")
    expect(daemon.call("io.patcherd.Confirm", patches=[1]), SERVICE + "InvalidParameter")


def patchctl(daemon, *arguments):
    return subprocess.run([PATCHCTL, "--socket", daemon.path, *arguments], capture_output=True,
                          text=True, timeout=PATIENCE, check=False)


IO_URING = "patches/io-uring-off.yaml"


def test_a_request_that_is_too_long_says_what_to_do(daemon):
    names = [os.path.join(daemon.directory, f"long-{number}.yaml") for number in range(5)]
    for name in names:
        with open(name, "w", encoding="ascii") as file:
            file.write("#" * 1000000 + "\n")
    result = patchctl(daemon, "apply", *names)
    assert result.returncode == 1, result
    assert "longer than 4194304 bytes; nothing was done" in result.stderr, result
    assert "fewer patches" in result.stderr and "unreachable" not in result.stderr, result


# ---- one request after the other ---------------------------------------------------------------

ANY = {"name": "p.yaml", "yaml": "nothing"}
WRITERS = [("Apply", {"patches": [ANY]}), ("Revert", {"patches": ["x"]}),
           ("Confirm", {"patches": ["x"]}), ("Enable", {"file": ANY}), ("Disable", {"patch": "x"})]


def boottime(seconds=0):
    return int((time.clock_gettime(time.CLOCK_BOOTTIME) + seconds) * 1e6)


def takes_begin_by():
    """The methods that do, by the interface."""
    with open(INTERFACE, encoding="utf-8") as file:
        return re.findall(r"^method (\w+)\([^)]*\bbegin_by: \?int", file.read(), re.M)


def test_a_request_whose_time_to_begin_has_passed_is_busy_and_not_carried_out(daemon):
    assert sorted(takes_begin_by()) == sorted(method for method, _ in WRITERS)
    for method, parameters in WRITERS:
        reply = daemon.call("io.patcherd." + method, begin_by=boottime(), **parameters)
        expect(reply, "io.patcherd.Busy")
        assert "nothing was done" in reply["parameters"]["message"], reply
    assert daemon.call("io.patcherd.History")["parameters"]["events"] == []
    assert "io.patcherd.Apply was not begun" in daemon.text()


def test_a_time_to_begin_is_none_that_is_negative_or_days_away(daemon):
    for method, parameters in WRITERS:
        for when in (-1, -2 ** 63, boottime(2 * 86400), 2 ** 63 - 1, "60s", 1.5, True):
            expect(daemon.call("io.patcherd." + method, begin_by=when, **parameters),
                   SERVICE + "InvalidParameter", parameter="begin_by")
        expect(daemon.call("io.patcherd." + method, begin_by=0, **parameters), "io.patcherd.Busy")
    expect(daemon.call("io.patcherd.Status", begin_by=boottime(60)), SERVICE + "InvalidParameter",
           parameter="begin_by")


def test_a_request_waits_for_those_before_it_until_its_time_comes_to_begin(daemon):
    with daemon.connect() as early, daemon.connect() as late:
        assert "parameters" in call(early, SERVICE + "GetInfo")
        assert "parameters" in call(late, SERVICE + "GetInfo")
        daemon.process.send_signal(signal.SIGSTOP)
        try:
            for client, by in ((early, boottime()), (late, boottime(3600))):
                client.sendall(encode({"method": "io.patcherd.Apply", "parameters": {
                    "patches": [ANY], "begin_by": by}}))
        finally:
            daemon.process.send_signal(signal.SIGCONT)
        expect(receive(early), "io.patcherd.Busy")
        expect(receive(late), "io.patcherd.Refused")


def test_patchctl_waits_for_its_turn_or_is_told_busy(daemon):
    daemon.process.send_signal(signal.SIGSTOP)
    try:
        for words in (["apply", IO_URING], ["revert", "--all"], ["confirm", "x"],
                      ["enable", IO_URING], ["disable", "x"]):
            result = patchctl(daemon, words[0], "--wait", "1s", *words[1:])
            assert result.returncode == 17, result
            assert "nothing was done" in result.stderr and "--wait" in result.stderr, result
        waiting = subprocess.Popen([PATCHCTL, "--socket", daemon.path, "revert", "--wait", "1h",
                                    "--all"], stdout=subprocess.PIPE, text=True)
    finally:
        daemon.process.send_signal(signal.SIGCONT)
    assert waiting.communicate(timeout=PATIENCE)[0] == "no patch is applied\n"
    assert waiting.returncode == 0
    assert daemon.call("io.patcherd.History")["parameters"]["events"] == []


def test_how_long_patchctl_waits_is_a_time(daemon):
    for wrong in ("0s", "0", "", "1", "-1s", "25h", "1s ", "99999999999999999999s", "86401s"):
        result = patchctl(daemon, "revert", "--all", "--wait", wrong)
        assert result.returncode == 2 and "from 1s to 24h" in result.stderr, (wrong, result)
    for right in ("1s", "24h", "1440m"):
        assert patchctl(daemon, "revert", "--all", "--wait", right).returncode == 0, right
    assert patchctl(daemon, "status", "--wait", "1s").returncode == 2


# CPU 8191, the last that Linux can have, is on no machine: it does not come back.
def test_a_cpu_that_was_left_offline_is_told_by_status_and_doctor(daemon):
    daemon.end()
    with sqlite3.connect(daemon.journal) as database:
        database.execute("INSERT INTO offline_cpu (cpu, boot_id) VALUES (8191, ?)", (THIS_BOOT,))
    database.close()
    second = Daemon(daemon.directory)
    try:
        doctor = second.call("io.patcherd.Doctor")["parameters"]
        condition, = [c for c in doctor["conditions"] if c["name"] == "CPUs left offline"]
        assert condition["value"] == "8191" and not condition["good"], condition
        assert "echo 1 >/sys/devices/system/cpu/cpuN/online" in condition["message"], condition
        left = second.call("io.patcherd.Status")["parameters"]["left_offline"]
        assert left == {"cpus": [8191], "attention": True, "message": condition["message"]}, left
        result = patchctl(second, "status")
        assert result.returncode == 14, result
        assert result.stdout == "no patch was ever applied\nattention: " + left["message"] + "\n"
        result = patchctl(second, "--json", "status")
        assert result.returncode == 14 and json.loads(result.stdout) == left, result
        text = patchctl(second, "doctor").stdout
        assert re.search(r"^! CPUs left offline +8191\n    CPUs were taken", text, re.M), text
    finally:
        second.end()


def test_cpus_of_another_boot_are_nobodys_concern(daemon):
    daemon.end()
    with sqlite3.connect(daemon.journal) as database:
        database.execute("INSERT INTO offline_cpu (cpu, boot_id) VALUES (8191, ?)", (OTHER_BOOT,))
    database.close()
    second = Daemon(daemon.directory)
    try:
        assert second.call("io.patcherd.Status")["parameters"]["left_offline"] is None
        result = patchctl(second, "status")
        assert (result.returncode, result.stdout) == (0, "no patch was ever applied\n"), result
        text = patchctl(second, "doctor").stdout
        assert re.search(r"^  CPUs left offline +none$", text, re.M), text
    finally:
        second.end()


# ---- at boot -----------------------------------------------------------------------------------


def enable_io_uring(daemon):
    result = patchctl(daemon, "enable", IO_URING)
    assert result.returncode == 0, result
    return os.path.join(os.path.dirname(daemon.journal), "enabled", "io-uring-off.yaml")


def marker(daemon, boot_id, until=1, patch="io-uring-off"):
    """As it is there when patcherd was writing to the kernel."""
    directory = os.path.join(os.path.dirname(daemon.journal), "applying")
    os.makedirs(directory, exist_ok=True)
    path = os.path.join(directory, patch)
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"boot_id": boot_id, "at": "2026-11-21T03:00:00Z", "sha256": "0" * 64,
                   "until": until}, file)
    return path


def test_the_text_of_what_is_enabled_is_kept_for_root_alone(daemon):
    kept = enable_io_uring(daemon)
    with open(kept, encoding="utf-8") as copy, open(IO_URING, encoding="utf-8") as original:
        assert copy.read() == original.read()
    assert os.stat(kept).st_mode & 0o777 == 0o600
    assert os.stat(os.path.dirname(kept)).st_mode & 0o777 == 0o700
    assert os.listdir(os.path.dirname(kept)) == ["io-uring-off.yaml"]
    boot = daemon.call("io.patcherd.Status", patch="io-uring-off")["parameters"]["boot"]
    assert boot == {"enabled": [{"patch": "io-uring-off", "blocked": None, "replaced": None}],
                    "off": None, "message": None, "attention": False}, boot
    result = patchctl(daemon, "status")
    assert (result.returncode, result.stdout) == (
        0, "no patch was ever applied\nenabled at boot: io-uring-off\n"), result
    result = patchctl(daemon, "disable", "io-uring-off")
    assert result.returncode == 0 and not os.path.exists(kept), result
    assert daemon.call("io.patcherd.Status")["parameters"]["boot"] is None


def test_nothing_but_a_whole_patch_is_enabled(daemon):
    expect(daemon.call("io.patcherd.Enable", file={"name": "a.yaml", "yaml": "patch: ["}),
           "io.patcherd.Failed", outcome="invalid-spec")
    expect(daemon.call("io.patcherd.Enable", patch="../../etc/passwd"), "io.patcherd.Failed",
           outcome="not-found")
    expect(daemon.call("io.patcherd.Enable", patch="io-uring-off"), "io.patcherd.Failed",
           outcome="not-found")
    expect(daemon.call("io.patcherd.Enable"), SERVICE + "InvalidParameter")
    expect(daemon.call("io.patcherd.Disable", patch="../journal.db"), "io.patcherd.Failed",
           outcome="not-found")
    assert os.path.exists(daemon.journal)
    assert not os.path.exists(os.path.join(os.path.dirname(daemon.journal), "enabled"))


def test_each_patch_at_boot_has_its_own_result(daemon):
    enable_io_uring(daemon)
    directory = os.path.join(os.path.dirname(daemon.journal), "enabled")
    shutil.copy(IO_URING, os.path.join(directory, "another.yaml"))
    with open(os.path.join(directory, "broken.yaml"), "w", encoding="utf-8") as file:
        file.write("patch: [")
    os.symlink("/etc/passwd", os.path.join(directory, "link.yaml"))
    os.mkfifo(os.path.join(directory, "pipe.yaml"))
    with open(os.path.join(directory, ".half.yaml"), "w", encoding="utf-8") as file:
        file.write("patch: half")
    results = daemon.call("io.patcherd.Boot")["parameters"]["results"]
    found = {result["patch"]: result["outcome"] for result in results}
    own = found.pop("io-uring-off")
    assert own not in ("invalid-spec", "error"), results
    assert found == {"another": "invalid-spec", "broken": "invalid-spec", "link": "error",
                     "pipe": "error"}, results
    assert "the patch is named io-uring-off" in results[0]["message"], results[0]


def test_a_marker_of_another_boot_blocks_until_it_is_enabled_again(daemon):
    enable_io_uring(daemon)
    daemon.end()
    left = marker(daemon, OTHER_BOOT)
    second = Daemon(daemon.directory)
    try:
        assert "io-uring-off" in second.text() and "in a crash" in second.text()
        result = patchctl(second, "boot")
        assert result.returncode == 14 and "blocked" in result.stdout, result
        assert not os.path.exists(left)
        result = patchctl(second, "status")
        assert result.returncode == 14, result
        assert "attention: io-uring-off is blocked" in result.stdout, result
        assert "2026-11-21T03:00:00Z" in result.stdout, result
        assert re.search("^! patches at boot +1 enabled$", patchctl(second, "doctor").stdout, re.M)
    finally:
        second.end()
    third = Daemon(daemon.directory)
    try:
        assert patchctl(third, "status").returncode == 14, "a restart made it forget"
        result = patchctl(third, "enable", "io-uring-off")
        assert result.returncode == 0 and "no longer blocked" in result.stdout, result
        assert patchctl(third, "status").returncode == 0
        assert "blocked" not in patchctl(third, "boot").stdout
    finally:
        third.end()


def test_what_is_no_marker_blocks_too(daemon):
    enable_io_uring(daemon)
    daemon.end()
    with open(marker(daemon, OTHER_BOOT), "w", encoding="utf-8") as file:
        file.write("{")
    second = Daemon(daemon.directory)
    try:
        result = patchctl(second, "status")
        assert result.returncode == 14 and "is no marker" in result.stdout, result
        assert patchctl(second, "disable", "io-uring-off").returncode == 0
        assert patchctl(second, "status").returncode == 0
    finally:
        second.end()


def test_a_marker_of_this_boot_goes_when_its_time_has_passed(daemon):
    daemon.end()
    passed = marker(daemon, THIS_BOOT)
    lasts = marker(daemon, THIS_BOOT, 2 ** 52, "lasts")
    second = Daemon(daemon.directory)
    try:
        while os.path.exists(passed):
            assert serves(second)
        assert os.path.exists(lasts)
        second.end(signal.SIGKILL)
        assert os.path.exists(lasts), "a kill is no orderly end"
        third = Daemon(daemon.directory)
        assert os.path.exists(lasts)
        assert patchctl(third, "status").returncode == 0
        third.end()
        assert not os.path.exists(lasts), "an orderly end is no crash"
    finally:
        second.notify.close()


# ---- how it answers ----------------------------------------------------------------------------


def test_pipelined_calls_are_answered_in_order(daemon):
    with daemon.connect() as client:
        client.sendall(b"".join(encode({"method": f"a.b{i}.C"}) for i in range(200)))
        for i in range(200):
            expect(receive(client), SERVICE + "InterfaceNotFound", interface=f"a.b{i}")


def test_a_call_may_come_byte_by_byte(daemon):
    with daemon.connect() as client:
        for byte in encode({"method": SERVICE + "GetInfo"}):
            client.sendall(bytes([byte]))
        assert receive(client)["parameters"]["product"] == "patcherd"


def test_a_client_that_sent_its_last_gets_its_replies(daemon):
    with daemon.connect() as client:
        client.sendall(encode({"method": "a.b.C"}) + encode({"method": "c.d.E"}))
        client.shutdown(socket.SHUT_WR)
        expect(receive(client), SERVICE + "InterfaceNotFound", interface="a.b")
        expect(receive(client), SERVICE + "InterfaceNotFound", interface="c.d")
        assert closed(client)


def test_oneway_is_carried_out_and_not_answered(daemon):
    with daemon.connect() as client:
        patches = [{"name": "oneway.yaml", "yaml": ""}]
        client.sendall(encode({"method": "io.patcherd.Apply", "oneway": True,
                               "parameters": {"patches": patches}}))
        reply = call(client, "io.patcherd.History", patch="oneway.yaml")
        assert len(reply["parameters"]["events"]) == 1, reply


def test_more_gets_its_one_reply(daemon):
    with daemon.connect() as client:
        client.sendall(encode({"method": SERVICE + "GetInfo", "more": True}))
        reply = receive(client)
        assert not reply.get("continues") and reply["parameters"]["product"] == "patcherd"
        assert "parameters" in call(client, SERVICE + "GetInfo")


def test_what_is_no_call_is_refused_and_closed(daemon):
    for what in [
            b"", b"x", b"{", b"[]", b"null", b'"x"', b"{}", b"\xff\xfe",
            b'{"method":"\xff"}', b'{"method":"\\u0000"}', b'{"method":1}', b'{"method":null}',
            b'{"method":"a.b.C","method":"a.b.C"}', b'{"method":"a.b.C","parameters":[]}',
            b'{"method":"a.b.C","parameters":"x"}', b'{"method":"a.b.C","oneway":1}',
            b'{"method":"a.b.C","more":"yes"}', b'{"method":"a.b.C","upgrade":true}',
            b'{"method":"a.b.C","unknown":1}', b'{"method":"a.b.C","parameters":{"a":1,"a":1}}',
            b'{"method":"a.b.C"} {"method":"a.b.C"}', b"[" * 100000,
            b'{"method":"a.b.C","parameters":{"a":' + b"[" * 64 + b"]" * 64 + b"}}",
            b'{"a":' * 500000]:
        with daemon.connect() as client:
            client.sendall(what + b"\0")
            expect(receive(client), INVALID)
            assert closed(client), what[:80]
    assert serves(daemon)


def test_a_message_over_the_limit_is_refused_and_closed(daemon):
    with daemon.connect() as client:
        try:
            client.sendall(b"x" * (2 * FRAME_MAX))
        except (BrokenPipeError, ConnectionResetError):
            pass
        expect(receive(client), INVALID)
        assert closed(client)
    assert serves(daemon)


def test_a_message_of_the_longest_length_is_answered(daemon):
    call_text = json.dumps({"method": "a.b.C", "parameters": {"a": ""}})
    filler = "x" * (FRAME_MAX - len(call_text))
    with daemon.connect() as client:
        expect(call(client, "a.b.C", a=filler), SERVICE + "InterfaceNotFound")


def test_clients_that_vanish_are_forgotten(daemon):
    for what in [b"", b"{", encode({"method": SERVICE + "GetInfo"}),
                 encode({"method": SERVICE + "GetInterfaceDescription",
                         "parameters": {"interface": "io.patcherd"}}) * 500]:
        for _ in range(20):
            with daemon.connect() as client:
                client.sendall(what)
    assert serves(daemon)
    fds = f"/proc/{daemon.process.pid}/fd"
    with daemon.connect() as client:
        # the daemon turns to every connection before it answers twice
        for _ in range(200):
            call(client, SERVICE + "GetInfo")
        sockets = [fd for fd in os.listdir(fds)
                   if os.readlink(os.path.join(fds, fd)).startswith("socket:")]
        assert len(sockets) <= 3, sockets


def test_half_a_message_is_given_up_and_blocks_nobody(daemon):
    with daemon.connect() as client:
        client.sendall(b'{"method":')
        assert serves(daemon)
        assert closed(client)
    assert "its message was not whole" in daemon.text()
    assert serves(daemon)


def test_a_client_that_does_not_read_is_given_up_and_blocks_nobody(daemon):
    request = encode({"method": SERVICE + "GetInterfaceDescription",
                      "parameters": {"interface": "io.patcherd"}})
    with daemon.connect() as client:
        client.setblocking(False)
        poll = select.poll()
        poll.register(client, select.POLLOUT)
        # more than both sockets' buffers hold; the daemon stops to read when it cannot write
        try:
            while poll.poll(1000):
                client.send(request * 100)
        except (BlockingIOError, BrokenPipeError):
            pass
        assert serves(daemon)
        poll.modify(client, 0)
        assert poll.poll(PATIENCE * 1000), "it was not closed"
    assert "it did not read its reply" in daemon.text()
    assert serves(daemon)


def test_a_hundred_idle_connections_make_room_for_the_next(daemon):
    idle = [daemon.connect() for _ in range(100)]
    assert serves(daemon)
    assert closed(idle[0]), "the one that was silent the longest is still open"
    assert "parameters" in call(idle[99], SERVICE + "GetInfo")
    for client in idle:
        client.close()
    assert serves(daemon)


def test_a_connection_in_use_outlives_idle_ones(daemon):
    with daemon.connect() as busy:
        idle = []
        for _ in range(100):
            idle.append(daemon.connect())
            assert "parameters" in call(busy, SERVICE + "GetInfo")
        for client in idle:
            client.close()


def test_a_caller_who_is_not_root_is_denied_by_name(daemon):
    os.chmod(daemon.path, 0o666)
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            assert serves(daemon)
            for method in ["DryRun", "Apply", "Revert", "Status", "History", "Disassemble",
                           "Hazards"]:
                reply = daemon.call("io.patcherd." + method)
                expect(reply, "io.patcherd.Denied")
                assert method in reply["parameters"]["message"]
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(pid, 0)[1] == 0
    assert 'outcome="denied" uid="65534"' in daemon.text()


# ---- start and end -----------------------------------------------------------------------------


def test_a_signal_ends_it_cleanly(daemon):
    del daemon
    for number in [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]:
        other = Daemon()
        other.process.send_signal(number)
        assert other.process.wait(PATIENCE) == 0, number
        assert other.notify.recv(100) == b"STOPPING=1"
        assert not os.path.exists(other.path)
        other.remove()


def test_a_second_daemon_is_refused_and_the_first_goes_on(daemon):
    result = subprocess.run([PATCHERD, "--socket", daemon.path, "--journal", daemon.journal],
                            capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert result.returncode == 1, result
    assert "another patcherd is running" in result.stderr, result
    assert serves(daemon)


def test_a_stale_socket_and_the_journal_outlive_a_kill(daemon):
    del daemon
    other = Daemon()
    other.call("io.patcherd.Apply", patches=[{"name": "kept.yaml", "yaml": ""}])
    assert other.end(signal.SIGKILL) == -signal.SIGKILL
    assert os.path.exists(other.path)
    again = Daemon(other.directory)
    assert len(again.call("io.patcherd.History")["parameters"]["events"]) == 1
    again.remove()


def test_a_file_at_the_sockets_path_is_left_alone(daemon):
    path = os.path.join(daemon.directory, "file")
    with open(path, "w", encoding="utf-8") as file:
        file.write("precious")
    result = subprocess.run([PATCHERD, "--socket", path, "--journal", daemon.journal],
                            capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert result.returncode == 1 and "is no socket" in result.stderr, result
    with open(path, encoding="utf-8") as file:
        assert file.read() == "precious"


def test_a_socket_of_somebody_else_is_not_removed_at_the_end(daemon):
    del daemon
    other = Daemon()
    os.unlink(other.path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as foreign:
        foreign.bind(other.path)
        assert other.end() == 0
        assert os.path.exists(other.path)
    other.remove()


def test_a_damaged_journal_stops_writing_and_nothing_else(daemon):
    del daemon
    directory = tempfile.mkdtemp(prefix="patcherd-test-")
    journal = os.path.join(directory, "lib", "journal.db")
    os.mkdir(os.path.dirname(journal), 0o700)
    damaged = b"this is no database at all\n" * 1000
    with open(journal, "wb") as file:
        file.write(damaged)
    other = Daemon(directory)
    patches = [{"name": "x.yaml", "yaml": ""}]
    assert "results" in other.call("io.patcherd.DryRun", patches=patches)["parameters"]
    for method, parameters in [("Apply", {"patches": patches}), ("Revert", {"patches": ["x"]}),
                               ("Status", {}), ("History", {})]:
        reply = other.call("io.patcherd." + method, **parameters)
        expect(reply, "io.patcherd.JournalDamaged")
        assert journal in reply["parameters"]["message"], reply
    assert other.end() == 0
    with open(journal, "rb") as file:
        assert file.read() == damaged
    other.remove()


def activated(kind, notify):
    """A patcherd to which a socket of that kind is passed as systemd does it."""
    directory = os.path.dirname(notify.getsockname())
    path = os.path.join(directory, "passed")
    with socket.socket(socket.AF_UNIX, kind) as passed:
        passed.bind(path)
        if kind == socket.SOCK_STREAM:
            passed.listen()
        script = ('exec 3<&"$1"; export LISTEN_PID=$$ LISTEN_FDS=1; '
                  'exec "$2" --journal "$3" --target kcore')
        return subprocess.Popen(
            ["bash", "-c", script, "bash", str(passed.fileno()), PATCHERD,
             os.path.join(directory, "activated", "journal.db")],
            pass_fds=[passed.fileno()], stderr=subprocess.PIPE, text=True,
            env={**os.environ, "NOTIFY_SOCKET": notify.getsockname()}), path


def test_a_socket_that_systemd_passes_is_served_and_kept(daemon):
    process, path = activated(socket.SOCK_STREAM, daemon.notify)
    assert daemon.notify.recv(100) == b"READY=1"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(PATIENCE)
        client.connect(path)
        assert call(client, SERVICE + "GetInfo")["parameters"]["product"] == "patcherd"
    process.terminate()
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert os.path.exists(path)


def test_a_passed_socket_of_another_kind_is_refused(daemon):
    process, _ = activated(socket.SOCK_DGRAM, daemon.notify)
    message = process.communicate(timeout=PATIENCE)[1]
    assert process.returncode == 1 and "no listening AF_UNIX stream socket" in message, message


def test_only_root_may_start_it(daemon):
    # from where anybody may run it
    program = shutil.copy(PATCHERD, os.path.join(daemon.directory, "patcherd"))
    result = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                             program], capture_output=True, text=True, timeout=PATIENCE,
                            check=False)
    assert result.returncode == 1 and "as root" in result.stderr, result


def test_wrong_options_are_usage_errors(daemon):
    del daemon
    for options in [["--nonsense"], ["--socket"], ["extra"], ["--target", "banana"]]:
        result = subprocess.run([PATCHERD, *options], capture_output=True, text=True,
                                timeout=PATIENCE, check=False)
        assert result.returncode == 2, (options, result)
    result = subprocess.run([PATCHERD, "--help"], capture_output=True, text=True, check=False)
    assert result.returncode == 0
    for option in ["--socket", "--journal", "--target", "--system-map", "--help", "--version"]:
        assert option in result.stdout


def main():
    tests = [(name, test) for name, test in globals().items() if name.startswith("test_")]
    print(f"1..{len(tests)}")
    failed = 0
    for number, (name, test) in enumerate(tests, 1):
        daemon = Daemon()
        why = None
        try:
            test(daemon)
        except Exception as error:      # any is this test's failure
            why = f"{type(error).__name__}: {error}"
        try:
            daemon.remove()
        except Exception as error:
            why = why or f"{type(error).__name__}: {error}"
        words = name.removeprefix("test_").replace("_", " ")
        print(f"{'not ok' if why else 'ok'} {number} - {words}", flush=True)
        if why:
            failed += 1
            print("# " + why.replace("\n", "\n# "), file=sys.stderr, flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
