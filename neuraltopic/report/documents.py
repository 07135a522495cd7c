"""Documents of a run as the page draws them: all as a density, and as points as many as a browser draws at ease.

Axes: D documents kept, K topics, N input rows.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuraltopic.estimators.topic_model import TopicModel
from neuraltopic.preprocessing.ledger.ledger import Status
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
        The ledger, with the topic of each document.
    rows : (D,)
        The input rows of the documents kept, ascending.
    positions : float32 (D, 2)
        On the map of the topics.
    topics : (D,)
        The topic that each is assigned to, -1 where it was dropped.
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


def documents_of(model: TopicModel, positions: NDArray[np.floating]) -> RunDocuments:
    """The documents of a model that has them at hand, on the map whose topics stand at `positions`, (K, 2)."""
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
