"""Embeddings of documents from the given options: a file, or a local model."""

from pathlib import Path
from typing import TYPE_CHECKING

from neuraltopic.errors import UsageError, parameter

if TYPE_CHECKING:
    from neuraltopic.reading.rows import Corpus
    from neuraltopic.reading.vectors.embedding_files import EmbeddingSource


def embedding_source(
    embeddings: Path | None, embed_with: Path | None, corpus: "Corpus", *, device: str = "auto"
) -> "EmbeddingSource | None":
    """The embeddings that --embeddings or --embed-with names, for the documents of a corpus; None if neither is given.

    Raises
    ------
    UsageError
        When both are given, or either cannot be used.
    """
    if embeddings is not None and embed_with is not None:
        raise UsageError(
            parameter("embed_with"),
            expected="either it or embeddings from a file",
            got="both",
            hint="Leave one of them out",
        )
    if embed_with is not None:
        from neuraltopic.reading.vectors.embedding_models import EmbeddingModel, EmbeddingsByModel

        return EmbeddingsByModel(EmbeddingModel(embed_with, device=device), corpus)
    if embeddings is None:
        return None
    from neuraltopic.reading.vectors.embedding_files import EmbeddingFile

    return EmbeddingFile(embeddings)
