"""Documents of a run for the map: a density of all, and up to 20,000 as points.

Axes: D documents kept, K topics, N input rows.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuraltopic.estimators.topic_model import TopicModel
from neuraltopic.preprocessing.ledger.ledger import Status
from neuraltopic.topics.layout import EXTENT, document_positions, spread_positions

# Most documents drawn as points. Of more, an evenly spaced selection is drawn above the density of all.
MOST_POINTS = 20_000
DENSITY_SIDE = 160
_AT_ONCE = 1 << 14  # documents whose shares are in memory at once


@dataclass(frozen=True)
class RunDocuments:
    """The documents of a run.

    Attributes
    ----------
    table : DataFrame of N rows
        The ledger with the topic of each document.
    rows : (D,)
        Input rows of the kept documents, ascending.
    positions : float32 (D, 2)
        On the topic map.
    topics : (D,)
        Topic of each document, -1 if it was dropped.
    weights : (D,)
        Share of that topic in the document.
    """

    table: pd.DataFrame
    rows: NDArray[np.int64]
    positions: NDArray[np.float32]
    topics: NDArray[np.int64]
    weights: NDArray[np.float32]

    @property
    def ids(self) -> NDArray[np.object_]:
        """Ids of the kept documents, (D,)."""
        return self.table["id"].to_numpy(object)[self.rows]

    def points(self) -> NDArray[np.int64]:
        """Documents drawn as points, ascending: all, or `MOST_POINTS` evenly spaced in input order."""
        D = len(self.rows)
        if D <= MOST_POINTS:
            return np.arange(D)
        return np.linspace(0, D - 1, MOST_POINTS).round().astype(np.int64)

    def density(self) -> NDArray[np.int64]:
        """Number of documents in each cell of a grid over [-EXTENT, EXTENT]^2, (side, side), bottom row first."""
        edges = np.linspace(-EXTENT, EXTENT, DENSITY_SIDE + 1)
        counts, _, _ = np.histogram2d(self.positions[:, 1], self.positions[:, 0], bins=(edges, edges))
        return counts.astype(np.int64)

    def lost(self) -> pd.DataFrame:
        """Input rows that were left out: row, id, status, detail."""
        kept = self.table["status"] == Status.KEPT
        return self.table.loc[~kept, ["row", "id", "status", "detail"]]


def documents_of(model: TopicModel, positions: NDArray[np.floating]) -> RunDocuments:
    """Documents of a model opened with its documents, on the map with topic positions (K, 2)."""
    table = model.get_document_info()
    rows = np.flatnonzero(table["status"].to_numpy() == Status.KEPT)
    vectors = model.vectors_
    blocks = [
        document_positions(model.topic_weights(vectors[start : start + _AT_ONCE]), positions)
        for start in range(0, len(rows), _AT_ONCE)
    ]
    return RunDocuments(
        table,
        rows,
        spread_positions(np.concatenate(blocks), len(positions)),
        model.topics_,
        table["topic_weight"].to_numpy(np.float32, na_value=0.0)[rows],
    )
