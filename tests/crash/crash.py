# SPDX-License-Identifier: GPL-2.0-or-later
"""A daemon whose kernel is a file: started, called, killed and started again. Needs root."""

import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

BUILD = os.environ.get("BUILD", "build")
# The longest that is waited for an event; nothing is asserted about how long it took.
PATIENCE = 120
# Of tests/crash/image.s.
SIZE, AT, OLD = 16, 2, bytes.fromhex("7406")
NEW = {"invert": bytes.fromhex("7506"), "always": bytes.fromhex("eb06"),
       "never": bytes.fromhex("7400"), "nop": bytes.fromhex("6690")}

count = failed = 0


def ok(name, why=None):
    """The test holds where there is nothing to say."""
    global count, failed
    count += 1
    print(f"{'not ok' if why else 'ok'} {count} - {name}", flush=True)
    if why:
        failed = 1
        print("# " + str(why).replace("\n", "\n# "), flush=True)


def end():
    print(f"1..{count}")
    sys.exit(failed)


class Patch:
    """One site of each function, by its number: the operation that changes its jump."""

    def __init__(self, name, sites, replaces=()):
        self.name, self.sites = name, sites
        lines = [f"patch: {name}", "summary: s"]
        if replaces:
            lines.append(f"replaces: [{', '.join(replaces)}]")
        lines.append("sites:")
        for number, operation in sites.items():
            lines.append(f"  - {{function: victim_{number}, offset: {AT}, "
                         f"expect: {{bytes: \"74 06\"}}, replace: {operation}}}")
        self.yaml = "\n".join(lines) + "\n"

    def apply(self):
        return {"patches": [{"name": self.name + ".yaml", "yaml": self.yaml}]}


class Place:
    """A directory with an image, a journal and a socket."""

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="patcherd-crash-")
        self.image = os.path.join(self.directory, "image.o")
        self.socket = os.path.join(self.directory, "socket")
        self.journal = os.path.join(self.directory, "lib", "journal.db")
        self.log = os.path.join(self.directory, "log")
        self.built = os.path.join(self.directory, "built.o")
        subprocess.run([os.environ.get("CC", "gcc"), "-c", "-o", self.built,
                        os.path.join(os.path.dirname(__file__), "image.s")], check=True)
        self.renew()
        with open(self.image, "rb") as file:
            self.start_of_text = file.read().index(bytes.fromhex("85ff") + OLD)

    def renew(self):
        """The image as it was built, and no journal."""
        shutil.rmtree(os.path.dirname(self.journal), ignore_errors=True)
        shutil.copyfile(self.built, self.image)

    def remove(self):
        shutil.rmtree(self.directory)

    def holds(self, number):
        """What the image has at the site of a function."""
        with open(self.image, "rb") as file:
            file.seek(self.start_of_text + SIZE * number + AT)
            return file.read(len(OLD))

    def log_end(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return "".join(log.readlines()[-20:])


class Daemon:
    """A patcherd of that place. `before`: a command that runs it, with the options of that."""

    def __init__(self, place, before=(), environment=None, binary=None):
        self.place = place
        notify = os.path.join(place.directory, "notify")
        if os.path.exists(notify):
            os.unlink(notify)
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(notify)
        with open(place.log, "ab") as log:
            self.process = subprocess.Popen(
                [*before, binary or os.path.join(BUILD, "faults", "patcherd"),
                 "--socket", place.socket, "--journal", place.journal],
                env={**os.environ, "NOTIFY_SOCKET": notify, "PATCHERD_IMAGE": place.image,
                     **(environment or {})},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def ready(self):
        """Whether it serves; False: it has ended before."""
        ended = os.pidfd_open(self.process.pid)
        try:
            readable = select.select([self.notify, ended], [], [], PATIENCE)[0]
        finally:
            os.close(ended)
        return self.notify in readable

    def idle(self):
        """Waits until it has nothing to do: it waits itself, in poll(), which is system call 7."""
        call = ""
        while call != "7":
            with open(f"/proc/{self.process.pid}/syscall", encoding="ascii") as file:
                call = file.read().split()[0]

    def call(self, method, **parameters):
        """The reply; None where the connection ended without one."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(PATIENCE)
            try:
                client.connect(self.place.socket)
                client.sendall(json.dumps({"method": "io.patcherd." + method,
                                           "parameters": parameters}).encode() + b"\0")
                return receive(client)
            except (ConnectionError, FileNotFoundError):
                return None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.wait()

    def wait(self):
        """For what makes it end by itself; its status."""
        status = self.process.wait(PATIENCE)
        self.notify.close()
        return status


def receive(client):
    data = b""
    while not data.endswith(b"\0"):
        part = client.recv(65536)
        if part == b"":
            return None
        data += part
    return json.loads(data[:-1])


def started(place, **options):
    daemon = Daemon(place, **options)
    assert daemon.ready(), f"it did not start:\n{place.log_end()}"
    return daemon


def state_of(daemon, patches):
    """Which of the patches is applied by journal and memory together. AssertionError: they differ, or
    some sites are old and some new."""
    reply = daemon.call("Status")
    assert reply and "error" not in reply, f"status: {reply}"
    states = {entry["patch"]: entry for entry in reply["parameters"]["patches"]}
    wanted, applied = {}, set()
    for patch in patches:
        entry = states.get(patch.name)
        assert entry is None or not entry["attention"] or entry["state"] == "failed", \
            f"attention: {entry}"
        if entry is not None and entry["state"] == "applied":
            applied.add(patch.name)
            for number, operation in patch.sites.items():
                assert number not in wanted, f"two patches hold victim_{number}: {states}"
                wanted[number] = NEW[operation]
    for number in {number for patch in patches for number in patch.sites}:
        holds = daemon.place.holds(number)
        assert holds == wanted.get(number, OLD), \
            f"victim_{number} holds {holds.hex()}, and the journal says {sorted(applied)}"
    return applied


class Strace:
    """Watches a running daemon; `options` as strace has them."""

    def __init__(self, pid, log, options=()):
        self.process = subprocess.Popen(["strace", "-f", "-o", log, *options, "-p", str(pid)],
                                        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        line = self.process.stderr.readline().decode()
        assert "attached" in line, f"strace: {line}"

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=PATIENCE)


def calls_of(log, last=None):
    """The system calls of a log of strace, up to one that matches, each as (name, the how-many-th of that
    name). How the program itself is started is none of its calls, nor is the wait that strace came into,
    which is seen to go on at some times and not at others."""
    seen, calls = {}, []
    with open(log, encoding="utf-8", errors="replace") as file:
        for line in file:
            match = re.match(r"\d+ +([a-z0-9_]+)\(", line)
            if match:
                name = match.group(1)
                seen[name] = seen.get(name, 0) + 1
                if name not in ("execve", "restart_syscall"):
                    calls.append((name, seen[name]))
                if last is not None and re.search(last, line):
                    break
    return calls
