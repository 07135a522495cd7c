"""The evidence in the tokens of a document: words repeat within a document more often than independent draws would.

Two tokens of one document are the same word more often than two tokens of the corpus are (Church & Gale 1995). Under a
Dirichlet compound multinomial with precision s (Madsen, Kauchak & Elkan 2005) the indicators of a word at two places of
a document have the correlation rho = 1 / (s + 1), and n tokens are then worth n / (1 + (n - 1) rho) independent ones: 1
+ (n - 1) rho is the design effect of samples drawn in clusters (Kish 1965). It is 1 for a document of one token and
grows with the length, so that titles count fully and long posts do not.

Axes: D documents, V words, B documents of a batch.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from neuraltopic.core.networks import SparseRows
from neuraltopic.preprocessing.counts import Counts


@dataclass(frozen=True)
class DesignEffect:
    """1 + (n - 1) rho of documents of n tokens.

    Parameters
    ----------
    correlation : float
        rho, from 0 to 1.
    """

    correlation: float

    @classmethod
    def of(cls, counts: Counts) -> "DesignEffect":
        """That of the documents of a corpus, see `token_correlation`."""
        return cls(token_correlation(counts))

    def __call__(self, rows: SparseRows) -> Tensor:
        """Of each document of a batch, (B,)."""
        return 1.0 + self.correlation * (rows.row_sums() - 1.0).clamp_min(0.0)

    def of_lengths(self, lengths: NDArray[np.floating]) -> NDArray[np.float64]:
        """Of documents of these lengths in tokens, (D,)."""
        return 1.0 + self.correlation * np.maximum(np.asarray(lengths, np.float64) - 1.0, 0.0)


def token_correlation(counts: Counts) -> float:
    """rho of the counts, (D, V), from 0 to 1, by the method of moments.

    With p the words of the corpus, two tokens of a document are the same word with probability q = rho + (1 - rho)
    sum_w p_w^2. The share of such pairs, with each document weighted by its number of tokens after the first, is

        q = sum_d [sum_w x_dw (x_dw - 1) / n_d] / sum_d (n_d - 1).

    Topics are one cause of repetition, and are not separated from the others here. The result is 0 if words do not
    repeat more than by chance, or no document has two tokens.
    """
    words = counts.word_totals().astype(np.float64)
    same = pairs = 0.0
    for _, block in counts.blocks():
        totals = block.totals()
        filled = totals > 1
        document = np.repeat(np.arange(len(block)), np.diff(block.indptr))
        values = block.data.astype(np.float64)
        repeats = np.bincount(document, values * (values - 1.0), minlength=len(block))
        same += float((repeats[filled] / totals[filled]).sum())
        pairs += float((totals[filled] - 1.0).sum())
    chance = float(np.square(words / words.sum()).sum()) if words.sum() > 0 else 1.0
    if pairs == 0.0 or chance >= 1.0:
        return 0.0
    return min(max((same / pairs - chance) / (1.0 - chance), 0.0), 1.0)
