"""Messages between processes, here between the two ends of a socket."""

import os
import socket
import struct
import threading
from collections.abc import Iterator

import pytest

from callscribe.framing import LOST, MOST, Channel

Ends = tuple[Channel, Channel, socket.socket]


@pytest.fixture
def ends() -> Iterator[Ends]:
    """Two channels, and the socket of the second."""
    one, other = socket.socketpair()
    with one, other:
        yield Channel(one.fileno(), one.fileno()), Channel(other.fileno(), other.fileno()), other


def impatient(silent: float) -> None:
    if silent >= 0.4:
        raise TimeoutError


def raw(header: bytes, body: bytes = b"") -> bytes:
    return struct.pack("!II", len(header), len(body)) + header + body


def test_messages_arrive_as_they_were_sent(ends: Ends) -> None:
    one, other, _ = ends
    one.send({})
    one.send({"what": "Größe", "numbers": [1, 0.5, None]}, [b"ab", bytearray(b"c"), memoryview(b"de")])
    assert other.receive() == ({}, b"")
    assert other.receive() == ({"what": "Größe", "numbers": [1, 0.5, None]}, b"abcde")


def test_what_no_pipe_holds_at_once_arrives_whole() -> None:
    source, sink = os.pipe()
    body = os.urandom(5_000_000)
    with os.fdopen(source), os.fdopen(sink, "wb"):
        sending = threading.Thread(target=Channel(sink=sink).send, args=({"is": "long"}, [body]))
        sending.start()
        assert Channel(source).receive() == ({"is": "long"}, body)
        sending.join()


def test_a_wait_ends_when_its_watch_has_enough(ends: Ends) -> None:
    one, other, _ = ends
    with pytest.raises(TimeoutError):
        other.receive(impatient)
    with pytest.raises(TimeoutError):
        one.send({}, [bytes(10_000_000)], impatient)  # nobody takes it


def test_what_had_come_is_kept_for_the_next_call(ends: Ends) -> None:
    one, _, socket_ = ends
    sent = raw(b'{"is": "slow"}', b"body")
    for byte in sent[:-1]:
        socket_.send(bytes([byte]))
        with pytest.raises(TimeoutError):
            one.receive(lambda silent: impatient(1.0 if silent else 0.0))
    socket_.send(sent[-1:])
    assert one.receive(impatient) == ({"is": "slow"}, b"body")


def test_a_watch_that_has_enough_is_asked_first(ends: Ends) -> None:
    one, other, _ = ends
    one.send({})

    def cancelled(_silent: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        other.receive(cancelled)
    assert other.receive() == ({}, b"")


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"\0\0",
        raw(b"{}", b"body")[:-1],
        raw(b"no JSON"),
        raw(b'"\xff"'),
        raw(b"[]"),
        raw(b"[" * 100_000),
        raw(b"9" * 5000),
        struct.pack("!II", 2, MOST),
    ],
)
def test_what_is_no_message_ends_the_channel(sent: bytes, ends: Ends) -> None:
    one, _, socket_ = ends
    socket_.sendall(sent)
    socket_.close()
    for _ in range(2):
        with pytest.raises(ConnectionError):
            one.receive(impatient)


def test_who_sends_to_nobody_is_told(ends: Ends) -> None:
    one, _, socket_ = ends
    socket_.close()
    with pytest.raises(LOST):
        one.send({})
