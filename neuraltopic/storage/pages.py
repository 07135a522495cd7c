"""Memory pages of arrays that are mapped from files."""

import mmap

import numpy as np
from numpy.typing import NDArray


def release_pages(*arrays: NDArray) -> None:
    """Let the pages of mapped arrays, or of the arrays that these are views of, leave memory.

    A pass over a large file would else keep all of it resident. What was written stays in the system's cache and goes
    to the file as it would; what is read again comes from there. Nothing happens to arrays in memory.
    """
    for array in arrays:
        mapped: object = array
        while isinstance(mapped, np.ndarray):
            mapped = mapped.base
        if isinstance(mapped, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
            mapped.madvise(mmap.MADV_DONTNEED)
