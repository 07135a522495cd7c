"""Memory pages of arrays that are mapped from files."""

import mmap

import numpy as np
from numpy.typing import NDArray


def release_pages(*arrays: NDArray) -> None:
    """Release the memory pages of mapped arrays, or of the arrays of which these are views.

    Otherwise a pass over a large file would keep all of it resident. Written data stay in the system's cache and reach
    the file as usual; later reads come from there. Arrays in memory are not affected.
    """
    for array in arrays:
        mapped: object = array
        while isinstance(mapped, np.ndarray):
            mapped = mapped.base
        if isinstance(mapped, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
            mapped.madvise(mmap.MADV_DONTNEED)
