"""What happens to a server while it tries whether new code would start."""

import threading

import pytest

from config.serve import Server


@pytest.fixture
def server():
    """Give a server that was told to reload, and has no worker."""
    server = Server.__new__(Server)
    server._module = "json"
    server.wrks = []
    server.main_loop_interrupt = threading.Event()
    server.main_loop_interrupt.set()
    server.reload_signal, server.interrupt_signal, server.interrupt_children = True, False, []
    return server


def test_a_stop_that_comes_meanwhile_is_heard(server):
    server.interrupt_signal = True
    server._reload(None, None)
    assert (server.main_loop_interrupt.is_set(), server.reload_signal) == (True, False)


def test_a_worker_that_died_meanwhile_is_replaced_before_the_reload_goes_on(server):
    server.interrupt_children = [0]
    server._reload(None, None)
    assert (server.main_loop_interrupt.is_set(), server.reload_signal) == (True, True)


def test_code_that_would_not_start_is_not_tried_again_for_a_worker_that_died(server):
    server._module, server.interrupt_children = "no_such_module", [0]
    server._reload(None, None)
    assert (server.main_loop_interrupt.is_set(), server.reload_signal) == (True, False)


def test_code_that_would_not_start_changes_nothing(server):
    server._module = "no_such_module"
    server._reload(None, None)
    assert (server.main_loop_interrupt.is_set(), server.reload_signal) == (False, False)
