import pytest

from webapp.core.errors import BusyError, RateLimitedError
from webapp.events.happened import Happened
from webapp.events.hub import KEPT, MOST_PER_USER, MOST_UNSENT, Hub
from webapp.outbox.tasks import Event


def happened(number=1, owner="ann"):
    return Happened(Event.READY, f"image-{number}", owner, "2026-11-22T10:00:00+00:00")


def told(said):
    """Return the names of the images, and of the other events, in what a listener was told."""
    lines = [line.partition(": ")[::2] for line in said.decode().splitlines()]
    names = [value for name, value in lines if name == "event" and value != "image.ready"]
    return names or [value.split('"')[3] for name, value in lines if name == "data"]


async def hears(listener):
    return told(await listener.next(within=0.01))


@pytest.fixture
def hub():
    return Hub(most=40)


async def test_a_listener_is_told_what_happened_to_images_of_its_owner(hub):
    listener = hub.join("ann")
    hub.publish([happened(1), happened(2, owner="bob"), happened(3)])
    assert await hears(listener) == ["image-1", "image-3"]


async def test_who_is_told_nothing_hears_nothing(hub):
    assert await hub.join("ann").next(within=0.01) == b""


async def test_who_comes_back_is_told_what_it_missed(hub):
    hub.publish([happened(1)])
    known = hub.event_id
    hub.publish([happened(2), happened(3, owner="bob"), happened(4)])
    assert await hears(hub.join("ann", last_event_id=known)) == ["image-2", "image-4"]


async def test_who_missed_nothing_is_told_nothing(hub):
    hub.publish([happened(1)])
    listener = hub.join("ann", last_event_id=hub.event_id)
    assert await listener.next(within=0.01) == b""


@pytest.mark.parametrize("number", ["99", "-1", "x", "", "9" * 5000, "²"])
async def test_who_knows_an_event_that_never_was_is_told_to_look_again(hub, number):
    token = hub.event_id.partition("-")[0]
    assert await hears(hub.join("ann", last_event_id=f"{token}-{number}")) == ["refresh"]


async def test_who_was_away_for_too_long_is_told_to_look_again(hub):
    hub.publish([happened(0)])
    known = hub.event_id
    hub.publish(happened(number) for number in range(KEPT + 1))
    assert await hears(hub.join("ann", last_event_id=known)) == ["refresh"]


async def test_who_comes_from_another_process_is_told_to_look_again(hub):
    known = Hub(most=1).event_id
    assert await hears(hub.join("ann", last_event_id=known)) == ["refresh"]


async def test_a_stream_goes_on_from_where_its_listener_was_until_it_was_told_more(hub):
    known = hub.event_id
    hub.publish([happened(1)])
    assert hub.join("ann", last_event_id=known).begins_at == known


async def test_who_reads_too_slowly_is_told_to_look_again(hub):
    listener = hub.join("ann")
    hub.publish(happened(number) for number in range(MOST_UNSENT + 1))
    assert await hears(listener) == ["refresh"]


async def test_a_user_has_only_so_many_streams(hub):
    for _ in range(MOST_PER_USER):
        hub.join("ann")
    with pytest.raises(RateLimitedError):
        hub.join("ann")
    hub.join("bob")


async def test_a_process_has_only_so_many_streams():
    hub = Hub(most=1)
    hub.join("ann")
    with pytest.raises(BusyError):
        hub.join("bob")


async def test_who_leaves_makes_room():
    hub = Hub(most=1)
    listener = hub.join("ann")
    hub.leave(listener)
    hub.leave(listener)
    assert (len(hub), hub.owners) == (0, frozenset())
    hub.join("bob")


async def test_everybody_is_let_go_at_the_end(hub):
    listener = hub.join("ann")
    hub.close()
    await listener.next(within=10)
    assert listener.over
    with pytest.raises(BusyError):
        hub.join("ann")
