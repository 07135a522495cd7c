"""A corpus made ready for fitting, in memory or in a folder that a stopped fit finds again."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neuraltopic.errors import NeuralTopicError
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.preprocessing.losses import Losses
from neuraltopic.preprocessing.passages import PassageCounts
from neuraltopic.preprocessing.preprocessor import PASSAGES, Preprocessor
from neuraltopic.reading.rows import Row
from neuraltopic.storage.formats import PREPARATION
from neuraltopic.storage.strict_json import read_json, write_json
from neuraltopic.storage.tables import write_table

if TYPE_CHECKING:
    import pandas as pd

    from neuraltopic.progress import Progress

MAX_STATE_BYTES = 1 << 28


@dataclass
class Preparation:
    """What a fit needs of a corpus.

    Attributes
    ----------
    counts : Counts of shape (D, V)
    ledger : DataFrame
        A line per input row.
    position : int64 array
        Row of `counts` for each input row; -1 where it has none.
    preprocessor : Preprocessor
    corpus_sha256 : str
        Digest of every id and text, in order.
    n_unknown, losses, passages
        As in `Prepared`.
    """

    counts: Counts
    ledger: "pd.DataFrame"
    position: NDArray[np.int64]
    preprocessor: Preprocessor
    corpus_sha256: str
    n_unknown: int
    losses: Losses | None
    passages: PassageCounts | None

    @property
    def training(self) -> Counts:
        """The counts to learn from: those of the passages, where there are any."""
        return self.counts if self.passages is None else self.passages.counts

    def weights(self) -> NDArray[np.float64] | None:
        """Number of input rows that each row of `training` represents, copies included; None if it is one each."""
        copies = self.copies()
        if self.passages is not None:
            return self.passages.weights(copies)
        return copies if (copies != 1).any() else None

    def rows(self) -> str:
        """How many input rows there are, and of each status."""
        statuses = ", ".join(f"{n:,} {status}" for status, n in self.ledger["status"].value_counts().items())
        return f"{len(self.ledger):,} rows: {statuses}"

    def copies(self) -> NDArray[np.float64]:
        """How many input rows have the text of each document, (D,)."""
        return np.bincount(self.position[self.position >= 0], minlength=len(self.counts)).astype(np.float64)


def prepare(
    rows: Iterable[Row],
    preprocessor: Preprocessor,
    *,
    workspace: Path | None,
    progress: "Progress | None",
) -> Preparation:
    """Read and count a corpus. With a workspace the counts stay there, mapped, and `reopen` finds all of it again.

    Parameters
    ----------
    preprocessor : Preprocessor
        One that has learned a vocabulary, or that is to learn it from the corpus.
    """
    corpus = DigestedRows(rows)
    if not preprocessor.learned:
        prepared = preprocessor.fit_transform(corpus, workspace=workspace, progress=progress)
    else:
        prepared = preprocessor.transform(corpus, only_new=True, workspace=workspace, progress=progress)
    preparation = Preparation(
        prepared.counts,
        prepared.ledger.to_frame(),
        prepared.position,
        preprocessor,
        corpus.sha256.hexdigest(),
        prepared.n_unknown,
        prepared.losses,
        prepared.passages,
    )
    if workspace is not None:
        np.save(workspace / "position.npy", preparation.position)
        write_table(preparation.ledger, workspace / "ledger.parquet", "parquet")
        if preparation.passages is not None:
            np.save(workspace / PASSAGES / "document.npy", preparation.passages.document)
        # Written last: where it is, the rest is whole.
        state = {
            "corpus_sha256": preparation.corpus_sha256,
            "n_unknown": preparation.n_unknown,
            "losses": preparation.losses and preparation.losses.to_dict(),
            "preprocessor": preprocessor.state(),
        }
        write_json(workspace / PREPARATION, state)
    return preparation


def reopen(workspace: Path) -> Preparation | None:
    """The preparation that `prepare` finished in this folder, or None.

    Raises
    ------
    NeuralTopicError
        When a part of it is missing or damaged.
    """
    import pandas as pd

    if not (workspace / PREPARATION).exists():
        return None
    try:
        state: Any = read_json(workspace / PREPARATION, MAX_STATE_BYTES)
        apart = workspace / PASSAGES
        return Preparation(
            Counts.open(workspace / "counts"),
            pd.read_parquet(workspace / "ledger.parquet"),
            np.load(workspace / "position.npy", allow_pickle=False),
            Preprocessor.from_state(state["preprocessor"]),
            state["corpus_sha256"],
            state["n_unknown"],
            None if state["losses"] is None else Losses.from_dict(state["losses"]),
            PassageCounts(Counts.open(apart / "counts"), np.load(apart / "document.npy", allow_pickle=False))
            if apart.exists()
            else None,
        )
    except (KeyError, TypeError, ValueError, OSError, EOFError) as error:
        raise NeuralTopicError(
            f"workspace {workspace}",
            expected="the files of an unfinished fit",
            got=f"{type(error).__name__}: {error}"[:300],
            hint="Delete it to start over",
        ) from error


def corpus_sha256(rows: Iterable[Row]) -> str:
    """Digest of every id and text, in order, as in a `Preparation`."""
    digested = DigestedRows(rows)
    for _ in digested:
        pass
    return digested.sha256.hexdigest()


class DigestedRows:
    """Rows on their way to the preprocessor, each id and text taken into a running digest."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.rows = rows
        self.sha256 = hashlib.sha256()

    def __iter__(self) -> Iterator[Row]:
        for row in self.rows:
            for part in (row.id, row.text or ""):
                content = part.encode("utf-8", "surrogatepass")
                self.sha256.update(len(content).to_bytes(8, "little") + content)
            yield row
