"""How the tests are divided among processes, where there are several."""

import pytest
from xdist.scheduler import LoadScopeScheduling

TOGETHER = "tests/contract/"
"""Tests that share servers, and of which one looks back on all others."""


class ByFile(LoadScopeScheduling):  # type: ignore[misc]  # pytest-xdist's scheduler is not typed
    """By file, so that what a file needs is made once."""

    def _split_scope(self, nodeid: str) -> str:
        return TOGETHER if nodeid.startswith(TOGETHER) else nodeid.partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFile:
    """Asked by pytest-xdist for what divides the tests."""
    return ByFile(config, log)
