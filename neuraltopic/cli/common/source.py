"""The documents of several fits, from the given options."""

from pathlib import Path
from typing import TYPE_CHECKING

from neuraltopic.cli.common.embeddings import embedding_source
from neuraltopic.cli.common.option_groups import ReadAs, read_as, takes
from neuraltopic.cli.common.options import (
    CorpusOrCounts,
    EmbeddingsFile,
    EmbedWith,
    FirstSeed,
    HeldOut,
    HeldOutEmbeddings,
    OrderedTexts,
)
from neuraltopic.cli.common.preprocessing import settings_of
from neuraltopic.errors import UsageError
from neuraltopic.preprocessing.settings import Preprocessing

if TYPE_CHECKING:
    from neuraltopic.compare.source import Source


@takes(read_as=read_as, preprocessing=settings_of)
def source_of(
    path: CorpusOrCounts,
    seed: FirstSeed = 0,
    held_out: HeldOut = None,
    texts: OrderedTexts = None,
    embeddings: EmbeddingsFile = None,
    embed_with: EmbedWith = None,
    held_out_embeddings: HeldOutEmbeddings = None,
    *,
    read_as: ReadAs,
    preprocessing: Preprocessing,
) -> "Source":
    """Documents, or the prepared counts in a folder that has a train_bow.npz."""
    from neuraltopic.compare.counts_folder import is_counts_folder
    from neuraltopic.compare.source import Source
    from neuraltopic.reading.rows import Corpus
    from neuraltopic.reading.vectors.embedding_files import EmbeddingFile

    share = _share(held_out)
    apart = read_as.open(held_out) if held_out is not None and share is None else share
    if path == "-" or not is_counts_folder(Path(path)):
        corpus = read_as.open(path)
        beside = embedding_source(embeddings, embed_with, corpus)
        others = embedding_source(held_out_embeddings, None, corpus)
        if embed_with is not None and isinstance(apart, Corpus):
            others = embedding_source(held_out_embeddings, embed_with, apart)
        return Source(corpus, apart, preprocessing, None, texts, seed, beside, others)
    columns = None if read_as.text is None else ", ".join(read_as.text)
    of_documents = {"--text": columns, "--id": read_as.id, "--encoding": read_as.encoding, "--embed-with": embed_with}
    for option, value in of_documents.items():
        if value is not None:
            raise UsageError(
                option, expected="no value, as it applies only to documents", got=repr(str(value)), hint="Leave it out"
            )
    given = preprocessing if preprocessing != Preprocessing() else None
    files = [None if file is None else EmbeddingFile(file) for file in (embeddings, held_out_embeddings)]
    return Source(Path(path), apart, given, None, texts, seed, *files)


def _share(held_out: str | None) -> float | None:
    try:
        return None if held_out is None else float(held_out)
    except ValueError:
        return None
