"""Where the recipes look: installed packages, and the folder of data sets."""

import importlib.util
import os
from pathlib import Path


def package_folder(package: str) -> Path | None:
    """Find where a top-level package is installed without importing it; None where it is not."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations)))


def data_file(name: str) -> Path | None:
    """Find a data set in NEURALTOPIC_DATA, or in ../shared/data next to a checkout; None if it is not there."""
    named = os.environ.get("NEURALTOPIC_DATA")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "data"
    path = folder / name
    return path if path.is_file() else None
