"""What a run of all tests says at its end, and the whole systems they share."""

import os
import signal

import pytest
from django.test import override_settings

from tests.drills.table import table_write
from tests.system import system_run

ENABLE = "make test, as root on Debian, installs what is missing"
SYSTEMS = ("embedded", "cluster")


def pytest_configure():
    """Let a run that is told to end stop the servers it started."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Say which tests stay together when several processes share them: those of a system.

    Each process that got one of them would start the whole system for itself, and keep it.
    """
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))


def _group(item):
    params = item.callspec.id.split("-") if hasattr(item, "callspec") else ()
    used = {*item.fixturenames, *params}
    shared = [name for name in SYSTEMS if used & {name, f"{name}_system"}]
    if shared:
        return shared[-1]
    return "browser" if item.get_closest_marker("browser") else item.path.stem


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session, exitstatus):
    """On CI a skipped test is a failure: nobody would notice a promise that is not tested."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if skipped and os.environ.get("CI") == "true" and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter):
    table_write(terminalreporter)
    skipped = terminalreporter.stats.get("skipped", [])
    if skipped:
        terminalreporter.section("not run here")
        terminalreporter.line(f"{len(skipped)} tests were skipped; {ENABLE}.")
        if os.environ.get("CI") == "true":
            terminalreporter.line("CI=true: a skipped test is a failure.")


@pytest.fixture(autouse=True, scope="session")
def quick_hashers():
    """Passwords of tests are hashed at once; the real way takes half a second for each user."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(scope="session")
def embedded_system(tmp_path_factory):
    """One embedded Shoebox for all tests; ``embedded`` is the one to damage."""
    yield from system_run("embedded", tmp_path_factory.mktemp("embedded"))


@pytest.fixture(scope="session")
def cluster_system(tmp_path_factory):
    """One Shoebox on real parts for all tests; ``cluster`` is the one to damage."""
    yield from system_run("cluster", tmp_path_factory.mktemp("cluster"))


@pytest.fixture
def embedded(embedded_system):
    """Give the embedded system, and bring back what the test ended."""
    yield embedded_system
    embedded_system.settle()


@pytest.fixture
def cluster(cluster_system):
    """Give the cluster, and bring back what the test ended."""
    yield cluster_system
    cluster_system.settle()
