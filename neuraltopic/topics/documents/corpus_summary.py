"""Statistics of the training documents that a model keeps, enough for later updates.

Axes: V words, K topics.
"""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from neuraltopic.topics.documents.document_assignment import DocumentAssignment
from neuraltopic.topics.interpretation import TopicInterpretation

_Summed = TypeVar("_Summed", NDArray[np.float32], DocumentAssignment)


@dataclass(frozen=True)
class CorpusSummary:
    """Statistics of the topics in a set of documents.

    Attributes
    ----------
    n_documents : int
    information : float32 (K,)
        See `TopicInterpretation.information`.
    share : float64 (K,)
        Mean share of each topic, see `TopicInterpretation.shares`.
    explained : float32 (K, V), or None
        See `explained_documents`; None where the interpretation does not need it.
    precision : float32 (K + 1, V), or None
        See `topic_precision`; None where it was not kept.
    assignment : DocumentAssignment, or None
        None where documents are assigned to their largest shares.
    """

    n_documents: int
    information: NDArray[np.float32]
    share: NDArray[np.floating]
    explained: NDArray[np.float32] | None
    precision: NDArray[np.float32] | None
    assignment: DocumentAssignment | None

    def pooled(self, others: "CorpusSummary", interpretation: TopicInterpretation) -> "CorpusSummary":
        """The summary of these documents and others, each document counting once."""
        weights = np.array([self.n_documents, others.n_documents]) / (self.n_documents + others.n_documents)
        return CorpusSummary(
            self.n_documents + others.n_documents,
            interpretation.pooled_information(
                weights, np.stack([self.information, others.information]), np.stack([self.share, others.share])
            ),
            weights @ np.stack([self.share, others.share]),
            _sum(self.explained, others.explained),
            _sum(self.precision, others.precision),
            _sum(self.assignment, others.assignment),
        )


def _sum(first: _Summed | None, second: _Summed | None) -> _Summed | None:
    return None if first is None or second is None else first + second
