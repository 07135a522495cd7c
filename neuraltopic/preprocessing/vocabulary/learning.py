"""Learn a vocabulary, and the phrases in it, from a stream of tokens."""

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuraltopic.errors import NeuralTopicError, parameter
from neuraltopic.preprocessing.losses import HINTS, Pruned
from neuraltopic.preprocessing.normalisation.word_rule import Dropped
from neuraltopic.preprocessing.settings import Preprocessing
from neuraltopic.preprocessing.tokenisation.token_stream import Block, FormIds, TokenStream
from neuraltopic.preprocessing.vocabulary.lexicon import Pair, phrase_of, word_matrix
from neuraltopic.preprocessing.vocabulary.phrases import PairCounter, PhraseJoiner, compressed
from neuraltopic.preprocessing.vocabulary.vocabulary import Vocabulary, choose_words, document_limits
from neuraltopic.progress import Progress

# Pairs of one pass over the stream are held in memory (16 bytes each); a longer corpus takes more passes.
PAIRS_A_PASS = 50_000_000
# Average number of words up to which documents are short, and the tolerated share of documents without a word.
_SHORT, _EMPTY = 60, 0.01


@dataclass(frozen=True)
class Learned:
    """What is learned from a stream of tokens.

    Attributes
    ----------
    vocabulary : Vocabulary
    phrases : list of (str, str)
    pruned : tuple of str
        Words that are in neither the vocabulary nor a phrase, most frequent first.
    removed : dict of Pruned to int
        Their tokens, by the limit that removed them.
    """

    vocabulary: Vocabulary
    phrases: list[Pair]
    pruned: tuple[str, ...]
    removed: dict[Pruned, int]

    @property
    def single_words(self) -> list[str]:
        """The words of the vocabulary that are no phrases, and the words of phrases."""
        joined = set(map(phrase_of, self.phrases))
        words = [word for word in self.vocabulary.words if word not in joined]
        return list(dict.fromkeys(itertools.chain(words, *self.phrases)))

    def spelt(self, spellings: Mapping[str, str]) -> tuple["Learned", dict[str, str]]:
        """The same in other spellings of some words, and the word that each spelling stands for.

        A spelling that is another word as well, or of two words, is not taken.
        """
        taken = set(self.single_words)
        shown: dict[str, str] = {}
        for word in self.single_words:
            spelling = spellings.get(word, word)
            if spelling not in taken:
                taken.add(spelling)
                shown[word] = spelling
        if not shown:
            return self, {}
        phrases = [(shown.get(first, first), shown.get(second, second)) for first, second in self.phrases]
        shown_phrase = dict(zip(map(phrase_of, self.phrases), map(phrase_of, phrases), strict=True))
        old = self.vocabulary
        words = [shown_phrase.get(word) or shown.get(word, word) for word in old.words]
        order = sorted(range(len(words)), key=lambda row: (-old.df[row], words[row]))
        vocabulary = Vocabulary([words[row] for row in order], old.df[order], old.cf[order])
        keys = {spelling: word for word, spelling in shown.items()}
        return Learned(vocabulary, phrases, self.pruned, self.removed), keys


def learn(
    stream: TokenStream,
    word_of_form: Sequence[str | Dropped],
    copies: NDArray[np.int64],
    settings: Preprocessing,
    report: Progress,
) -> Learned:
    """Return the vocabulary of the stream, the phrases in it, and what was pruned.

    Parameters
    ----------
    stream : TokenStream
        Of forms, by number.
    word_of_form : sequence of str or Dropped
        The word that each form stands for, or why it is dropped.
    copies : int array of shape (documents,)
        Rows that have the text of each document. A word is rare if it is in few rows, and frequent if it is in many
        different documents.
    settings : Preprocessing
        Thresholds, and whether to look for phrases.
    report : callable
        Told the stage "phrases" and the documents gone over.

    Raises
    ------
    NeuralTopicError
        When nothing is left.
    """
    learner = _Learner(stream, word_of_form, copies, settings, report)
    keys = learner.phrase_keys() if settings.phrases else np.zeros(0, np.int64)
    # A phrase that is not chosen is not joined, so that its words keep their occurrences; that changes how
    # often they occur, hence the loop. It ends, as phrases are only ever taken away.
    while True:
        names = learner.words + [phrase_of(pair) for pair in learner.pairs(keys)]
        df, cf, n_rows = learner.frequencies(keys)
        chosen = choose_words(names, df, n_rows, stream.n_documents, settings)
        if settings.min_df is None:
            chosen = learner.with_words_of_emptied(chosen, keys, names, n_rows)[: settings.max_vocabulary]
        remaining = np.sort(chosen[chosen >= len(learner.words)] - len(learner.words))
        if len(remaining) == len(keys):
            vocabulary = Vocabulary([names[word] for word in chosen], df[chosen], cf[chosen])
            limits = document_limits(settings, stream.n_documents)
            return Learned(vocabulary, learner.pairs(keys), *_pruned(names, df, cf, n_rows, chosen, limits))
        keys = keys[remaining]


def _pruned(
    names: Sequence[str], df: NDArray, cf: NDArray, n_rows: NDArray, chosen: NDArray, limits: tuple[float, float]
) -> tuple[tuple[str, ...], dict[Pruned, int]]:
    """The words that were not chosen, and the number of their tokens by the limit that excluded them."""
    fewest, most = limits
    out = df > 0
    out[chosen] = False
    rules = {
        Pruned.RARE: out & (n_rows < fewest),
        Pruned.FREQUENT: out & (df > most),
        Pruned.BEYOND: out & (n_rows >= fewest) & (df <= most),
    }
    rows = np.flatnonzero(out)
    words = tuple(names[word] for word in rows[np.argsort(-cf[rows], kind="stable")].tolist())
    return words, {rule: int(cf[which].sum()) for rule, which in rules.items()}


class _Learner:
    def __init__(
        self,
        stream: TokenStream,
        word_of_form: Sequence[str | Dropped],
        copies: NDArray[np.int64],
        settings: Preprocessing,
        report: Progress,
    ) -> None:
        number = FormIds()
        self._word_of_form = np.array(
            [-1 if word.__class__ is Dropped else number[word] for word in word_of_form], np.int32
        )
        if not number:
            raise _no_words(word_of_form, settings)
        self.words = list(number)
        self._stream = stream
        self._copies = copies
        self._report = report

    def _blocks(self) -> Iterator[Block]:
        for block in self._stream:
            yield Block(self._word_of_form[block.tokens], block.bounds)

    def pairs(self, keys: NDArray[np.int64]) -> list[Pair]:
        """Return the words of each key."""
        return [(self.words[first], self.words[second]) for first, second in _split(keys, len(self.words)).tolist()]

    def phrase_keys(self) -> NDArray[np.int64]:
        """Return the pairs that score as phrases, ascending: first * W + second."""
        counts = np.zeros(len(self.words), np.int64)
        for block in self._blocks():
            counts += np.bincount(block.tokens[block.tokens >= 0], minlength=len(counts))
        n_passes = 1 + self._stream.n_tokens // PAIRS_A_PASS
        keys = []
        for share in range(n_passes):
            counter = PairCounter(counts, (share, n_passes))
            done = share * self._stream.n_documents
            for block in self._blocks():
                counter.add(block)
                done += len(block.bounds) - 1
                self._report("phrases", done // n_passes, self._stream.n_documents)
            keys.append(counter.phrases(self._stream.n_tokens))
        return np.sort(np.concatenate(keys))

    def frequencies(self, keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return the documents, occurrences and rows of each word, then of each phrase, once joined."""
        n_words = len(self.words) + len(keys)
        join = PhraseJoiner(keys, len(self.words))
        df, cf, more = np.zeros(n_words, np.int64), np.zeros(n_words, np.int64), np.zeros(n_words, np.int64)
        start = 0
        for block in self._blocks():
            joined = join(block)
            kept = compressed(joined, joined.tokens >= 0)
            matrix = word_matrix(kept, n_words)
            df += np.diff(matrix.indptr)
            cf += np.bincount(kept.tokens, minlength=n_words)
            for document in np.flatnonzero(self._copies[start : start + matrix.shape[0]] > 1).tolist():
                words = np.unique(kept.tokens[slice(*kept.bounds[document : document + 2])])
                more[words] += self._copies[start + document] - 1
            start += matrix.shape[0]
        return df, cf, df + more

    def with_words_of_emptied(
        self, chosen: NDArray[np.int64], keys: NDArray[np.int64], names: Sequence[str], n_rows: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """The chosen words, plus for each short document without any of them its rare word in most rows.

        Words are added only if more than 1 % of rows would be empty. The default threshold suits long documents.
        """
        if self._stream.n_tokens > _SHORT * self._stream.n_documents:
            return chosen
        known = np.zeros(len(names), bool)
        known[chosen] = True
        rare = ~known & (n_rows < n_rows[chosen].min())
        join, added, n_empty, start = PhraseJoiner(keys, len(self.words)), set[int](), 0, 0
        for block in self._blocks():
            joined = join(block)
            kept = compressed(joined, joined.tokens >= 0)
            found = np.concatenate([[0], np.cumsum(known[kept.tokens])])[kept.bounds]
            for document in np.flatnonzero(np.diff(found) == 0).tolist():
                words = [w for w in kept.tokens[slice(*kept.bounds[document : document + 2])].tolist() if rare[w]]
                n_empty += int(self._copies[start + document]) if words else 0
                added |= set(sorted(words, key=lambda word: (-n_rows[word], names[word]))[:1])
            start += len(block.bounds) - 1
        if n_empty <= _EMPTY * self._copies.sum():
            return chosen
        more = sorted(added, key=lambda word: (-n_rows[word], names[word]))
        return np.concatenate([chosen, np.array(more, np.int64)])


def _split(keys: NDArray[np.int64], n_words: int) -> NDArray[np.int64]:
    return np.stack(np.divmod(keys, n_words), axis=1)


def _no_words(word_of_form: Sequence[str | Dropped], settings: Preprocessing) -> NeuralTopicError:
    removed = Counter(word for word in word_of_form if isinstance(word, Dropped)).most_common()
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in removed) or "none to begin with"
    return NeuralTopicError(
        "vocabulary",
        expected="a word that passes the settings",
        got=f"{len(word_of_form):,} distinct forms, all dropped: {reasons}",
        hint=f"{HINTS[removed[0][0]] if removed else 'Look at the texts'}; check also "
        f"{parameter('language', settings.language)}, {parameter('min_length', settings.min_length)}"
        f" and {parameter('numbers', settings.numbers)}",
    )
