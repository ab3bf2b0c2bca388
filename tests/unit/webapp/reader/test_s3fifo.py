"""S3Fifo: bounded whatever happens, and what is asked for often outlives one pass over all."""

from hypothesis import given
from hypothesis import strategies as st

from webapp.reader.s3fifo import S3Fifo

CAPACITY = 100
KEYS = st.sampled_from("abcdefgh")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), KEYS, st.integers(1, 120)),
        st.tuples(st.just("get"), KEYS, st.just(0)),
        st.tuples(st.just("pop"), KEYS, st.just(0)),
    ),
    max_size=200,
)


def walked(steps):
    """Do the steps and yield the cache and a plain account of what may be in it after each."""
    cache, put = S3Fifo(CAPACITY), {}
    for serial, (verb, key, cost) in enumerate(steps):
        if verb == "put":
            cache.put(key, serial, cost=cost)
            put[key] = (serial, cost)
        elif verb == "pop":
            cache.pop(key)
            put.pop(key, None)
        else:
            cache.get(key)
        yield cache, put


@given(STEPS)
def test_the_cost_is_never_over_the_capacity(steps):
    assert all(cache.cost <= CAPACITY for cache, _ in walked(steps))


@given(STEPS)
def test_the_cost_is_that_of_what_is_there(steps):
    for cache, put in walked(steps):
        assert cache.cost == sum(put[key][1] for key in cache)


@given(STEPS)
def test_a_value_is_the_last_one_put(steps):
    for cache, put in walked(steps):
        assert {key: cache.get(key) for key in cache} == {key: put[key][0] for key in cache}


@given(STEPS)
def test_what_is_remembered_of_the_evicted_is_bounded(steps):
    for cache, _ in walked(steps):
        assert sum(cache._ghosts.values()) == cache._ghost_cost <= CAPACITY


def test_what_fits_is_kept():
    cache = S3Fifo(CAPACITY)
    cache.put("a", 1, cost=CAPACITY)
    assert cache.get("a") == 1


def test_what_does_not_fit_is_not_kept():
    cache = S3Fifo(CAPACITY)
    cache.put("a", 1, cost=CAPACITY + 1)
    assert cache.get("a") is None


def test_a_pass_over_everything_leaves_what_is_asked_for_often():
    cache = S3Fifo(CAPACITY)
    for _ in range(3):
        for key in "abc":
            if cache.get(key) is None:
                cache.put(key, key, cost=10)
    for number in range(1000):
        cache.put(f"scan {number}", number, cost=10)
    assert [cache.get(key) for key in "abc"] == ["a", "b", "c"]


def test_what_comes_back_soon_stays_through_the_next_pass():
    cache = S3Fifo(CAPACITY)
    cache.put("a", 1, cost=10)
    for number in range(12):
        cache.put(f"first {number}", number, cost=10)
    assert cache.get("a") is None
    cache.put("a", 2, cost=10)
    for number in range(1000):
        cache.put(f"second {number}", number, cost=10)
    assert cache.get("a") == 2


def test_what_was_hot_leaves_once_nobody_asks_for_it():
    cache = S3Fifo(CAPACITY)
    cache.put("old", 0, cost=50)
    cache.get("old")
    for _ in range(3):
        for number in range(12):
            if cache.get(f"new {number}") is None:
                cache.put(f"new {number}", number, cost=8)
    assert cache.get("old") is None
