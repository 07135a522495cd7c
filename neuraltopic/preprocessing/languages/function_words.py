"""Function words of a language without a list, found in documents of it."""

from collections import Counter
from collections.abc import Iterable

# A function word makes up so large a share of all words, and stands in so many documents; prose has some fifty of them,
# and a small vocabulary no more than one word in five.
# They are at least a fifth of prose. If they are fewer, the texts are not prose, and no function words are found.
_SHARE_OF_TOKENS, _SHARE_OF_DOCUMENTS, _MOST, _SHARE_OF_WORDS = 0.004, 0.08, 60, 0.2
_LEAST_COVERED = 0.15
_FEWEST_DOCUMENTS = 50


def function_words(documents: Iterable[list[str]]) -> tuple[str, ...]:
    """The most common words of the documents, which say little of any, the most common first.

    Parameters
    ----------
    documents : iterable of list of str
        Words of each document, in one spelling.
    """
    df: Counter[str] = Counter()
    cf: Counter[str] = Counter()
    n_documents = 0
    for words in documents:
        n_documents += 1
        cf.update(words)
        df.update(set(words))
    total = cf.total()
    found = [
        (word, count)
        for word, count in cf.most_common(min(_MOST, int(_SHARE_OF_WORDS * len(cf))))
        if count >= _SHARE_OF_TOKENS * total and df[word] >= _SHARE_OF_DOCUMENTS * n_documents
    ]
    if n_documents < _FEWEST_DOCUMENTS or sum(count for _, count in found) < _LEAST_COVERED * total:
        return ()
    return tuple(word for word, _ in found)
