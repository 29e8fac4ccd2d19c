# SPDX-License-Identifier: BSD-2-Clause
"""What rpcd answers to which bytes."""
import asyncio
import json
import signal
import struct
import tempfile
import time

from harness import (Program, accept, expect, expect_end, listen, main,
                     receive, receive_all, refuses, refuses_wrong_words, reset,
                     run, until)


def rpcd(*options):
    return Program("rpcd", *options, "127.0.0.1:0")


def frame(text):
    if isinstance(text, str):
        text = text.encode()
    return struct.pack(">I", len(text)) + text


PING = frame('{"in":"ping","params":"x"}')
PONG = frame('{"out":"pong","result":"x"}')


def answers(p, question, answer):
    with p.connect() as s:
        s.sendall(frame(question))
        expect(s, frame(answer))


def transcript():
    """rpcd answers a ping with these bytes"""
    with rpcd() as p:
        with p.connect() as s:
            for _ in range(3):
                s.sendall(PING)
                expect(s, PONG)
            s.shutdown(1)
            expect_end(s)
        p.is_alone()


def calls():
    """rpcd has ping, echo, add and time"""
    with rpcd() as p:
        answers(p, '{"in":"ping"}', '{"out":"pong","result":null}')
        answers(p, ' { "params" : [1, {"a":"\\u00e4"}] , "in":"echo"} ',
                '{"out":"echo","result":[1,{"a":"\u00e4"}]}')
        answers(p, '{"in":"add","params":[1,2,39]}',
                '{"out":"sum","result":42}')
        answers(p, '{"in":"add","params":[]}', '{"out":"sum","result":0}')
        with p.connect() as s:
            s.sendall(frame('{"in":"time"}'))
            n, = struct.unpack(">I", receive(s, 4))
            now = json.loads(receive(s, n))
            assert now["out"] == "time"
            assert abs(now["result"] - time.time()) < 60


def refusals():
    """rpcd answers what is no call by an error, and goes on"""
    no_call = '{"error":"no call: give {\\"in\\":NAME,\\"params\\":...}"}'
    bad = '{"error":"bad JSON"}'
    wants = '{"error":"add: give a list of whole numbers"}'
    with rpcd() as p, p.connect() as s:
        for question, answer in [
                ('{"in":"pong"}', '{"error":"unknown name: pong"}'),
                ('{"in":"\\"\\u0001"}',
                 '{"error":"unknown name: \\"\\u0001"}'),
                ('{"in":7}', no_call), ("[]", no_call), ("{}", no_call),
                ('{"in":"add","params":7}', wants),
                ('{"in":"add","params":[1,"2"]}', wants),
                ('{"in":"add","params":[9223372036854775807,1]}', wants),
                ("", bad), ("{", bad), ("nonsense", bad),
                ('{"in":"ping"}{', bad), (b"\xff\xfe", bad), (b"\0" * 9, bad),
                ("[" * 100000, bad),
                ('{"in":"ping","params":' + "[" * 64 + "]" * 64 + "}", bad)]:
            s.sendall(frame(question) + PING)
            expect(s, frame(answer) + PONG)


def nested():
    """rpcd takes nested params, and brackets in a text are none"""
    deep = "[" * 62 + "]" * 62
    text = '"' + '\\"[{' * 1000 + '"'
    with rpcd() as p:
        for params in deep, text:
            answers(p, '{"in":"echo","params":' + params + "}",
                    '{"out":"echo","result":' + params + "}")


def halves():
    """rpcd keeps half a call until the rest has come, byte by byte"""
    with rpcd() as p, p.connect() as s:
        for byte in PING + PING:
            s.sendall(bytes([byte]))
            until(lambda: p.state() == "S", "sleep")
        expect(s, PONG + PONG)
        s.sendall(PING + PING[:7])
        expect(s, PONG)
        s.sendall(PING[7:])
        expect(s, PONG)


def pipelined():
    """rpcd answers a thousand calls in a write, in order"""
    with rpcd() as p, p.connect() as s:
        s.sendall(b"".join(frame('{"in":"echo","params":%d}' % i)
                           for i in range(1000)))
        expect(s, b"".join(frame('{"out":"echo","result":%d}' % i)
                           for i in range(1000)))


def unread():
    """rpcd stops reading calls from who does not read its answers"""
    with rpcd() as p, p.connect(rcvbuf=4096) as s:
        big = frame('{"in":"echo","params":"%s"}' % ("x" * 50000))
        before = p.rss()
        s.setblocking(False)
        sent = 0
        end = time.monotonic() + 10
        idle = time.monotonic()
        while time.monotonic() - idle < 0.5 and sent < 64 << 20:
            assert time.monotonic() < end
            try:
                at = sent % len(big)
                sent += s.send(big[at:])
                idle = time.monotonic()
            except BlockingIOError:
                time.sleep(0.01)
        assert sent < 64 << 20, "it takes calls without end"
        p.holds_little(before)


def too_long():
    """rpcd answers a call that is too long by an error, and closes"""
    with rpcd("--limit=100") as p:
        with p.connect() as s:
            fits = '{"in":"ping","params":"%s"}' % ("x" * 75)
            s.sendall(frame(fits) + struct.pack(">I", 101) + b"x" * 5000)
            expect(s, frame('{"out":"pong","result":"%s"}' % ("x" * 75)))
            expect(s, frame('{"error":"too long"}'))
            expect_end(s)
        with p.connect() as s:
            s.sendall(b"GET / HTTP/1.0\r\n\r\n")
            expect(s, frame('{"error":"too long"}'))
            expect_end(s)
        p.is_alone()


def ends():
    """rpcd forgets clients that end in the middle of a call, or reset"""
    with rpcd() as p:
        for k in 0, 2, 4, 9:
            with p.connect() as s:
                s.sendall(PING + PING[:k])
                s.shutdown(1)
                assert receive_all(s) == PONG
        s = p.connect()
        s.sendall(PING)
        reset(s)
        p.connect().close()
        p.is_alone()
        answers(p, '{"in":"ping"}', '{"out":"pong","result":null}')


def is_idle():
    """rpcd sleeps with a hundred clients that have nothing to say"""
    with rpcd() as p:
        s = [p.connect() for _ in range(100)]
        for c in s[:50]:
            c.sendall(PING)
        for c in s[:50]:
            expect(c, PONG)
        s[60].sendall(PING[:6])
        p.sleeps()
        s[60].sendall(PING[6:])
        expect(s[60], PONG)
        for c in s:
            c.close()
        p.is_alone()


def stops():
    """rpcd ends by a signal, and answers what it has got before"""
    with rpcd() as p:
        quiet, half, s = p.connect(), p.connect(), p.connect()
        half.sendall(PING[:9])
        s.sendall(PING)
        expect(s, PONG)
        s.sendall(PING)
        p.process.send_signal(signal.SIGTERM)
        expect(s, PONG)
        for c in s, quiet, half:
            expect_end(c)
        p.ends()


def asyncio_clients():
    """asyncio clients of rpcd call all at once"""
    async def client(port, i):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for k in range(20):
            params = {"client": i, "call": k}
            writer.write(frame(json.dumps({"in": "echo", "params": params})))
            n, = struct.unpack(">I", await reader.readexactly(4))
            got = json.loads(await reader.readexactly(n))
            assert got == {"out": "echo", "result": params}, got
        writer.close()
        await writer.wait_closed()

    async def all_of_them(p):
        port = int(p.address.rsplit(":", 1)[1])
        await asyncio.wait_for(
            asyncio.gather(*(client(port, i) for i in range(20))), 20)

    with rpcd() as p:
        asyncio.run(all_of_them(p))
        p.is_alone()


def own_client():
    """rpc_client makes a call, or a thousand without waiting"""
    with rpcd() as p:
        for words, status, out in [
                (["ping", '"x"'], 0, b'{"out":"pong","result":"x"}\n'),
                (["ping"], 0, b'{"out":"pong","result":null}\n'),
                (["add", "[1, 2]"], 0, b'{"out":"sum","result":3}\n'),
                (["sub"], 1, b'{"error":"unknown name: sub"}\n')]:
            assert run("rpc_client", p.address, *words) == (status, out, "")
        for n, name, status, right in [(1000, "ping", 0, 1000),
                                       (20000, "echo", 0, 20000),
                                       (10, "add", 1, 0)]:
            text = b"%d calls, %d right answers\n" % (n, right)
            got = run("rpc_client", f"--repeat={n}", p.address, name)
            assert got == (status, text, ""), got
        p.is_alone()
    status, out, err = run("rpc_client", p.address, "ping")
    assert (status, out) == (1, b"") and "refused" in err, err


def answers_of(server, answer):
    """What rpc_client comes to when SERVER answers just that."""
    listener, address = listen()
    with Program("rpc_client", address, "ping", ready=False,
                 stdout=server) as p:
        s = accept(listener)
        receive(s, len(frame('{"in":"ping","params":null}')))
        s.sendall(answer)
        s.shutdown(1)
        p.ends(status=1)
        s.close()
        listener.close()
        return p.log()


def client_troubles():
    """rpc_client says what is wrong with an answer or its output"""
    with tempfile.TemporaryFile() as out:
        for answer, why in [(b"\0\0\0\4{bad", "Bad message"),
                            (b"\0\0", "No data"),
                            (b"\xff" * 4, "Message too long")]:
            log = answers_of(out, answer)
            assert why in log and log.count("\n") == 1, log
        assert out.tell() == 0
    with open("/dev/full", "wb") as full:
        log = answers_of(full, PONG)
        assert "standard output: No space left" in log, log


def usage():
    """rpcd and rpc_client refuse wrong words in one line"""
    refuses_wrong_words("rpcd", "127.0.0.1:0")
    refuses_wrong_words("rpc_client", "127.0.0.1:1", "ping", "1")
    refuses("rpc_client", "--repeat=0", "127.0.0.1:1", "ping")
    refuses("rpc_client", "127.0.0.1:1", "ping", "{")
    refuses("rpc_client", "127.0.0.1:1", b"\xff")


main(transcript, calls, refusals, nested, halves, pipelined, unread, too_long,
     ends, is_idle, stops, asyncio_clients, own_client,
     client_troubles, usage)
