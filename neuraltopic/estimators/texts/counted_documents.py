"""Documents of a topic model: opened, counted, and matched with the rows of the input.

Axes: N input rows, D documents that were counted.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.preprocessing.ledger.ledger import Ledger, Status
from neuraltopic.preprocessing.preparation import Preparation, corpus_sha256, prepare, reopen
from neuraltopic.preprocessing.preprocessor import Preprocessor
from neuraltopic.reading.readers import open_corpus
from neuraltopic.reading.rows import Corpus, TextColumns
from neuraltopic.reading.vectors.embeddings import Embeddings, embeddings_of_input

if TYPE_CHECKING:
    from neuraltopic.progress import Progress

# Texts, lists of words, a data frame, or a path to them.
Documents = Any


def no_known_word(name: str, ledger: Ledger) -> NeuralTopicError:
    """The error of a corpus of which no document has a word of the model."""
    return NeuralTopicError(
        name,
        expected="a document with a word of the model",
        got=f"none in {ledger.summary()}",
        hint="Give documents of the language and kind that the model was fitted on",
    )


def as_corpus(documents: Documents, text: TextColumns = None, id: str | None = None) -> Corpus:
    """The documents as a corpus.

    Raises
    ------
    UsageError
        When they are a corpus already, and columns are named.
    """
    if not isinstance(documents, Corpus):
        return open_corpus(documents, text=text, id=id)
    for name, column in (("text", text), ("id", id)):
        if column is not None:
            raise UsageError(
                name,
                expected="no value, as the columns of a Corpus are chosen when it is opened",
                got=repr(column),
                hint=f"open_corpus(..., {name}=...)",
            )
    return documents


def counted(
    corpus: Corpus,
    using: Preprocessor,
    workspace: Path | None,
    progress: "Progress | None",
    *,
    compare: bool,
) -> Preparation:
    """The counts of a corpus, or those that an earlier call with the same arguments left in the workspace.

    Parameters
    ----------
    compare : bool
        Whether to read the texts again and compare their digest with that of the workspace.

    Raises
    ------
    UsageError
        When the workspace is that of other documents or settings.
    """
    workspace = Path(workspace) if workspace else None
    preparation = reopen(workspace) if workspace else None
    if preparation is None:
        return prepare(corpus, using, workspace=workspace, progress=progress)
    found = preparation.preprocessor
    same = found.state() == using.state() if using.learned else found.settings == using.settings
    if not same or (compare and preparation.corpus_sha256 != corpus_sha256(corpus)):
        raise UsageError(
            f"workspace {workspace}",
            expected="that of a fit of these documents with these settings",
            got="that of another",
            hint="Name another folder",
        )
    return preparation


def embeddings_of_rows(preparation: Preparation, embeddings: Any) -> Embeddings | None:
    """The embedding of each input row that could be read, of `embeddings` of the input rows."""
    if embeddings is None:
        return None
    ledger = preparation.ledger
    return embeddings_of_input(embeddings, ledger["id"].tolist(), readable_rows(preparation))


def readable_rows(preparation: Preparation) -> NDArray[np.bool_]:
    """Whether each input row could be read, (N,)."""
    return preparation.ledger["status"].to_numpy() != Status.UNDECODABLE


def first_rows(position: NDArray[np.int64]) -> NDArray[np.int64]:
    """The first input row of each document that was counted, from the document of each input row, -1 for none."""
    documents, rows = np.unique(position, return_index=True)
    return rows[documents >= 0]


def in_input_order(of_documents: NDArray[Any], position: NDArray[np.int64], of_nothing: Any) -> NDArray[Any]:
    """The entry of `of_documents` for each input row, or `of_nothing` if its position is -1."""
    out = np.empty((len(position), *of_documents.shape[1:]), of_documents.dtype)
    out[:] = of_nothing
    has = position >= 0
    out[has] = of_documents[position[has]]
    return out
