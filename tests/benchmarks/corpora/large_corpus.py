"""A corpus of any size drawn from a known topic model, as counts on disk or as texts.

    python -m tests.benchmarks.corpora.large_corpus FILE.jsonl [documents] [words] [topics]

Latent Dirichlet allocation (Blei, Ng & Jordan 2003): the words of topic k are drawn from Dirichlet(c m) with m the
frequencies of Zipf's law, so that common words are in all topics and rare ones in a few, and the shares of a document
from Dirichlet(a / K). Documents are drawn in blocks of 1,000 with a generator for each, so that any block can be drawn
alone.

Axes: D documents, V words, K topics, L tokens a document.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from neuraltopic.preprocessing.counts import Counts, CountsWriter

BLOCK = 1000


@dataclass(frozen=True)
class KnownModel:
    """The model that the documents are drawn from.

    Attributes
    ----------
    topics : float64 array of shape (K, V)
        Rows sum to 1.
    shares : float
        a, the sum of the parameters of the Dirichlet of the shares: about so many topics a document.
    n_tokens : int
        L.
    seed : int
    """

    topics: NDArray[np.float64]
    shares: float = 3.0
    n_tokens: int = 100
    seed: int = 0

    @classmethod
    def drawn(cls, n_topics: int, n_words: int, *, concentration: float = 1000.0, seed: int = 0) -> "KnownModel":
        """Draw the topics; `concentration` is c."""
        random = np.random.default_rng((seed, 0))
        frequency = 1.0 / (np.arange(n_words) + 2.7)
        gammas = random.standard_gamma(concentration * frequency / frequency.sum(), size=(n_topics, n_words))
        topics = np.maximum(gammas, 1e-300)
        return cls(topics / topics.sum(1, keepdims=True), seed=seed)

    def block(self, number: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The words of 1,000 documents (1000, L), in random order, and the largest topic of each document, (1000,)."""
        random = np.random.default_rng((self.seed, 1, number))
        K, V = self.topics.shape
        theta = random.dirichlet(np.full(K, self.shares / K), size=BLOCK)
        ends = (theta.cumsum(1) + np.arange(BLOCK)[:, None]).ravel()
        draws = random.random((BLOCK, self.n_tokens)) + np.arange(BLOCK)[:, None]
        topic = np.clip(np.searchsorted(ends, draws) - K * np.arange(BLOCK)[:, None], 0, K - 1)
        words = np.empty_like(topic)
        for k, distribution in enumerate(self.cumulative):
            at = topic == k
            words[at] = np.searchsorted(distribution, random.random(int(at.sum())) * distribution[-1])
        return np.minimum(words, V - 1), theta.argmax(1)

    @cached_property
    def cumulative(self) -> NDArray[np.float64]:
        """Of the words of each topic, (K, V)."""
        return np.cumsum(self.topics, axis=1)

    def recovered(self, found: NDArray[np.floating], least: float = 0.8) -> float:
        """Share of the topics that have one of their own among `found` (K', V), rows of probabilities, at a cosine of
        `least` or more; matched one to one so that the sum of cosines is largest."""
        cosine = _unit(self.topics) @ _unit(found.astype(np.float64)).T
        rows, columns = linear_sum_assignment(-cosine)
        return float((cosine[rows, columns] >= least).sum() / len(self.topics))


def _unit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def write_counts(model: KnownModel, folder: Path, n_documents: int, *, first_block: int = 0) -> NDArray[np.int64]:
    """Write the counts of so many thousand documents to `folder`; returns the largest topic of each, (D,)."""
    V = model.topics.shape[1]
    labels = []
    with CountsWriter(folder, V) as writer:
        for number in range(first_block, first_block + n_documents // BLOCK):
            words, largest = model.block(number)
            keys, counts = np.unique(words + np.arange(BLOCK)[:, None] * V, return_counts=True)
            writer.append(np.bincount(keys // V, minlength=BLOCK), keys % V, counts)
            labels.append(largest)
    return np.concatenate(labels)


def open_counts(model: KnownModel, folder: Path, n_documents: int, *, first_block: int = 0) -> Counts:
    """The counts of so many thousand documents, written to `folder` unless they are there, mapped from disk."""
    if not (folder / "counts.json").exists():
        labels = write_counts(model, folder, n_documents, first_block=first_block)
        np.save(folder / "labels.npy", labels)
    return Counts.open(folder)


def texts(model: KnownModel, n_documents: int) -> Iterator[str]:
    """So many thousand texts, whose words are made of letters alone."""
    names = np.array([word_name(word) for word in range(model.topics.shape[1])])
    for number in range(n_documents // BLOCK):
        for words in model.block(number)[0]:
            yield " ".join(names[words])


def word_name(word: int) -> str:
    """A word of letters alone for a number."""
    letters = []
    for _ in range(4):
        word, letter = divmod(word, 26)
        letters.append(chr(ord("a") + letter))
    return "w" + "".join(reversed(letters))


def main() -> None:
    path, given = Path(sys.argv[1]), [int(argument) for argument in sys.argv[2:]]
    n_documents, n_words, n_topics = (given + [300_000, 50_000, 100][len(given) :])[:3]
    with open(path, "w", encoding="utf-8") as file:
        for number, text in enumerate(texts(KnownModel.drawn(n_topics, n_words), n_documents)):
            file.write(json.dumps({"id": f"d{number}", "text": text}) + "\n")


if __name__ == "__main__":
    main()
