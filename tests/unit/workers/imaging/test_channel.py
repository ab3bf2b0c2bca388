import socket

import pytest

from workers.imaging.channel import MESSAGE_BYTES_MAX, Channel


@pytest.fixture
def pair():
    ours, theirs = (Channel(end) for end in socket.socketpair())
    yield ours, theirs
    ours.close()
    theirs.close()


def test_a_message_arrives_with_its_bytes(pair):
    ours, theirs = pair
    ours.send({"bytes": 3}, blobs=[b"abc"])
    assert theirs.receive() == ({"bytes": 3}, None)
    assert theirs.receive_bytes(3) == b"abc"


def test_an_open_file_arrives_with_its_message(pair, tmp_path):
    ours, theirs = pair
    (tmp_path / "file").write_bytes(b"content")
    with (tmp_path / "file").open("rb") as file:
        ours.send({}, descriptor=file.fileno())
    _, descriptor = theirs.receive()
    with open(descriptor, "rb") as received:  # noqa: PTH123  # a descriptor has no path
        assert received.read() == b"content"


def test_silence_ends_in_time(pair):
    ours, _ = pair
    ours.expire_in(0.01)
    with pytest.raises(TimeoutError):
        ours.receive()


def test_time_that_is_up_stays_up(pair):
    ours, theirs = pair
    theirs.send({})
    ours.expire_in(0)
    with pytest.raises(TimeoutError):
        ours.receive()


@pytest.mark.parametrize("sent", [b"", b"\0\0\0\x09half"])
def test_the_other_side_gone_is_not_a_message(sent):
    ours, theirs = socket.socketpair()
    theirs.sendall(sent)
    theirs.close()
    channel = Channel(ours)
    with pytest.raises(EOFError):
        channel.receive()
    channel.close()


@pytest.mark.parametrize("sent", [(MESSAGE_BYTES_MAX + 1).to_bytes(4), b"\0\0\0\x04oops"])
def test_nonsense_is_not_a_message(sent):
    ours, theirs = socket.socketpair()
    theirs.sendall(sent)
    channel = Channel(ours)
    with pytest.raises(ValueError, match=r".*"):
        channel.receive()
    channel.close()
    theirs.close()
