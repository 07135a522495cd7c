"""The model that embedded the documents of an index embeds its queries."""

import contextlib
import threading
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from neuraltopic.errors import NeuralTopicError, UsageError, parameter
from neuraltopic.reading.vectors.embedding_files import EmbeddingSource
from neuraltopic.reading.vectors.embedding_models import EmbeddingModel, EmbeddingsByModel
from neuraltopic.search.folder import Generation


class QueryEncoder:
    """Embeds queries, one at a time; the model is loaded for the first.

    Parameters
    ----------
    folder : path
        Of the model.
    sha256 : str, optional
        The digest that the model must have.
    """

    def __init__(self, folder: str | Path, sha256: str | None) -> None:
        self.folder = Path(folder)
        self._sha256 = sha256
        self._one_at_a_time = threading.Lock()

    @classmethod
    def of(cls, generation: Generation, embed_with: str | Path | None) -> Self | None:
        """That of an index, or of the folder that is named in its place; None if neither is known.

        Raises
        ------
        UsageError
            When a folder is named for an index without embeddings.
        """
        if embed_with is not None and generation.n_dimensions is None:
            raise UsageError(
                parameter("embed_with"),
                expected="an index with embeddings",
                got="one without",
                hint="Build it again with --embed-with",
            )
        known = generation.embedder
        folder = embed_with if embed_with is not None or known is None else known["model"]
        return None if folder is None else cls(folder, None if known is None else known["sha256"])

    def ready(self) -> None:
        """Load the model, so that the first query does not wait for it; if that fails, `encode` says why."""
        with contextlib.suppress(NeuralTopicError):
            self.encode("")

    def encode(self, text: str) -> NDArray[np.float32]:
        """The embedding of a text, (C,).

        Raises
        ------
        UsageError
            When the model is not there or is another, or its library is not installed.
        NeuralTopicError
            When it cannot be loaded.
        """
        with self._one_at_a_time:
            return self._model.encode([text])[0]

    @cached_property
    def _model(self) -> EmbeddingModel:
        model = EmbeddingModel(self.folder, device="cpu")
        if self._sha256 is not None and model.sha256 != self._sha256:
            raise UsageError(
                model.name,
                expected="the model that embedded the documents",
                got="another content",
                hint="Name the folder of that model by --embed-with, or build the index again",
            )
        return model


def dimensions_of(embeddings: Any) -> int | None:
    """C of embeddings of documents, None if there are none."""
    if embeddings is None:
        return None
    return embeddings.n_dimensions if isinstance(embeddings, EmbeddingSource) else int(np.shape(embeddings)[-1])


def embedder_of(embeddings: Any) -> dict[str, str] | None:
    """The model that made embeddings of documents, by its whole path; None if that is not known."""
    if not isinstance(embeddings, EmbeddingsByModel):
        return None
    return embeddings.facts() | {"model": str(embeddings.model.folder.resolve())}
