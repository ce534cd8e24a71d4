"""How the tests are divided among processes, where there are several, and that none is a matter of time."""

import os
from pathlib import Path

import hypothesis
import pytest
from xdist.scheduler import LoadScopeScheduling

# Machines are slow at times.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

TOGETHER = "tests/contract/"
"""Tests that share servers, and of which one looks back on all others."""


class ByFile(LoadScopeScheduling):  # type: ignore[misc]  # pytest-xdist's scheduler is not typed
    """By file, so that what a file needs is made once."""

    def _split_scope(self, nodeid: str) -> str:
        return TOGETHER if nodeid.startswith(TOGETHER) else nodeid.partition("::")[0]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """By folder. `contract` and `faults`, the slowest, come early, and `unit`, the quickest, at the end.

    So no process still has a long file in front of it when the others are done.
    """
    if "LONG_TESTS" not in os.environ:
        for item in items:
            if item.get_closest_marker("long"):
                item.add_marker(pytest.mark.skip("takes long: .ci/run runs it, or LONG_TESTS=1 make test"))
    here = Path(__file__).parent
    items.sort(key=lambda item: item.path.relative_to(here).parts[0])


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFile:
    """Asked by pytest-xdist for what divides the tests."""
    return ByFile(config, log)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests recorded of what they saw."""
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, value in report.user_properties:
                terminalreporter.section(name)
                terminalreporter.write_line(str(value))
