"""The vocabulary as numbers: which words and pairs it takes to recognise it in a stream of words."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from neuraltopic.preprocessing.tokenisation.token_stream import Block
from neuraltopic.preprocessing.vocabulary.phrases import PhraseJoiner, compressed
from neuraltopic.preprocessing.vocabulary.vocabulary import Vocabulary

Pair = tuple[str, str]


def phrase_of(pair: Pair) -> str:
    """Return the word that a joined pair becomes."""
    return "_".join(pair)


class Lexicon:
    """Counts the words of a vocabulary in blocks of numbered words.

    Parameters
    ----------
    vocabulary : Vocabulary
        The columns, V of them.
    phrases : sequence of (str, str)
        Pairs to join. Their words are recognised even where they are no words of the vocabulary.
    keys : mapping of str to str, optional
        The key of each word that is spelt otherwise.
    """

    def __init__(
        self, vocabulary: Vocabulary, phrases: Sequence[Pair], keys: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self.n_columns = len(vocabulary)
        joined = {phrase_of(pair) for pair in phrases}
        known = [word for word in vocabulary.words if word not in joined]
        known += sorted({word for pair in phrases for word in pair} - set(known))
        number = {word: number for number, word in enumerate(known)}
        self._number = {keys.get(word, word): row for word, row in number.items()}
        keyed = sorted((number[a] * len(known) + number[b], phrase_of((a, b))) for a, b in phrases)
        self._join = PhraseJoiner(np.array([key for key, _ in keyed], np.int64), len(known))
        names = known + [name for _, name in keyed]
        # The last entry is read by -1, a word that is not known.
        self._columns = np.array([*(vocabulary.index.get(name, -1) for name in names), -1], np.int32)

    def numbers(self, words: Iterable[str]) -> NDArray[np.int32]:
        """Return the number of each word, given by its key; -1 where it is not known, as what was dropped never is."""
        number = self._number.get  # of texts alone: the hash of an enumeration takes long
        return np.array([number(word, -1) if word.__class__ is str else -1 for word in words], np.int32)

    def columns(self, block: Block) -> Block:
        """Return the words of the vocabulary in a block of numbered words, as columns, in their order."""
        block = self._join(block)
        columns = self._columns[block.tokens]
        return compressed(Block(columns, block.bounds), columns >= 0)

    def count(self, block: Block) -> sparse.csr_array:
        """Return the counts of a block of numbered words, shape (B, V), each row's words ascending."""
        return word_matrix(self.columns(block), self.n_columns).tocsr()


def word_matrix(block: Block, n_words: int) -> sparse.csc_array:
    """Return how often each word occurs in each document of a block, shape (B, n_words), without repeats."""
    ones = np.ones(len(block.tokens), np.int32)
    shape = (len(block.bounds) - 1, n_words)
    # Transposing sorts in linear time, and brings the repeats of a word in a document together.
    matrix = sparse.csr_array((ones, block.tokens, block.bounds), shape=shape).tocsc()
    matrix.sum_duplicates()
    return matrix
