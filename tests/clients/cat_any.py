# SPDX-License-Identifier: BSD-2-Clause
"""What cat_any copies, and how it leaves what it was given."""
import fcntl
import os
import pty
import signal
import socket
import subprocess
import tempfile
import termios
import threading

from harness import (PATIENCE, Program, accept, listen, main, refuses, run)

TEXT = b"".join(b"line %d\n" % i for i in range(20000))


def serve_once(server, data):
    """Sends DATA to the first that comes."""
    def work():
        with accept(server) as c:
            c.sendall(data)
        server.close()
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def is_blocking(fd):
    return not fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_NONBLOCK


def write_file(path, data):
    with open(path, "wb") as f:
        f.write(data)


def all_kinds():
    """cat_any copies files, fifos, sockets and standard input in turn"""
    with tempfile.TemporaryDirectory() as d:
        write_file(d + "/file", TEXT)
        write_file(d + "/empty", b"")
        os.mkfifo(d + "/fifo")
        writer = threading.Thread(target=write_file, daemon=True,
                                  args=(d + "/fifo", b"fifo\n" + TEXT))
        writer.start()
        tcp, address = listen()
        serve_once(tcp, b"tcp\n" + TEXT)
        local = socket.socket(socket.AF_UNIX)
        local.settimeout(PATIENCE)
        local.bind(d + "/socket")
        local.listen()
        serve_once(local, b"unix\n" + TEXT)
        got = run("cat_any", d + "/file", d + "/empty", d + "/fifo", address,
                  "-", f"unix:{d}/socket", "/dev/null", input=b"stdin\n" + TEXT)
        assert got == (0, TEXT + b"fifo\n" + TEXT + b"tcp\n" + TEXT +
                       b"stdin\n" + TEXT + b"unix\n" + TEXT, ""), got[0]
        writer.join(PATIENCE)


def late_writer():
    """cat_any waits for the first writer of a fifo"""
    with tempfile.TemporaryDirectory() as d:
        os.mkfifo(d + "/fifo")
        with Program("cat_any", d + "/fifo", ready=False) as p:
            p.sleeps()
            with open(d + "/fifo", "wb", buffering=0) as f:
                f.write(b"one ")
                assert os.read(p.process.stdout.fileno(), 100) == b"one "
                p.sleeps()
                f.write(b"two")
            assert p.process.stdout.read() == b"two"
            p.ends()


def standard_input():
    """cat_any copies standard input, whatever it is"""
    with tempfile.TemporaryDirectory() as d:
        write_file(d + "/file", TEXT)
        for words in [], ["-"]:
            assert run("cat_any", *words, input=TEXT) == (0, TEXT, "")
            with open(d + "/file", "rb") as f:
                assert run("cat_any", *words, stdin=f) == (0, TEXT, "")
        ours, theirs = socket.socketpair()
        serve = threading.Thread(target=lambda: (ours.sendall(TEXT),
                                                 ours.shutdown(1)))
        serve.start()
        assert run("cat_any", stdin=theirs) == (0, TEXT, "")
        serve.join()
        ours.close()
        theirs.close()


def outputs():
    """cat_any writes to files, pipes, sockets and /dev/null"""
    with tempfile.TemporaryDirectory() as d:
        write_file(d + "/file", TEXT)
        write_file(d + "/out", b"before\n")
        with open(d + "/out", "ab") as out:
            with Program("cat_any", d + "/file", d + "/file", ready=False,
                         stdout=out) as p:
                p.ends()
        with open(d + "/out", "rb") as out:
            assert out.read() == b"before\n" + TEXT + TEXT
        with Program("cat_any", d + "/file", ready=False,
                     stdout=subprocess.DEVNULL) as p:
            p.ends()
        ours, theirs = socket.socketpair()
        with Program("cat_any", d + "/file", ready=False, stdout=theirs) as p:
            theirs.close()
            got = b""
            while piece := ours.recv(65536):
                got += piece
            assert got == TEXT
            p.ends()
        ours.close()


def terminal():
    """cat_any copies a terminal line by line, and leaves it blocking"""
    ours, theirs = pty.openpty()
    mode = termios.tcgetattr(theirs)
    mode[1] &= ~termios.OPOST
    mode[3] &= ~termios.ECHO
    termios.tcsetattr(theirs, termios.TCSANOW, mode)
    with Program("cat_any", ready=False, stdin=theirs, stdout=theirs) as p:
        for line in b"one\n", b"two\n":
            os.write(ours, line)
            assert os.read(ours, 100) == line
            assert not is_blocking(theirs)
        p.sleeps()
        os.write(ours, b"\4")
        p.ends()
    assert is_blocking(theirs)
    os.close(ours)
    os.close(theirs)


def flags_come_back():
    """cat_any leaves pipes blocking, at the end and after a signal"""
    for signo in (0, signal.SIGTERM, signal.SIGINT, signal.SIGQUIT,
                  signal.SIGHUP):
        stdin, feed = os.pipe()
        result, stdout = os.pipe()
        with Program("cat_any", ready=False, stdin=stdin,
                     stdout=stdout) as p:
            os.write(feed, b"x")
            assert os.read(result, 10) == b"x"
            assert not is_blocking(stdin) and not is_blocking(stdout)
            if signo == 0:
                os.close(feed)
                p.ends()
            else:
                p.ends(signo, -signo)
            assert p.log() == ""
        assert is_blocking(stdin) and is_blocking(stdout), signo
        for fd in {stdin, result, stdout} | ({feed} if signo else set()):
            os.close(fd)


def ignored_signals():
    """cat_any does not hear the signals that it was told to ignore"""
    def ignore():
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    stdin, feed = os.pipe()
    with Program("cat_any", ready=False, stdin=stdin,
                 preexec_fn=ignore) as p:
        os.close(stdin)
        for byte in b"x", b"y":
            os.write(feed, byte)
            assert p.process.stdout.read(1) == byte
            p.process.send_signal(signal.SIGHUP)
            p.process.send_signal(signal.SIGINT)
        os.close(feed)
        p.ends()


def broken_pipe():
    """cat_any ends without a word when nobody reads any more"""
    with tempfile.TemporaryDirectory() as d:
        write_file(d + "/file", TEXT)
        with Program("cat_any", *[d + "/file"] * 9, ready=False) as p:
            assert p.process.stdout.read(6) == b"line 0"
            p.process.stdout.close()
            p.ends(status=-signal.SIGPIPE)
            assert p.log() == ""


def back_pressure():
    """cat_any reads no more than its reader takes, and sleeps meanwhile"""
    with tempfile.TemporaryDirectory() as d:
        with open(d + "/file", "wb") as f:
            f.truncate(32 << 20)
        with Program("cat_any", d + "/file", ready=False) as p:
            p.sleeps()
            p.holds_little(8 << 10)
            n = 0
            while piece := os.read(p.process.stdout.fileno(), 1 << 16):
                n += len(piece)
            assert n == 32 << 20
            p.ends()


def errors():
    """cat_any tells each error in a line, goes on and exits with 1"""
    server, nobody = listen()
    server.close()
    with tempfile.TemporaryDirectory() as d:
        write_file(d + "/file", b"text")
        socket.socket(socket.AF_UNIX).bind(d + "/deaf")
        got = run("cat_any", d + "/none", d + "/file", d, nobody,
                  f"unix:{d}/deaf", "a:b:c:d", d + "/file")
        assert got == (1, b"texttext",
                       f"cat_any: {d}/none: No such file or directory\n"
                       f"cat_any: {d}: Is a directory\n"
                       f"cat_any: {nobody}: Connection refused\n"
                       f"cat_any: unix:{d}/deaf: Connection refused\n"
                       "cat_any: a:b:c:d: No such file or directory\n"), got
        try:
            with open("/dev/full", "wb") as full:
                p = Program("cat_any", d + "/file", ready=False, stdout=full)
        except FileNotFoundError:
            return
        with p:
            p.ends(status=1)
            assert p.log() == ("cat_any: standard output: "
                               "No space left on device\n"), p.log()


def closed_streams():
    """cat_any says that it has no standard output, or input"""
    for fd, name in (1, "standard output"), (0, "-"):
        done = subprocess.run(["sh", "-c", f"exec ./examples/cat_any {fd}>&-"
                               if fd else "exec ./examples/cat_any 0<&-"],
                              capture_output=True, timeout=PATIENCE,
                              check=False)
        assert done.returncode == 1
        assert done.stderr.decode() == (f"cat_any: {name}: "
                                        "Bad file descriptor\n"), done


def usage():
    """cat_any refuses unknown options in one line"""
    refuses("cat_any", "--no-such-option")
    status, out, err = run("cat_any", "--help")
    assert status == 0 and out.startswith(b"usage: ") and not err


main(all_kinds, late_writer, standard_input, outputs, terminal,
     flags_come_back, ignored_signals, broken_pipe, back_pressure, errors,
     closed_streams, usage)
