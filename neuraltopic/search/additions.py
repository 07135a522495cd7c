"""Documents that are to be added to an index: which of them it has already, and what the others are called."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from neuraltopic.errors import NeuralTopicError
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.reading.rows import Corpus, note
from neuraltopic.search.documents import IndexedDocuments
from neuraltopic.search.texts import Texts


def settle_ids(
    documents: IndexedDocuments, folder: Path, corpus: Corpus, ids: Sequence[str]
) -> tuple[list[str], list[int]]:
    """The ids of new documents, and the places of those that the index has already.

    A document with the id and the text of one in the index is that document; where no texts are kept, the counts of
    words are compared. Where the rows of a file are numbered and the index has other documents under such numbers,
    all ids begin with the name of the file: news.txt:17.

    Parameters
    ----------
    documents : IndexedDocuments
        Those of the index.
    folder : Path
        The segment of the new documents, of which counts and texts are written.
    corpus : Corpus
        What they were read from.
    ids : sequence of str

    Raises
    ------
    NeuralTopicError
        When the index has another document of the same id.
    """
    called = list(ids)
    same, others = _compared(documents, folder, called)
    if others and corpus.path is not None and corpus.options["id"] is None and _numbered(ids):
        called = [f"{corpus.path.name}:{id}" for id in ids]
        same, others = _compared(documents, folder, called)
    if others:
        raise NeuralTopicError(
            "documents",
            expected="ids that no other document of the index has",
            got=f"{len(others):,} that others have, such as {called[others[0]]!r:.60}",
            hint="Delete these first (index --delete ID), or give the new documents other ids in a column id",
        )
    if same:
        note(corpus.name, f"{len(same):,} of {len(ids):,} documents are in the index already")
    if called != ids and len(same) < len(ids):
        note(corpus.name, f"its rows are numbered as others of the index are, so their ids are {called[0]} and so on")
    return called, same


def _compared(documents: IndexedDocuments, folder: Path, ids: Sequence[str]) -> tuple[list[int], list[int]]:
    """Places of documents that the index has, and of those that have the id of another."""
    counts = Counts.open(folder / "counts")
    texts = Texts(folder, "texts") if (folder / "texts.utf8").exists() else None
    same, others = list[int](), list[int]()
    for place, id in enumerate(ids):
        if (document := documents.find(id)) is None:
            continue
        if texts is not None:
            equal = texts[place] == documents.text(document)
        else:
            segment, there = documents.locate(document)
            mine, its = counts.slice(place, place + 1), segment.documents.counts.slice(there, there + 1)
            equal = np.array_equal(mine.indices, its.indices) and np.array_equal(mine.data, its.data)
        (same if equal else others).append(place)
    return same, others


def _numbered(ids: Sequence[str]) -> bool:
    """Whether ids are rising numbers, as rows without an id have."""
    return all(id.isdecimal() for id in ids) and bool((np.diff([int(id) for id in ids]) > 0).all())
