from contextlib import ExitStack

import pytest

from webapp.uploads.memory import BUFFER_BYTES, LEAST_BYTES, BufferRoom


def each_of(bodies, *, together=32 * BUFFER_BYTES):
    room = BufferRoom(together=together)
    with ExitStack() as stack:
        for _ in range(bodies):
            stack.enter_context(room.taken())
        return room.each


@pytest.mark.parametrize("bodies", [0, 1, 32])
def test_a_few_bodies_have_a_whole_buffer_each(bodies):
    assert each_of(bodies) == BUFFER_BYTES


def test_many_bodies_share_what_there_is():
    assert each_of(64) == BUFFER_BYTES // 2


def test_thousands_still_gather_a_little_before_they_write():
    assert each_of(5000) == LEAST_BYTES


def test_room_is_given_back_after_any_error():
    room = BufferRoom(together=BUFFER_BYTES)
    with pytest.raises(KeyboardInterrupt), room.taken(), room.taken():
        raise KeyboardInterrupt
    assert room.each == BUFFER_BYTES
