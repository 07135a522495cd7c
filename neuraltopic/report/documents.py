"""Documents of a run as the page draws them: all as a density, and as points as many as a browser draws at ease.

Axes: D documents kept, K topics, N input rows.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuraltopic.errors import NeuralTopicError
from neuraltopic.estimators.topic_model import TopicModel
from neuraltopic.preprocessing.ledger import Status
from neuraltopic.runs.facts import run_file
from neuraltopic.storage.vectors import VECTORS_NPY
from neuraltopic.topics.layout import EXTENT, document_positions, spread_positions

# Documents that a page draws as points. Of more it has a density of all and every n-th as a point.
MOST_POINTS = 20_000
DENSITY_SIDE = 160
_AT_ONCE = 1 << 14  # documents whose shares are held at once


@dataclass(frozen=True)
class RunDocuments:
    """The documents of a run.

    Attributes
    ----------
    table : DataFrame of N rows
        documents.parquet.
    rows : (D,)
        The input rows of the documents kept, ascending.
    positions : float32 (D, 2)
        On the map of the topics.
    topics : (D,)
        The topic that each is listed under.
    weights : (D,)
        Its share in the document.
    """

    table: pd.DataFrame
    rows: NDArray[np.int64]
    positions: NDArray[np.float32]
    topics: NDArray[np.int64]
    weights: NDArray[np.float32]

    @property
    def ids(self) -> NDArray[np.object_]:
        """Id of each document kept, (D,)."""
        return self.table["id"].to_numpy(object)[self.rows]

    def points(self) -> NDArray[np.int64]:
        """The documents drawn as points, ascending: all, or `MOST_POINTS` evenly spaced in their order."""
        D = len(self.rows)
        if D <= MOST_POINTS:
            return np.arange(D)
        return np.linspace(0, D - 1, MOST_POINTS).round().astype(np.int64)

    def density(self) -> NDArray[np.int64]:
        """Documents in each cell of a grid over [-EXTENT, EXTENT]^2, (side, side), the lowest row first."""
        edges = np.linspace(-EXTENT, EXTENT, DENSITY_SIDE + 1)
        counts, _, _ = np.histogram2d(self.positions[:, 1], self.positions[:, 0], bins=(edges, edges))
        return counts.astype(np.int64)

    def lost(self) -> pd.DataFrame:
        """The input rows that are no document of the model: row, id, status, detail."""
        kept = self.table["status"] == Status.KEPT
        return self.table.loc[~kept, ["row", "id", "status", "detail"]]


def read_documents(run: Path, model: TopicModel, positions: NDArray[np.floating]) -> RunDocuments:
    """The documents of a run on the map whose topics stand at `positions`, (K, 2).

    Raises
    ------
    UsageError
        When `run` is no run folder.
    NeuralTopicError
        When its files are not as they were written.
    """
    table = pd.read_parquet(run_file(run, "documents.parquet"))
    vectors = np.load(run_file(run, VECTORS_NPY), mmap_mode="r", allow_pickle=False)
    rows = np.flatnonzero(table["status"].to_numpy() == Status.KEPT)
    if vectors.shape != (len(rows), len(model.components_)):
        raise NeuralTopicError(
            str(run / VECTORS_NPY),
            expected=f"{len(rows):,} vectors of {len(model.components_):,} numbers",
            got=f"an array of shape {vectors.shape}",
            hint="The folder was changed; restore it from a copy or fit again",
        )
    blocks = [
        document_positions(model.topic_weights(vectors[start : start + _AT_ONCE]), positions)
        for start in range(0, len(rows), _AT_ONCE)
    ]
    return RunDocuments(
        table,
        rows,
        spread_positions(np.concatenate(blocks), len(positions)),
        table["topic"].to_numpy("int64", na_value=-1)[rows],
        table["topic_weight"].to_numpy(np.float32)[rows],
    )


def shares_by(run: Path, model: TopicModel, groups: Iterable[object]) -> pd.DataFrame:
    """Mean share of each topic in the documents of each group: a table of topic, class, share, n_documents.

    Parameters
    ----------
    groups : D values
        Of the documents kept, in order; those without one, None or NaN, are left out.
    """
    labels = pd.Series(list(groups), dtype=object)
    names = sorted(labels.dropna().astype(str).unique())
    number = labels.map(lambda value: np.nan if pd.isna(value) else names.index(str(value))).to_numpy(float)
    vectors = np.load(run_file(run, VECTORS_NPY), mmap_mode="r", allow_pickle=False)
    sums, counts = np.zeros((len(names), len(model.components_))), np.zeros(len(names), np.int64)
    for start in range(0, len(vectors), _AT_ONCE):
        block = number[start : start + _AT_ONCE]
        known = np.flatnonzero(~np.isnan(block))
        if len(known):
            of = block[known].astype(np.int64)
            np.add.at(sums, of, model.topic_weights(vectors[start + known]).astype(np.float64))
            counts += np.bincount(of, minlength=len(names))
    shares = sums / np.maximum(counts, 1)[:, None]  # (classes, K)
    K = shares.shape[1]
    return pd.DataFrame(
        {
            "topic": np.repeat(np.arange(K), len(names)),
            "class": names * K,
            "share": shares.T.ravel(),
            "n_documents": np.tile(counts, K),
        }
    )
