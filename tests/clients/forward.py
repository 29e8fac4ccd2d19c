# SPDX-License-Identifier: BSD-2-Clause
"""What goes through forward."""
import asyncio
import hashlib
import select
import signal
import socket
import tempfile
import time

from harness import (Program, accept, expect, expect_end, listen, main,
                     receive_all, refuses, refuses_wrong_words, reset)


def through(**more):
    """A program, a client and what its connection has become."""
    server, address = listen(**more)
    p = Program("forward", "127.0.0.1:0", address)
    client = p.connect(**more)
    target = accept(server)
    server.close()
    return p, client, target


def both_ways():
    """forward carries bytes both ways, and who speaks first does not matter"""
    p, client, target = through()
    with p, client, target:
        target.sendall(b"220 ready\r\n")
        expect(client, b"220 ready\r\n")
        for byte in b"HELO\r\n":
            client.sendall(bytes([byte]))
        expect(target, b"HELO\r\n")


def half_close(first, second):
    first.sendall(b"question")
    first.shutdown(socket.SHUT_WR)
    assert receive_all(second) == b"question"
    second.sendall(b"an ")
    expect(first, b"an ")
    second.sendall(b"answer")
    second.shutdown(socket.SHUT_WR)
    assert receive_all(first) == b"answer"


def half_closes():
    """forward passes the end of a direction on, and keeps the other"""
    p, client, target = through()
    with p, client, target:
        half_close(client, target)
        p.is_alone()
    p, client, target = through()
    with p, client, target:
        half_close(target, client)
        p.is_alone()


def resets():
    """forward ends both sides when one resets, and goes on"""
    for end in 0, 1:
        p, client, target = through()
        with p, client, target:
            pair = [client, target]
            client.sendall(b"x")
            expect(target, b"x")
            reset(pair[end])
            try:
                assert pair[1 - end].recv(1) == b""
            except ConnectionResetError:
                pass
            p.is_alone()


AMOUNT = 64 << 20
BLOCK = bytes(range(256)) * 256


def push(s, amount):
    """Sends until nothing has gone for a while, or AMOUNT has: how much."""
    sent = 0
    while sent < amount and select.select([], [s], [], 0.5)[1]:
        sent += s.send(BLOCK[sent % len(BLOCK):][:amount - sent])
    return sent


def pull(reader, writer, sent):
    """Reads AMOUNT while WRITER sends what is left of it."""
    digest, got = hashlib.sha256(), 0
    end = time.monotonic() + 60
    while got < AMOUNT:
        assert time.monotonic() < end
        r, w, _ = select.select([reader], [writer] if sent < AMOUNT else [],
                                [], 20)
        assert r or w, f"stuck at {sent} and {got}"
        if w:
            sent += writer.send(BLOCK[sent % len(BLOCK):][:AMOUNT - sent])
        if r:
            piece = reader.recv(1 << 18)
            assert piece
            digest.update(piece)
            got += len(piece)
    right = hashlib.sha256(BLOCK * (AMOUNT // len(BLOCK)))
    assert digest.digest() == right.digest(), "other bytes"


def flat():
    """forward holds little for who does not read 64 MiB, and loses nothing"""
    for turn in 0, 1:
        p, client, target = through(rcvbuf=65536)
        with p, client, target:
            writer, reader = (target, client) if turn else (client, target)
            writer.setblocking(False)
            before = p.rss()
            sent = push(writer, AMOUNT)
            assert sent < AMOUNT, "it takes all"
            p.holds_little(before)
            p.sleeps()
            reader.sendall(b"the other way is free")
            writer.setblocking(True)
            expect(writer, b"the other way is free")
            writer.setblocking(False)
            pull(reader, writer, sent)
            p.holds_little(before)


def refused():
    """forward closes a client whose target does not answer, and says so"""
    server, address = listen()
    server.close()
    with Program("forward", "127.0.0.1:0", address) as p:
        for i in 1, 2:
            try:
                assert p.connect().recv(1) == b""
            except ConnectionResetError:  # as early as that
                pass
            p.logs(f"forward: {address}: Connection refused\n", i)
        p.is_alone()
        assert p.log().count("\n") == 2, p.log()


def limit():
    """forward serves no more than --max at a time"""
    server, address = listen()
    with Program("forward", "--max=1", "127.0.0.1:0", address) as p:
        a, b = p.connect(), p.connect()
        target = accept(server)
        b.sendall(b"me too")
        p.sleeps()
        assert not select.select([server], [], [], 0)[0]
        a.close()
        expect_end(target)
        target.close()
        expect(accept(server), b"me too")


def unix_target():
    """forward takes Unix sockets on both sides"""
    with tempfile.TemporaryDirectory() as d:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(d + "/target")
            server.listen()
            server.settimeout(20)
            with Program("forward", f"unix:{d}/front",
                         f"unix:{d}/target") as p:
                client = p.connect()
                half_close(client, accept(server))
                p.is_alone()


def stops():
    """forward ends by a signal within its grace"""
    p, client, target = through()
    with p, client, target:
        client.sendall(b"x")
        expect(target, b"x")
        p.ends(signal.SIGTERM)
    p, client, target = through()
    with p, client, target:
        p.process.send_signal(signal.SIGINT)
        p.ends(signal.SIGTERM)


def stops_in_order():
    """forward still brings the answer to what it has taken before a signal"""
    for turn in 0, 1:
        p, client, target = through()
        with p, client, target:
            client.sendall(b"question")
            if turn:
                expect(target, b"question")
            p.process.send_signal(signal.SIGTERM)
            got = receive_all(target)
            assert got == b"question"[len(b"question") * turn:], got
            target.sendall(b"answer")
            target.shutdown(socket.SHUT_WR)
            assert receive_all(client) == b"answer"
            p.ends()


def asyncio_both_sides():
    """asyncio talks to asyncio through forward"""
    async def serve(reader, writer):
        while line := await reader.readline():
            writer.write(line.upper())
            await writer.drain()
        writer.close()

    async def client(port, i):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for k in range(20):
            writer.write(f"line {i} {k}\n".encode())
            assert await reader.readline() == f"LINE {i} {k}\n".encode()
        writer.write_eof()
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()

    async def talk():
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        loop = asyncio.get_running_loop()
        p = await loop.run_in_executor(
            None, Program, "forward", "127.0.0.1:0", f"{host}:{port}")
        with p:
            port = int(p.address.rsplit(":", 1)[1])
            await asyncio.wait_for(
                asyncio.gather(*(client(port, i) for i in range(20))), 20)
            await loop.run_in_executor(None, p.is_alone)
        server.close()

    asyncio.run(talk())


def usage():
    """forward refuses wrong words in one line"""
    refuses_wrong_words("forward", "127.0.0.1:0", "127.0.0.1:1")
    refuses("forward", "127.0.0.1:0")
    refuses("forward", "--max=0", "127.0.0.1:0", "127.0.0.1:1")


main(both_ways, half_closes, resets, flat, refused, limit, unix_target, stops,
     stops_in_order, asyncio_both_sides, usage)
