# SPDX-License-Identifier: BSD-2-Clause
"""The echo benchmark: its servers echo, its lines are what bench/harness.h
says, and what goes wrong ends it.  Arguments: the directory bench/."""
import os
import socket
import subprocess
import sys
import tempfile
import threading

BENCH = sys.argv.pop(1)
sys.path.insert(0, BENCH)

import bench_echo  # noqa: E402
import drive  # noqa: E402

CONFIGURED = drive.Bench("echo", "")
WIDTHS = {"series": 5, "sample": 7, "median": 7, "skip": 6, "note": 4}


def check(fact, why):
    if not fact:
        raise AssertionError(why)


def served(name, command):
    """Writes fall short: on loopback a server's socket takes 2.5 MB, and here
    5.6 are outstanding, for a client that has little room."""
    why = bench_echo.cannot(CONFIGURED, name, command, 10)
    if why:
        return f"# SKIP {name}: {why}"
    server = drive.Server(name, command)
    try:
        load = drive.Load("bench/load", f"{name}: load", server,
                          connections=10, pipeline=80, size=70000, room=8192)
        try:
            check(load.step(1000)["messages"] == 1000, "not all of them")
            load.stop()
        finally:
            load.kill()
        server.stop()
    finally:
        server.kill()
    return f"- {name} echoes long messages and ends when asked"


def driver(*options):
    return subprocess.run(
        [sys.executable, "-B", os.path.join(BENCH, "bench_echo.py"),
         *options], capture_output=True, text=True, check=False)


def lines(_name, _command):
    r = driver("--build=.", "--rounds=1", "--time=0.001", "--contender=raw",
               "--series=cpu-16KiB")
    check(r.returncode == 0, r.stderr)
    rows = [line.split("\t") for line in r.stdout.splitlines()]
    for row in rows:
        check(len(row) == WIDTHS[row[0]] and row[1] == "echo", row)
    for name in ("raw epoll", "raw poll", "raw select"):
        for word, place in (("sample", 6), ("median", 5)):
            found = [row for row in rows
                     if row[:5] == [word, "echo", "cpu-16KiB", "50", name]]
            check(len(found) == 1 and float(found[0][place]) > 0, found)
    return "- the driver's lines are those of the harness"


def fails(script, words):
    """A driver whose echod is SCRIPT says WORDS in a line, with status 1."""
    with tempfile.TemporaryDirectory() as d:
        os.mkdir(d + "/bench")
        os.symlink(os.path.abspath("bench/load"), d + "/bench/load")
        with open(d + "/echod", "w", encoding="ascii") as f:
            f.write("#!/bin/sh\n" + script)
        os.chmod(d + "/echod", 0o755)
        r = driver(f"--build={d}", "--rounds=1", "--contender=echod epoll",
                   "--series=cpu-16KiB")
    told = [t for t in r.stderr.splitlines() if t.startswith("bench_echo: ")]
    check(r.returncode == 1 and len(told) == 1 and words in told[0],
          f"{r.returncode}: {r.stderr}")


def silent(_name, _command):
    fails("echo no port; exit 3\n", "did not listen: no port")
    return "- a server that does not start ends the run"


def dead(_name, _command):
    fails("echo listening on 127.0.0.1:1\nexit\n", "Connection refused")
    return "- a server that dies ends the run"


def answer(listener):
    """One wrong byte at the end of each message."""
    c, _ = listener.accept()
    with c:
        while data := c.recv(64, socket.MSG_WAITALL):
            c.sendall(data[:-1] + bytes([data[-1] ^ 1]))


def wrong(_name, _command):
    class Nobody:
        address = "127.0.0.1:0"
    listener = socket.create_server(("127.0.0.1", 0))
    Nobody.address = "127.0.0.1:%d" % listener.getsockname()[1]
    threading.Thread(target=answer, args=(listener,), daemon=True).start()
    load = drive.Load("bench/load", "load", Nobody, connections=1, size=64)
    try:
        load.step(1)
    except drive.Failure as e:
        check("came back wrong" in str(e), e)
    else:
        raise AssertionError("a wrong byte was not noticed")
    finally:
        load.kill()
        listener.close()
    return "- the load notices one wrong byte"


def unknown(_name, _command):
    r = driver("--build=.", "--series=nonsense")
    check(r.returncode == 2 and "no series 'nonsense'" in r.stderr, r.stderr)
    return "- a series that is none is refused"


def main():
    tests = [(served, *c) for c in bench_echo.contenders(CONFIGURED)]
    tests += [(f, f.__name__, None)
              for f in (lines, silent, dead, wrong, unknown)]
    for n, (test, name, command) in enumerate(tests, 1):
        try:
            print(f"ok {n} {test(name, command)}", flush=True)
        except (AssertionError, drive.Failure) as e:
            print(f"not ok {n} - {name}: {e}", flush=True)
    print(f"1..{len(tests)}")


if __name__ == "__main__":
    main()
