"""Faults of every kind while a fleet works: each job ends once, with the text of an undisturbed run.

Where jobs redact and all is encrypted, nothing that was taken out is left anywhere either.

The same for longer, with more jobs: `make soak`.
"""

from pathlib import Path

import pytest

from faults.chaos import FAULTS
from faults.soak import Run, seed, torture


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_fleet_keeps_promises_under_faults(tmp_path: Path) -> None:
    torture(tmp_path, Run(seed(), jobs=24, seconds=40.0, faults=len(FAULTS)))


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_fleet_that_redacts_leaves_no_secrets_under_faults(tmp_path: Path) -> None:
    torture(tmp_path, Run(seed(), jobs=24, seconds=40.0, faults=len(FAULTS), encrypted=True, redacted=True))
