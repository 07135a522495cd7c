"""Vectors on disk: vectors.npy for programs, vectors.parquet with their ids.

Axes: D documents or images, K dimensions.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from neuraltopic.storage.arrays import RowsWriter
from neuraltopic.storage.pages import release_pages

if TYPE_CHECKING:
    import pandas as pd

VECTORS_NPY = "vectors.npy"
VECTORS_PARQUET = "vectors.parquet"


def write_vectors(
    folder: Path,
    columns: Mapping[str, Sequence[str]],
    blocks: Iterable[NDArray[np.float32]],
    *,
    shape: tuple[int, int],
    npy: str = VECTORS_NPY,
    parquet: str = VECTORS_PARQUET,
) -> None:
    """Write both files block by block, so that the vectors need never stand in memory as a whole.

    Parameters
    ----------
    folder : Path
    columns : mapping of str to D str
        The other columns of the Parquet file: the id first.
    blocks : iterable of float32 arrays of shape (any, K)
        D rows together, in order.
    shape : (D, K)
    npy, parquet : str
        What the files are called.
    """
    import pyarrow as pa
    import pyarrow.parquet

    n_components = shape[1]
    schema = pa.schema([(name, pa.string()) for name in columns] + [("vector", pa.list_(pa.float32(), n_components))])
    start = 0
    with (
        RowsWriter(folder / npy, "<f4", shape) as npy_writer,
        pyarrow.parquet.ParquetWriter(folder / parquet, schema, compression="zstd") as writer,
    ):
        for block in blocks:
            block = np.ascontiguousarray(block, "<f4")
            npy_writer.append(block)
            stop = start + len(block)
            arrays = [pa.array(values[start:stop], pa.string()) for values in columns.values()]
            arrays.append(pa.FixedSizeListArray.from_arrays(pa.array(block.ravel()), n_components))
            writer.write_table(pa.table(arrays, schema=schema))  # an array may come in chunks
            release_pages(block)
            start = stop


def read_vectors(path: Path) -> "pd.DataFrame":
    """The Parquet file as a table with a column for each dimension: id, z0, ..., z(K-1)."""
    import pandas as pd
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(path)
    vectors = table["vector"].combine_chunks()
    values = vectors.flatten().to_numpy().reshape(len(vectors), vectors.type.list_size)
    frame = pd.DataFrame(values, columns=[f"z{k}" for k in range(values.shape[1])])
    for position, name in enumerate(table.column_names[:-1]):
        frame.insert(position, name, table[name].to_pandas())
    return frame
