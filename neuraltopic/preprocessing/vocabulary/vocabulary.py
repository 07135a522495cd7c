"""The words that are counted, in their order, and the choice of them."""

import math
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from neuraltopic.errors import NeuralTopicError, parameter
from neuraltopic.preprocessing.settings import Preprocessing

# Documents below which the default limits of document frequency are others.
_FEW = 100


class Vocabulary:
    """V words in the order of the columns of the counts: by document frequency descending, then by word.

    Parameters
    ----------
    words : sequence of V str
        Distinct.
    df : int array of shape (V,)
        Documents in which each word occurs.
    cf : int array of shape (V,)
        Occurrences of each word in the corpus.
    """

    def __init__(self, words: Sequence[str], df: NDArray, cf: NDArray) -> None:
        self.words = tuple(words)
        self.df = np.asarray(df, np.int64)
        self.cf = np.asarray(cf, np.int64)

    @cached_property
    def index(self) -> dict[str, int]:
        """The column of each word."""
        return {word: column for column, word in enumerate(self.words)}

    def __len__(self) -> int:
        """Return V."""
        return len(self.words)

    def __contains__(self, word: str) -> bool:
        """Whether the word is counted."""
        return word in self.index

    def __repr__(self) -> str:
        """Show the size and the first words."""
        first = ", ".join(self.words[:5])
        return f"Vocabulary({len(self):,} words: {first}{', ...' if len(self) > 5 else ''})"


def choose_words(
    words: Sequence[str], df: NDArray, n_rows: NDArray, n_documents: int, settings: Preprocessing
) -> NDArray[np.int64]:
    """Return which of `words` to keep, in the order of a `Vocabulary`.

    Parameters
    ----------
    words : sequence of W str
        All words of the corpus.
    df : int array of shape (W,)
        Documents in which each occurs.
    n_rows : int array of shape (W,)
        The same with copies of documents counted, which min_df looks at.
    n_documents : int
        What a share in min_df and max_df is a share of.

    Raises
    ------
    NeuralTopicError
        When no word is left; says how many each threshold removed.
    """
    fewest, most = document_limits(settings, n_documents)
    rare, common = n_rows < fewest, df > most
    candidates = np.flatnonzero(~rare & ~common & (df > 0)).tolist()
    if not candidates:
        raise NeuralTopicError(
            f"vocabulary of {n_documents:,} documents",
            expected=f"a word that passes {parameter('min_df')} and {parameter('max_df')}",
            got=f"{len(words):,} words, of which {parameter('min_df', _shown(settings.min_df))} (at least "
            f"{math.ceil(fewest):,} documents) removed {np.count_nonzero(rare):,} and "
            f"{parameter('max_df', _shown(settings.max_df))} (at most {math.floor(most):,} documents) removed "
            f"{np.count_nonzero(common):,}",
            hint=f"Lower {parameter('min_df')}, raise {parameter('max_df')} or give more documents",
        )
    candidates.sort(key=words.__getitem__)
    by_name = np.array(candidates, np.int64)
    return by_name[np.argsort(-df[by_name], kind="stable")][: settings.max_vocabulary]


def document_limits(settings: Preprocessing, n_documents: int) -> tuple[float, float]:
    """Fewest and most documents that a word may occur in, of so many.

    The defaults are 5 documents and half of the documents. For fewer than 100 documents, a word must occur in 5 % of
    them, at least one, and may occur in 90 %, because a word of a topic may then be in most documents.
    """
    few = n_documents < _FEW
    fewest = settings.min_df if settings.min_df is not None else min(5, max(1, n_documents // 20))
    most = settings.max_df if settings.max_df is not None else max(1.0 / max(n_documents, 1), 0.9 if few else 0.5)
    return _documents(fewest, n_documents), _documents(most, n_documents)


def _documents(threshold: int | float, n_documents: int) -> float:
    return threshold * n_documents if isinstance(threshold, float) else threshold


def _shown(threshold: int | float | None) -> str:
    return "default" if threshold is None else str(threshold)
