# SPDX-License-Identifier: BSD-2-Clause
"""What chatd says to whom."""
import asyncio
import os
import signal
import socket
import tempfile

from harness import (Program, connect, expect, expect_end, main, name_of,
                     reach, refuses, refuses_wrong_words, reset)


def chatd(*options):
    return Program("chatd", *options, "127.0.0.1:0")


def said(s, text):
    return f"{name_of(s)}\n{text}\r\n".encode()


def pair(p, **more):
    """Two clients of which each has heard the other."""
    a, b = p.connect(), p.connect(**more)
    p.logs("came", 2)
    return a, b


def transcript():
    """what one client of chatd says goes to all, itself included"""
    with chatd() as p:
        a, b = pair(p)
        a.sendall(b"hi\n")
        for s in a, b:
            expect(s, said(a, "hi"))
        b.sendall(b"one\ntwo\n")
        for s in a, b:
            expect(s, said(b, "one") + said(b, "two"))


def lines():
    """chatd takes CRLF, bytes one by one and a last line without an end"""
    with chatd() as p:
        a, b = pair(p)
        a.sendall(b"\n\r\ndos\r\n")
        for byte in b"slow\n":
            a.sendall(bytes([byte]))
        a.sendall(b"a\rb\n" + b"tail")
        a.shutdown(1)
        all_of_it = b"".join(said(a, t) for t in
                             ("dos", "slow", "a\rb", "tail"))
        for s in a, b:
            expect(s, all_of_it)
        expect_end(a)


def leaves():
    """/exit leaves chatd, and what comes after it is not heard"""
    with chatd() as p:
        a, b = pair(p)
        a.sendall(b"/exits\n/exit\nnot heard\n")
        expect(a, said(a, "/exits"))
        expect_end(a)
        heard = said(a, "/exits")
        a.close()
        b.sendall(b"still here\n")
        expect(b, heard + said(b, "still here"))
        b.close()
        p.is_alone()


def forgets():
    """chatd forgets clients that vanish or reset"""
    with chatd() as p:
        a, b = pair(p)
        p.connect().close()
        p.logs("left")
        reset(b)
        p.logs("left: Connection reset")
        a.sendall(b"alone\n")
        expect(a, said(a, "alone"))
        a.close()
        p.is_alone()


def drops_slow():
    """chatd drops who never reads, and delays nobody else"""
    with chatd("--queue=65536") as p:
        a, slow = pair(p, rcvbuf=4096)
        before = p.rss()
        line = b"x" * 1000
        message = said(a, "x" * 1000)
        count = 0
        while "dropped" not in p.log():
            a.sendall(line + b"\n")
            expect(a, message)
            count += 1
            assert count < 50000, "a queue without end"
        p.logs(f"{name_of(slow)} dropped")
        assert p.log().count("dropped") == 1, p.log()
        p.holds_little(before)
        a.sendall(b"on\n")
        expect(a, said(a, "on"))
        a.close()
        p.is_alone()
        assert p.log().count(name_of(slow)) == 2, p.log()


def too_long():
    """chatd sends away who does not end a line"""
    with chatd() as p:
        a, b = pair(p)
        b.sendall(b"x" * 5000)
        p.logs(f"{name_of(b)} left: Message too")
        a.sendall(b"on\n")
        expect(a, said(a, "on"))


def is_idle():
    """chatd sleeps while nobody talks, though something is queued"""
    with tempfile.TemporaryDirectory() as d:
        with Program("chatd", "unix:" + d + "/chat") as p:
            a = p.connect()
            p.logs("came")
            slow = p.connect()
            p.logs("came", 2)
            # More than the kernel takes, less than chatd does.
            message = b"unix:#1\n" + b"x" * 4000 + b"\r\n"
            for _ in range(60):
                a.sendall(b"x" * 4000 + b"\n")
                expect(a, message)
            p.sleeps()
            expect(slow, message * 60)
            p.sleeps()


def unix_names():
    """chatd names the clients of a Unix socket, and takes its path away"""
    with tempfile.TemporaryDirectory() as d:
        path = d + "/chat"
        with Program("chatd", "unix:" + path) as p:
            a, b = p.connect(), connect("unix:" + path)
            p.logs("came", 2)
            b.sendall(b"hi\n")
            for s in a, b:
                expect(s, b"unix:#2\nhi\r\n")
            p.ends(signal.SIGTERM)
            assert not os.path.exists(path)


def forged_names():
    """a client of chatd cannot write a line, or anybody, into its name"""
    with tempfile.TemporaryDirectory() as d:
        with Program("chatd", "unix:" + d + "/chat") as p:
            a = p.connect()
            b = socket.socket(socket.AF_UNIX)
            b.bind(d + "/me\n\x1b[2J127.0.0.1:1\nforged\xe9")
            b.connect(d + "/chat")
            b.sendall(b"hi\n")
            name = f"unix:{d}/me??[2J127.0.0.1:1?forged??"
            expect(a, name.encode() + b"\nhi\r\n")
            p.logs(name + " came\n")
            b.close()


def closed_outputs():
    """no socket of chatd is taken for an output that is closed"""
    def close():
        for fd in range(3):
            os.close(fd)

    with tempfile.TemporaryDirectory() as d:
        address = "unix:" + d + "/chat"
        with Program("chatd", address, ready=False, preexec_fn=close) as p:
            s = reach(address)
            s.sendall(b"hi\n")
            expect(s, b"unix:#1\nhi\r\n")
            p.ends(signal.SIGTERM)
            expect_end(s)


def unread_log():
    """chatd goes on when nobody reads its log any more"""
    reader, log = os.pipe()
    with Program("chatd", "127.0.0.1:0", stderr=log) as p:
        os.close(log)
        os.close(reader)
        s = p.connect()
        s.sendall(b"hi\n")
        expect(s, said(s, "hi"))
        p.ends(signal.SIGTERM)


def stops():
    """chatd ends by a signal, and its clients see an end, not a reset"""
    for signo in signal.SIGTERM, signal.SIGINT:
        with chatd() as p:
            a, b = pair(p)
            a.sendall(b"bye\n")
            expect(b, said(a, "bye"))
            p.process.send_signal(signo)
            expect(a, said(a, "bye"))
            expect_end(a)
            expect_end(b)
            p.ends()


def asyncio_clients():
    """twenty asyncio clients of chatd hear all of it in one order"""
    async def client(port, i):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await ready.wait()
        got = []
        for k in range(5):
            writer.write(f"{i}-{k}\n".encode())
            await writer.drain()
        while len(got) < 100:
            await reader.readuntil(b"\n")
            got.append(await reader.readuntil(b"\r\n"))
        writer.close()
        await writer.wait_closed()
        return got

    async def chat(p):
        port = int(p.address.rsplit(":", 1)[1])
        clients = [asyncio.create_task(client(port, i)) for i in range(20)]
        while p.log().count("came") < 20:
            await asyncio.sleep(0.01)
        ready.set()
        return await asyncio.wait_for(asyncio.gather(*clients), 20)

    with chatd() as p:
        ready = asyncio.Event()
        heard = asyncio.run(chat(p))
        assert all(h == heard[0] for h in heard)
        assert len(set(heard[0])) == 100
        p.is_alone()


def usage():
    """chatd refuses wrong words in one line"""
    refuses_wrong_words("chatd", "127.0.0.1:0")
    refuses("chatd", "nowhere")
    refuses("chatd", "--queue=1", "127.0.0.1:0")
    refuses("chatd", "--queue=x", "127.0.0.1:0")


main(transcript, lines, leaves, forgets, drops_slow, too_long, is_idle,
     unix_names, forged_names, closed_outputs, unread_log, stops,
     asyncio_clients, usage)
