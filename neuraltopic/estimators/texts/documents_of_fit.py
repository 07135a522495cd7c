"""The data of the documents of the fit or the last update, which a topic model holds until it is saved.

Axes: N input rows, D documents that were counted, K topics of the model, V words.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from neuraltopic.preprocessing.counts import Counts
from neuraltopic.preprocessing.ledger.ledger import Status

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class DocumentsOfFit:
    """The documents of a fit, with the results of the model before any edit.

    Attributes
    ----------
    ledger : DataFrame of N rows
        What became of each input row.
    position : int array of shape (N,)
        The document of each row, -1 for a row without one.
    vectors : float32 array of shape (D, K)
        Of `document_vae_`.
    listed : int array of shape (D,)
        The topic of the model that each document is assigned to.
    counts : Counts of shape (D, V), or None
        None where they were in a workspace.
    index : Index, or None
        That of the Series or the data frame that was given, if it was one of pandas.
    """

    ledger: "pd.DataFrame"
    position: NDArray[np.int64]
    vectors: NDArray[np.float32]
    listed: NDArray[np.int64]
    counts: Counts | None = None
    index: "pd.Index[str] | None" = None

    @property
    def ids(self) -> list[str]:
        """The id of each document."""
        return kept_ids(self.ledger)

    def copies(self) -> NDArray[np.float64]:
        """How many input rows each document stands for, (D,)."""
        return np.bincount(self.position[self.position >= 0], minlength=len(self.vectors)).astype(np.float64)


def kept_ids(ledger: "pd.DataFrame") -> list[str]:
    """Ids of the documents that were counted, in their order."""
    return [str(id) for id in ledger["id"][ledger["status"] == Status.KEPT.value]]
