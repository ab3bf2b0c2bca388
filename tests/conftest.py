"""What a run of all tests says at its end."""

import os

import pytest

ENABLE = "make test, as root on Debian, installs what is missing"


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session, exitstatus):
    """On CI a skipped test is a failure: nobody would notice a promise that is not tested."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if skipped and os.environ.get("CI") == "true" and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter):
    skipped = terminalreporter.stats.get("skipped", [])
    if skipped:
        terminalreporter.section("not run here")
        terminalreporter.line(f"{len(skipped)} tests were skipped; {ENABLE}.")
        if os.environ.get("CI") == "true":
            terminalreporter.line("CI=true: a skipped test is a failure.")
