"""The documents of several fits, from the given options."""

from pathlib import Path
from typing import TYPE_CHECKING

from neuraltopic.cli.embeddings import embedding_source
from neuraltopic.cli.option_groups import takes
from neuraltopic.cli.options import (
    CorpusOrCounts,
    EmbeddingsFile,
    EmbedWith,
    Encoding,
    FirstSeed,
    HeldOut,
    HeldOutEmbeddings,
    IdColumn,
    OrderedTexts,
    TextColumn,
)
from neuraltopic.cli.preprocessing import settings_of
from neuraltopic.errors import UsageError
from neuraltopic.preprocessing.settings import Preprocessing

if TYPE_CHECKING:
    from neuraltopic.compare.source import Source


@takes(preprocessing=settings_of)
def source_of(
    path: CorpusOrCounts,
    seed: FirstSeed = 0,
    held_out: HeldOut = None,
    texts: OrderedTexts = None,
    embeddings: EmbeddingsFile = None,
    embed_with: EmbedWith = None,
    held_out_embeddings: HeldOutEmbeddings = None,
    text: TextColumn = None,
    id: IdColumn = None,
    encoding: Encoding = None,
    *,
    preprocessing: Preprocessing,
) -> "Source":
    """Documents, or the prepared counts in a folder that has a train_bow.npz."""
    from neuraltopic.compare.counts_folder import is_counts_folder
    from neuraltopic.compare.source import Source
    from neuraltopic.reading.readers import open_corpus
    from neuraltopic.reading.rows import Corpus
    from neuraltopic.reading.vectors.embedding_files import EmbeddingFile

    def opened(name: str) -> Corpus:
        return open_corpus(name, text=text, id=id, encoding=encoding)

    share = _share(held_out)
    apart = opened(held_out) if held_out is not None and share is None else share
    if path == "-" or not is_counts_folder(Path(path)):
        corpus = opened(path)
        beside = embedding_source(embeddings, embed_with, corpus)
        others = embedding_source(held_out_embeddings, None, corpus)
        if embed_with is not None and isinstance(apart, Corpus):
            others = embedding_source(held_out_embeddings, embed_with, apart)
        return Source(corpus, apart, preprocessing, None, texts, seed, beside, others)
    columns = text if text is None or isinstance(text, str) else ", ".join(text)
    for option, value in (("--text", columns), ("--id", id), ("--encoding", encoding), ("--embed-with", embed_with)):
        if value is not None:
            raise UsageError(option, expected="it only with documents", got=repr(str(value)), hint="Leave it out")
    given = preprocessing if preprocessing != Preprocessing() else None
    files = [None if file is None else EmbeddingFile(file) for file in (embeddings, held_out_embeddings)]
    return Source(Path(path), apart, given, None, texts, seed, *files)


def _share(held_out: str | None) -> float | None:
    try:
        return None if held_out is None else float(held_out)
    except ValueError:
        return None
