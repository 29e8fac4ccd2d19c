#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Echo servers of Python's own library, in three ways: --selectors, a loop
over its selector; --asyncio, a protocol; --asyncio-streams, a coroutine.
They listen where --port=N says, 0 (a free one) by default."""
import asyncio
import os
import resource
import selectors
import signal
import socket
import sys

BUFFER = 65536
BACKLOG = 4096


def announce(sock):
    print("listening on 127.0.0.1:%d" % sock.getsockname()[1], flush=True)


def listen(port):
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", port))
    sock.listen(BACKLOG)
    sock.setblocking(False)
    return sock


class Selectors:
    """Registers each connection once; what the peer does not take is kept,
    and until it is sent nothing more is read."""

    def __init__(self):
        self.selector = selectors.DefaultSelector()
        self.rest = {}

    def run(self, listener):
        self.selector.register(listener, selectors.EVENT_READ, self.accept)
        announce(listener)
        while True:
            for key, _ in self.selector.select():
                key.data(key.fileobj)

    def accept(self, listener):
        while True:
            try:
                conn, _ = listener.accept()
            except BlockingIOError:
                return
            conn.setblocking(False)
            conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.selector.register(conn, selectors.EVENT_READ, self.echo)

    def close(self, conn):
        self.selector.unregister(conn)
        self.rest.pop(conn, None)
        conn.close()

    def send(self, conn, data):
        """What is left of DATA, or None when the connection was closed."""
        try:
            return data[conn.send(data):]
        except BlockingIOError:
            return data
        except OSError:
            self.close(conn)
            return None

    def echo(self, conn):
        try:
            data = conn.recv(BUFFER)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.close(conn)
            return
        left = self.send(conn, data)
        if left:
            self.rest[conn] = left
            self.selector.modify(conn, selectors.EVENT_WRITE, self.flush)

    def flush(self, conn):
        left = self.send(conn, self.rest[conn])
        if left is None:
            return
        self.rest[conn] = left
        if not left:
            del self.rest[conn]
            self.selector.modify(conn, selectors.EVENT_READ, self.echo)


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)

    # Back-pressure: who does not take its answers is not read from.
    def pause_writing(self):
        self.transport.pause_reading()

    def resume_writing(self):
        self.transport.resume_reading()


async def stream(reader, writer):
    try:
        while data := await reader.read(BUFFER):
            writer.write(data)
            await writer.drain()
        writer.close()
        await writer.wait_closed()
    except ConnectionError:
        writer.close()


async def serve(listener, streams):
    if streams:
        server = await asyncio.start_server(stream, sock=listener,
                                            backlog=BACKLOG)
    else:
        server = await asyncio.get_running_loop().create_server(
            Echo, sock=listener, backlog=BACKLOG)
    announce(listener)
    async with server:
        await server.serve_forever()


def main(arguments):
    mode, port = "selectors", 0
    for argument in arguments:
        if argument in ("--selectors", "--asyncio", "--asyncio-streams"):
            mode = argument[2:]
        elif argument.startswith("--port=") and argument[7:].isdecimal():
            port = int(argument[7:])
        else:
            print("usage: serve_python.py [--port=N] "
                  "[--selectors|--asyncio|--asyncio-streams]",
                  file=sys.stderr)
            return 2
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os._exit(0))
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    listener = listen(port)
    if mode == "selectors":
        Selectors().run(listener)
    asyncio.run(serve(listener, mode == "asyncio-streams"))
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
