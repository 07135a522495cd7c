"""The directions of the documents of a segment, completed by what their embeddings suggest."""

import os
from pathlib import Path

import numpy as np

from neuraltopic.search.segments import DIRECTIONS, EMBEDDINGS
from neuraltopic.search.texts import damaged, open_array
from neuraltopic.storage.arrays import RowsWriter
from neuraltopic.storage.pages import release_pages
from neuraltopic.topics.retrieval.embedding_topics import EmbeddingTopics

# Documents in memory.
_AT_ONCE = 1 << 14


def learn_embedding_topics(segment: Path, file: Path) -> None:
    """Learn from the documents of a segment what embeddings suggest, and write it to a file."""
    directions, embeddings = (open_array(segment / name, np.float32, 2) for name in (DIRECTIONS, EMBEDDINGS))
    found = EmbeddingTopics.learned(directions, embeddings)
    release_pages(directions, embeddings)
    np.save(file, found.map)


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
    """Write the directions of a new segment again, by words and embeddings."""
    of_words, embeddings = (open_array(segment / name, np.float32, 2) for name in (DIRECTIONS, EMBEDDINGS))
    completed = segment / f"{DIRECTIONS}.completed"
    with RowsWriter(completed, np.float32, of_words.shape) as writer:
        for start in range(0, len(of_words), _AT_ONCE):
            rows = slice(start, start + _AT_ONCE)
            writer.append(embedding_topics.directions(of_words[rows], embeddings[rows]))
            release_pages(of_words, embeddings)
    del of_words
    os.replace(completed, segment / DIRECTIONS)
