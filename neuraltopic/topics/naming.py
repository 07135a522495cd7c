r"""Names of topics from the phrases of their documents.

A phrase is one, two or three adjacent words of the vocabulary. With p the share of a topic's documents that have the
phrase, and q that of all documents, its score is

    p log(p / q) + p log(p / prod_w p_w):

the informativeness and the phraseness of Tomokiyo & Hurst (2003, A language model approach to keyphrase extraction),
for documents instead of tokens. A name is the best phrase and the next ones that share no word with it.
"""

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Sequence

Phrase = tuple[str, ...]
_LONGEST = 3
_LONGEST_NAME = 40
# A phrase in fewer documents of the topic is not representative.
_FEWEST_DOCUMENTS = 3


class PhraseCounts:
    """Number of documents of each topic with each phrase.

    Parameters
    ----------
    n_topics : int
    """

    def __init__(self, n_topics: int) -> None:
        self.documents = [0] * n_topics
        self.of_topic: list[Counter[Phrase]] = [Counter() for _ in range(n_topics)]
        self.of_all: Counter[Phrase] = Counter()
        self.n_documents = 0

    def add(self, clauses: Iterable[Sequence[str | None]], topic: int) -> None:
        """Count a document.

        Parameters
        ----------
        clauses : iterable of sequences
            Words in their order; None for a word that cannot be in a phrase.
        topic : int
            -1 for none.
        """
        found = set(phrases(clauses))
        self.n_documents += 1
        self.of_all.update(found)
        if topic >= 0:
            self.documents[topic] += 1
            self.of_topic[topic].update(found)

    def best(self, topic: int, n: int) -> list[tuple[str, float]]:
        """The n phrases of the highest score with their scores, best first; ties go to the first in the alphabet."""
        D, own = self.documents[topic], self.of_topic[topic]
        scored = []
        for phrase, count in own.items():
            if count < min(_FEWEST_DOCUMENTS, D):
                continue
            p, q = count / D, self.of_all[phrase] / self.n_documents
            score = p * math.log(p / q)
            if len(phrase) > 1:
                score += p * (math.log(p) - sum(math.log(own[(word,)] / D) for word in phrase))
            scored.append((" ".join(phrase), score))
        return sorted(scored, key=lambda item: (-item[1], item[0]))[:n]


def phrases(clauses: Iterable[Sequence[str | None]]) -> Iterable[Phrase]:
    """All runs of up to three distinct words of the clauses that no None interrupts."""
    for clause in clauses:
        for known, run in itertools.groupby(clause, key=lambda word: word is not None):
            if not known:
                continue
            words = [word for word in run if word is not None]
            for length in range(1, _LONGEST + 1):
                for first in range(len(words) - length + 1):
                    phrase = tuple(words[first : first + length])
                    if len(set(phrase)) == length:
                        yield phrase


def name_of(best: Sequence[tuple[str, float]]) -> str | None:
    """The first phrase, and later ones that share no word with those before, in at most 40 characters; None if there is
    no phrase."""
    chosen: list[str] = []
    used: set[str] = set()
    for phrase, _ in best:
        words = set(phrase.split())
        longer = len(", ".join([*chosen, phrase]))
        if not words & used and (not chosen or longer <= _LONGEST_NAME):
            chosen.append(phrase)
            used |= words
        if len(chosen) == 3:
            break
    return ", ".join(chosen) or None
