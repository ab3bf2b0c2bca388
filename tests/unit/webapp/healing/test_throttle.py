from concurrent.futures import ThreadPoolExecutor

from webapp.healing.throttle import Throttle


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


def _throttle(*rates, **options):
    clock = Clock()
    return Throttle(*rates, clock=clock, sleep=clock.sleep, **options), clock


def test_bytes_take_as_long_as_the_rate_says():
    throttle, clock = _throttle(100)

    for _ in range(10):
        throttle.spent(50)

    assert clock.now == 5.0


def test_small_blobs_take_as_long_as_their_own_rate_says():
    throttle, clock = _throttle(100, 4)

    for _ in range(10):
        throttle.spent(1, blobs=2)

    assert clock.now == 5.0


def test_large_blobs_take_as_long_as_their_bytes():
    throttle, clock = _throttle(100, 4)

    throttle.spent(500, blobs=2)

    assert clock.now == 5.0


def test_time_nobody_used_is_not_saved_up():
    throttle, clock = _throttle(100)
    clock.now = 60.0

    throttle.spent(200)

    assert clock.now == 62.0


def test_without_a_rate_nobody_waits():
    throttle, clock = _throttle(0)

    throttle.spent(10**12)

    assert clock.now == 0.0


def test_each_step_is_followed_by_a_rest():
    throttle, clock = _throttle(0, pause=0.5)

    throttle.step()
    throttle.step()

    assert clock.now == 1.0


def test_in_the_middle_of_an_image_nobody_rests_for_long_and_all_is_paid_after_it():
    throttle, clock = _throttle(100)

    throttle.blob(500)
    within = clock.now
    throttle.step()

    assert (within, clock.now) == (1.0, 5.0)


def test_threads_share_what_a_second_allows():
    rests = []
    throttle = Throttle(0, 8, clock=lambda: 0.0, sleep=rests.append)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(throttle.blob, [1] * 8))

    assert sorted(rests) == [0.125 * turn for turn in range(1, 9)]
