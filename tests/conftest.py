"""How the tests are divided among processes, where there are several."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent
TOGETHER = HERE / "contract"
"""Tests that share servers, and of which one looks back on all others."""


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the marks in this hook as well
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """By file, so that what a file needs is made once."""
    for item in items:
        group = TOGETHER if item.path.is_relative_to(TOGETHER) else item.path
        item.add_marker(pytest.mark.xdist_group(group.relative_to(HERE).as_posix()))
