"""The directions of the documents of new segments, completed by what their embeddings suggest."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neuraltopic.search.segments import DIRECTIONS, EMBEDDINGS
from neuraltopic.search.texts import damaged, open_array
from neuraltopic.storage.arrays import RowsWriter
from neuraltopic.storage.pages import release_pages
from neuraltopic.topics.retrieval.embedding_topics import EmbeddingTopics

# Documents from which is learned, at most: a sixteenth of them are nearly as good, see tests/benchmarks/README.md.
_SAMPLE = 1 << 16
# Documents in memory.
_AT_ONCE = 1 << 12


def learn_embedding_topics(segments: Sequence[Path], file: Path) -> None:
    """Learn from the documents of new segments what embeddings suggest, write it to a file, and complete their
    directions by it."""
    parts = [_directions_and_embeddings(segment) for segment in segments]
    found = EmbeddingTopics.learned(_sample(parts), (parts[0][1].shape[1], parts[0][0].shape[1]))
    np.save(file, found.map)
    for segment in segments:
        complete_directions(segment, found)


def _sample(parts: Sequence[tuple[NDArray, NDArray]]) -> Iterator[tuple[NDArray, NDArray]]:
    """Directions and embeddings of documents at even distances, of all if they are few, in blocks."""
    n_documents = sum(len(directions) for directions, _ in parts)
    step = max(1, -(-n_documents // _SAMPLE))
    for directions, embeddings in parts:
        for start in range(0, len(directions), step * _AT_ONCE):
            rows = slice(start, start + step * _AT_ONCE, step)
            yield directions[rows], embeddings[rows]
            release_pages(directions, embeddings)


def open_embedding_topics(file: Path, n_dimensions: int, n_topics: int) -> EmbeddingTopics:
    """What `learn_embedding_topics` wrote.

    Raises
    ------
    NeuralTopicError
        When it is of another shape.
    """
    of_rows = open_array(file, np.float32, 2)
    if of_rows.shape != (n_dimensions + 1, n_topics):
        raise damaged(file, f"shape {(n_dimensions + 1, n_topics)}", f"{of_rows.shape}")
    return EmbeddingTopics(of_rows)


def complete_directions(segment: Path, embedding_topics: EmbeddingTopics) -> None:
    """Write the directions of a new segment, which are by words alone, again by words and embeddings."""
    of_words, embeddings = _directions_and_embeddings(segment)
    completed = segment / f"{DIRECTIONS}.completed"
    with RowsWriter(completed, np.float32, of_words.shape) as writer:
        for start in range(0, len(of_words), _AT_ONCE):
            rows = slice(start, start + _AT_ONCE)
            writer.append(embedding_topics.directions(of_words[rows], embeddings[rows]))
            release_pages(of_words, embeddings)
    del of_words
    os.replace(completed, segment / DIRECTIONS)


def _directions_and_embeddings(segment: Path) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return open_array(segment / DIRECTIONS, np.float32, 2), open_array(segment / EMBEDDINGS, np.float32, 2)
