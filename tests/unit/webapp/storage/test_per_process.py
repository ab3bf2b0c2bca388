"""Values that every process makes for itself."""

import os
from concurrent.futures import ThreadPoolExecutor

from webapp.storage.per_process import PerProcess


def test_a_value_is_made_once_for_all_threads():
    value = PerProcess(object)
    with ThreadPoolExecutor(8) as executor:
        assert len(set(executor.map(lambda _: value.get(), range(100)))) == 1


def test_another_process_makes_its_own(monkeypatch):
    value = PerProcess(object)
    ours = value.get()
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert value.get() is not ours


def test_a_value_that_could_not_be_made_is_tried_again():
    tries = iter([ZeroDivisionError(), None])

    def make() -> str:
        error = next(tries)
        if error:
            raise error
        return "made"

    value = PerProcess(make)
    try:
        value.get()
    except ZeroDivisionError:
        assert value.get() == "made"
