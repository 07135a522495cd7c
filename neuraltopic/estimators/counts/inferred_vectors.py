"""Vectors of the documents of a fit: in memory, or in a folder from which an interrupted inference resumes.

vectors.npy    float32 (D, K), of which the blocks that are done are filled
inferred.json  digest of the inference, and for each finished block the information and mean shares of the topics
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neuraltopic.errors import NeuralTopicError
from neuraltopic.storage.pages import release_pages
from neuraltopic.storage.strict_json import read_json, write_json
from neuraltopic.topics.interpretation import TopicInterpretation
from neuraltopic.topics.row_blocks import blocks

_VECTORS, _DONE = "vectors.npy", "inferred.json"
_MOST_BYTES = 1 << 28


class InferredVectors:
    """Vectors (D, K), filled block by block.

    Parameters
    ----------
    n_documents, n_topics : int
        D and K.
    folder : Path, optional
        Where they are kept; in memory by default.
    request : str
        Digest of the model and documents. Vectors of another digest in the folder are computed again.

    Attributes
    ----------
    vectors : float32 array of shape (D, K)
        Mapped from disk where there is a folder.
    """

    def __init__(self, n_documents: int, n_topics: int, folder: Path | None, request: str) -> None:
        self._n_documents = n_documents
        self._folder = folder
        self._request = request
        self._information: list[list[float]] = []
        self._share: list[list[float]] = []
        shape = (n_documents, n_topics)
        self.vectors: NDArray[np.float32]
        if folder is None:
            self.vectors = np.empty(shape, np.float32)
        elif not self._resume(folder, shape):
            self.vectors = np.lib.format.open_memmap(folder / _VECTORS, "w+", np.float32, shape)

    def to_do(self) -> Iterator[slice]:
        """The rows of each block that is not done, in order."""
        yield from list(blocks(self._n_documents))[len(self._share) :]

    def fill(
        self,
        rows: slice,
        vectors: NDArray[np.float32],
        information: NDArray[np.floating],
        share: NDArray[np.floating],
    ) -> None:
        """Take the next block: vectors (n, K), the information of each topic in it and its mean share, both (K,)."""
        self.vectors[rows] = vectors
        self._information.append(information.tolist())
        self._share.append(share.tolist())
        if self._folder is not None:
            assert isinstance(self.vectors, np.memmap)
            self.vectors.flush()
            release_pages(self.vectors)
            done = {"request": self._request, "information": self._information, "share": self._share}
            write_json(self._folder / _DONE, done)

    def pooled(self, interpretation: TopicInterpretation) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """The information of each topic, and its mean share, of all documents, both (K,)."""
        information, share = np.array(self._information, np.float32), np.array(self._share)
        if len(share) == 1:
            return information[0], share[0]
        sizes = np.array([rows.stop - rows.start for rows in blocks(self._n_documents)])
        weights = sizes / sizes.sum()
        return interpretation.pooled_information(weights, information, share), weights @ share

    def _resume(self, folder: Path, shape: tuple[int, int]) -> bool:
        """Resume from the folder, if it belongs to this request."""
        try:
            done = read_json(folder / _DONE, _MOST_BYTES)
            vectors = np.lib.format.open_memmap(folder / _VECTORS, "r+")
        except (NeuralTopicError, OSError, ValueError):
            return False
        if not isinstance(done, dict) or done.get("request") != self._request:
            return False
        if vectors.shape != shape or vectors.dtype != np.float32:
            return False
        self.vectors, self._information, self._share = vectors, done["information"], done["share"]
        return True
