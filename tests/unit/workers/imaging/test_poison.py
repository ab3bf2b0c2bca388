"""A picture that costs too much, or kills its decoder, costs only itself."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.unit.workers.imaging.pictures import encoded, noise, quadrants
from tests.unit.workers.imaging.processes import holds, is_dead, is_gone, wait_until
from workers.imaging.errors import ChildKilledError, LimitHitError, NotDecodableError
from workers.imaging.model import MEBIBYTE, Limits
from workers.imaging.renderer import Renderer, render_limited

GOOD = encoded(quadrants(), "JPEG").getvalue()


@pytest.fixture(scope="module")
def huge(tmp_path_factory):
    """A legal picture that takes over a second and about 100 MB."""
    path = tmp_path_factory.mktemp("huge") / "original"
    path.write_bytes(encoded(noise(3600, 2400, "RGBA"), "TIFF").getvalue())
    return path


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (Limits(memory_bytes=64 * MEBIBYTE), "limit-memory"),
        (Limits(cpu_seconds=0.1), "limit-cpu"),
        (Limits(wall_seconds=0.1), "limit-wall"),
    ],
    ids=["memory", "cpu", "wall"],
)
def test_a_limit_hit_is_told_and_costs_only_its_picture(huge, limits, code):
    with Renderer(limits=limits) as renderer:
        pid = renderer.pid
        with pytest.raises(LimitHitError) as caught:
            renderer.render(huge)
        assert caught.value.code == code
        assert is_gone(pid)
        assert renderer.render(GOOD).renditions


def test_a_chunk_that_lies_about_its_length_costs_no_memory():
    data = bytearray(encoded(noise(200, 200), "PNG").getvalue())
    at = data.index(b"IDAT")
    data[at - 4 : at] = (2**31 - 1).to_bytes(4)
    with Renderer() as renderer, pytest.raises(NotDecodableError):
        renderer.render(bytes(data))


def test_time_starts_anew_with_every_picture():
    picture = encoded(noise(400, 300), "JPEG").getvalue()
    with Renderer(limits=Limits(cpu_seconds=0.5)) as renderer:
        pids = set()
        for _ in range(20):
            renderer.render(picture)
            pids.add(renderer.pid)
    assert len(pids) == 1


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
def test_a_child_killed_in_the_middle_is_told_and_replaced(huge, number):
    with Renderer() as renderer, ThreadPoolExecutor(1) as pool:
        pid = renderer.pid
        result = pool.submit(renderer.render, huge)
        wait_until(lambda: holds(pid, huge))
        os.kill(pid, number)
        with pytest.raises(ChildKilledError) as caught:
            result.result()
        assert caught.value.detail == f"signal {number}"
        assert is_gone(pid)
        assert renderer.render(GOOD).renditions


def test_a_child_that_died_while_idle_costs_no_picture():
    with Renderer() as renderer:
        renderer.render(GOOD)
        pid = renderer.pid
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: is_dead(pid))
        assert renderer.render(GOOD).renditions
        assert is_gone(pid)


def test_an_interrupted_caller_leaves_no_half_spoken_child(huge):
    class PoolTimeLimit(BaseException):
        pass

    def interrupt(_number, _frame):
        raise PoolTimeLimit

    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        with Renderer() as renderer:
            pid = renderer.pid
            watcher = threading.Thread(target=interrupt_when_busy, args=(pid, huge))
            watcher.start()
            with pytest.raises(PoolTimeLimit):
                renderer.render(huge)
            watcher.join()
            assert is_gone(pid)
            assert renderer.render(GOOD).picture.width == 96
    finally:
        signal.signal(signal.SIGUSR1, before)


def interrupt_when_busy(pid, path):
    wait_until(lambda: holds(pid, path))
    os.kill(os.getpid(), signal.SIGUSR1)


PARENT = """
import sys, pathlib, threading
from workers.imaging.renderer import Renderer
renderer = Renderer()
renderer.start()
print(renderer.pid, flush=True)
if len(sys.argv) > 1:
    renderer.render(pathlib.Path(sys.argv[1]))
sys.stdin.read()
"""


@pytest.mark.parametrize("state", ["idle", "busy"])
def test_a_child_dies_with_a_parent_killed_by_9(huge, state):
    arguments = [str(huge)] if state == "busy" else []
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[4],
    ) as parent:
        pid = int(parent.stdout.readline())
        wait_until(lambda: state == "idle" or holds(pid, huge))
        parent.kill()
        wait_until(lambda: is_dead(pid))


def test_a_child_works_for_a_daemonic_pool_process():
    def work():
        os._exit(0 if render_limited(GOOD).renditions else 1)

    process = multiprocessing.get_context("fork").Process(target=work, daemon=True)
    process.start()
    process.join()
    assert process.exitcode == 0


def test_a_forked_process_starts_its_own_child_and_leaves_ours_alone():
    with Renderer() as renderer:
        renderer.render(GOOD)
        ours = renderer.pid

        def work():
            renderer.render(GOOD)
            os._exit(0 if renderer.pid != ours else 1)

        process = multiprocessing.get_context("fork").Process(target=work)
        process.start()
        process.join()
        assert process.exitcode == 0
        renderer.render(GOOD)
        assert renderer.pid == ours


def test_the_child_of_a_thread_ends_with_it():
    def child_pids():
        render_limited(GOOD)
        return children(os.getpid())

    before = children(os.getpid())
    with ThreadPoolExecutor(1) as pool:
        started = pool.submit(child_pids).result() - before
    assert len(started) == 1
    wait_until(lambda: is_gone(*started))


def children(pid):
    paths = Path(f"/proc/{pid}/task").glob("*/children")
    return {int(child) for path in paths for child in path.read_text().split()}


def test_a_child_knows_no_secret_of_its_parent(monkeypatch):
    monkeypatch.setenv("SHOEBOX_SECRET_KEY", "never told")
    with Renderer() as renderer:
        renderer.render(GOOD)
        assert b"never told" not in Path(f"/proc/{renderer.pid}/environ").read_bytes()


@pytest.mark.parametrize("line", ["Max file size             0 ", "Max core file size        1 "])
def test_a_child_writes_no_file_and_leaves_no_core(line):
    with Renderer() as renderer:
        renderer.render(GOOD)
        assert line in Path(f"/proc/{renderer.pid}/limits").read_text()
