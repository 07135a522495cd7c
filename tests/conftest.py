"""What every test may ask for."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The real corpora, which are not in the repository."""
    named = os.environ.get("NEURALTOPIC_DATA")
    folder = Path(named) if named else Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"real corpora not found in {folder}: set NEURALTOPIC_DATA to the folder that holds them")
    return folder
