# SPDX-License-Identifier: BSD-2-Clause
"""Runs programs and tells of each test in a line of TAP, without numbers.

A program is started on the backend that the command line names, and ready
when it has said where it listens.  Everything has a bound in time; what was
started is ended by its process, and no other is.
"""
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time
import traceback

PATIENCE = 20
BACKEND = sys.argv[1] if len(sys.argv) > 1 else ""


def until(true, what, patience=PATIENCE):
    """Waits for what the kernel or a program is about to do."""
    end = time.monotonic() + patience
    while not true():
        assert time.monotonic() < end, f"never: {what}"
        time.sleep(0.002)


class Program:
    """examples/NAME with ARGS, as a context that ends it."""

    def __init__(self, name, *args, ready=True, **more):
        self.name = name
        self.err = tempfile.TemporaryFile()
        environment = dict(os.environ, PLX_BACKEND=BACKEND)
        more.setdefault("stdin", subprocess.DEVNULL)
        more.setdefault("stdout", subprocess.PIPE)
        more.setdefault("stderr", self.err)
        self.process = subprocess.Popen(["./examples/" + name, *args],
                                        env=environment, **more)
        self.pid = self.process.pid
        if ready:
            line = self.process.stdout.readline().decode()
            head = f"{name}: listening on "
            assert line.startswith(head), (line, self.log())
            self.address = line[len(head):-1]
            self.fds_at_first = self.fds()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()
        self.err.close()

    def log(self):
        size = os.fstat(self.err.fileno()).st_size
        return os.pread(self.err.fileno(), size, 0).decode()

    def logs(self, text, times=1):
        until(lambda: self.log().count(text) >= times, text + self.log())

    def connect(self, rcvbuf=0):
        return connect(self.address, rcvbuf)

    def ends(self, signal=None, status=0):
        """Ends with STATUS, maybe by a signal that is sent now."""
        if signal:
            self.process.send_signal(signal)
        got = self.process.wait(PATIENCE)
        assert got == status, f"status {got}: {self.log()}"

    def fds(self):
        try:
            return len(os.listdir(f"/proc/{self.pid}/fd"))
        except FileNotFoundError:
            return 0

    def is_alone(self):
        """All connections are gone, and their descriptors."""
        until(lambda: self.fds() == self.fds_at_first, "descriptors")

    def cpu(self):
        """Ticks of its CPU time so far."""
        try:
            with open(f"/proc/{self.pid}/stat", encoding="ascii") as stat:
                field = stat.read().rsplit(")", 1)[1].split()
        except FileNotFoundError:
            return 0
        return int(field[11]) + int(field[12])

    def switches(self):
        """How often it has gone to sleep so far."""
        return self.status("voluntary_ctxt_switches")

    def rss(self):
        """KiB of memory that it holds."""
        return self.status("VmRSS")

    def holds_little(self, before):
        """Not much more than BEFORE, unless a sanitizer (which is told by
        the room it sets aside) keeps what was freed."""
        if self.status("VmSize") < 1 << 30:
            more = self.rss() - before
            assert more < 2048, f"{more} KiB more"

    def status(self, name):
        try:
            with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
                for line in status:
                    if line.startswith(name + ":"):
                        return int(line.split()[1])
        except FileNotFoundError:
            pass
        return 0

    def sleeps(self):
        """Uses no CPU and never wakes up for half a second; it may have had
        to give something back first."""
        for _ in range(4):
            until(lambda: self.state() == "S", "sleep")
            before = self.cpu(), self.switches()
            time.sleep(0.5)
            after = self.cpu(), self.switches()
            if before == after:
                return
        assert False, f"busy while idle: {before} {after}"

    def state(self):
        try:
            with open(f"/proc/{self.pid}/stat", encoding="ascii") as stat:
                return stat.read().rsplit(")", 1)[1].split()[0]
        except FileNotFoundError:
            return "S"


def connect(address, rcvbuf=0):
    """A socket that gives up instead of waiting for ever."""
    if address.startswith("unix:"):
        s = socket.socket(socket.AF_UNIX)
        place = address[5:]
    else:
        s = socket.socket()
        host, port = address.rsplit(":", 1)
        place = host, int(port)
    s.settimeout(PATIENCE)
    if rcvbuf:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
    s.connect(place)
    return s


def reach(address):
    """Connects to a program that cannot say that it is ready."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return connect(address)
        except OSError:
            assert time.monotonic() < end, f"never: {address}"
            time.sleep(0.002)


def listen(rcvbuf=0):
    """A socket that listens on loopback, and its address as text."""
    s = socket.socket()
    s.settimeout(PATIENCE)
    if rcvbuf:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
    s.bind(("127.0.0.1", 0))
    s.listen()
    return s, "127.0.0.1:%d" % s.getsockname()[1]


def accept(s):
    c = s.accept()[0]
    c.settimeout(PATIENCE)
    return c


def name_of(s):
    return "%s:%d" % s.getsockname()


def receive(s, n):
    """Just N bytes, or fewer at the end."""
    got = b""
    while len(got) < n:
        piece = s.recv(min(n - len(got), 1 << 16))
        if not piece:
            break
        got += piece
    return got


def receive_all(s):
    got = bytearray()
    while True:
        piece = s.recv(1 << 16)
        if not piece:
            return bytes(got)
        got += piece


def expect(s, data):
    got = receive(s, len(data))
    assert got == data, f"{got!r} instead of {data!r}"


def expect_end(s):
    got = receive_all(s)
    assert got == b"", f"{got[:100]!r} instead of the end"


def reset(s):
    """Ends a TCP connection by a reset."""
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


def run(*args, **more):
    """What examples/ARGS... comes to: status, output, errors."""
    environment = dict(os.environ, PLX_BACKEND=BACKEND)
    done = subprocess.run(["./examples/" + args[0], *args[1:]],
                          capture_output=True, env=environment,
                          timeout=PATIENCE, check=False, **more)
    return done.returncode, done.stdout, done.stderr.decode()


def refuses(*args):
    status, out, err = run(*args)
    assert (status, out, err.count("\n")) == (2, b"", 1), (status, out, err)


def refuses_wrong_words(name, *good):
    """GOOD is a command line; what is not one is refused in a line."""
    refuses(name)
    refuses(name, "--no-such-option", *good)
    refuses(name, *good, "too", "many")
    status, out, err = run(name, "--help")
    assert status == 0 and out.startswith(b"usage: ") and not err, (out, err)


def main(*tests):
    """Runs TESTS; their docstrings are what they show."""
    for test in tests:
        name = f"{BACKEND}: {test.__doc__}"
        try:
            test()
            print("ok -", name)
        except Exception:  # whatever it is, the others go on
            print("not ok -", name)
            for line in traceback.format_exc().splitlines():
                print("#", line)
        sys.stdout.flush()
