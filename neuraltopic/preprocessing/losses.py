"""Losses of preprocessing: tokens by the rule that removed them, documents without a word, markup.

A warning for large losses names the option that keeps the words.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self

import numpy as np

from neuraltopic.errors import NeuralTopicWarning, parameter
from neuraltopic.preprocessing.normalisation.word_rule import Dropped
from neuraltopic.preprocessing.tokenisation.token_stream import TokenStream


class Pruned(StrEnum):
    """Why a word is not of the vocabulary."""

    RARE = "in too few documents"
    FREQUENT = "in too many documents"
    BEYOND = "beyond the vocabulary size"


# What to do about each loss, with parameter names of Python; the command line shows its options instead.
HINTS: dict[str, str] = {
    Dropped.STOP_WORD: f"{parameter('stop_words', False)} keeps them, {parameter('language')} chooses another list",
    Dropped.NUMBER: f"{parameter('numbers', True)} keeps words with digits",
    Dropped.LENGTH: f"a lower {parameter('min_length')} keeps short words",
    Pruned.RARE: f"a lower {parameter('min_df')} keeps rare words",
    Pruned.FREQUENT: f"a higher {parameter('max_df')} keeps frequent words",
    Pruned.BEYOND: f"a larger {parameter('max_vocabulary')} keeps them",
}
# Of running English about half of the tokens are stop words.
_MANY_STOP_WORDS = 0.75
_MUCH = 0.5
_MANY_DOCUMENTS = 0.1
# With fewer tokens or documents no warning is given.
_LEAST_TOKENS, _LEAST_DOCUMENTS = 200, 20


@dataclass(frozen=True)
class Losses:
    """Tokens and documents of a fit.

    Attributes
    ----------
    tokens : int
        As the texts were cut.
    removed : dict of str to int
        Tokens by what removed them: see `Dropped` and `Pruned`.
    documents : int
        Distinct ones with text.
    without_word : int
        Those of them in which no word is left.
    markup : dict of str to int
        Documents out of which something was taken before they were cut into words: see `PlainText`.
    """

    tokens: int
    removed: dict[str, int]
    documents: int
    without_word: int
    markup: dict[str, int]

    @classmethod
    def of(
        cls,
        stream: TokenStream,
        word_of_form: Sequence[str | Dropped],
        pruned: Mapping[Pruned, int],
        n_documents: int,
        without_word: int,
        markup: Mapping[str, int],
    ) -> Self:
        """Count them in a stream of forms."""
        tokens_of = np.zeros(len(word_of_form), np.int64)
        for block in stream:
            tokens_of += np.bincount(block.tokens, minlength=len(tokens_of))
        reasons = list(Dropped)
        reason_of = np.array([reasons.index(w) if w.__class__ is Dropped else -1 for w in word_of_form], np.int64)
        dropped = {str(reason): int(tokens_of[reason_of == place].sum()) for place, reason in enumerate(reasons)}
        removed = dropped | {str(rule): count for rule, count in pruned.items()}
        found = {name: count for name, count in markup.items() if count}
        return cls(stream.n_tokens, removed, n_documents, without_word, found)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Back from `to_dict`."""
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)

    def warn(self) -> None:
        """Warn about large losses, naming the option that keeps the words."""
        for message in self._warnings():
            warnings.warn(message, NeuralTopicWarning, stacklevel=3)

    def _warnings(self) -> list[str]:
        if self.tokens < _LEAST_TOKENS:
            return []
        found = []
        stop_words = self.removed[Dropped.STOP_WORD]
        others = {rule: count for rule, count in self.removed.items() if rule != Dropped.STOP_WORD}
        telling = self.tokens - stop_words
        if stop_words > _MANY_STOP_WORDS * self.tokens:
            share = stop_words / self.tokens
            found.append(f"{share:.0%} of the tokens are stop words; {HINTS[Dropped.STOP_WORD]}")
        worst = max(others, key=lambda rule: others[rule])
        if sum(others.values()) > _MUCH * telling:
            found.append(
                f"{sum(others.values()) / telling:.0%} of the tokens that are no stop words are left out, most of them "
                f"{worst} ({others[worst] / telling:.0%}); {HINTS[worst]}"
            )
        if self.documents >= _LEAST_DOCUMENTS and self.without_word > _MANY_DOCUMENTS * self.documents:
            worst = max(self.removed, key=lambda rule: self.removed[rule])
            found.append(
                f"{self.without_word:,} of {self.documents:,} documents have no word of the vocabulary, and no topic; "
                f"of all tokens most are left out as {worst}; {HINTS[worst]}"
            )
        return found
