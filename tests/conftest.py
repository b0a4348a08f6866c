"""Fixtures for every area: the real data sets kept outside the repository, and hypothesis without deadlines."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# The first call of a kernel compiles it, which no deadline can foresee; derandomised, so that a failure is everybody's.
settings.register_profile("panlearn", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("panlearn")

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the larger real data sets: $PANLEARN_DATA, or `../shared/data` beside the repository."""
    folder = Path(os.environ.get("PANLEARN_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no data sets at {folder}: set PANLEARN_DATA to the folder that has them")
    return folder
