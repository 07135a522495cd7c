"""Where the corpora of the benchmarks are."""

import os
from pathlib import Path


def data_folder() -> Path:
    """The folder NEURALTOPIC_DATA, else shared/data next to the checkout."""
    return Path(os.environ.get("NEURALTOPIC_DATA", Path(__file__).parents[3] / "shared" / "data"))
