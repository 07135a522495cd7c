"""The words of each training document of `20ng-v5000` in the order of its post, for `neuraltopic compare --texts`.

Run: python -m tests.benchmarks.corpora.ordered_words ordered.txt
Its counts come without the texts. Raw posts are cut as those who counted them seem to have done: addresses with an @
are left out, apostrophes too, and all else that is neither letter nor digit is a space. The post of a document is the
one whose words are nearest by cosine. A word stands where it stands in the post, as often as it is counted, the first
times; what is counted and not found stands at the end.
"""

import re
import string
import sys
import tarfile
from collections import Counter
from itertools import chain
from pathlib import Path

import numpy as np
from scipy import sparse
from sklearn.preprocessing import normalize

from tests.benchmarks.data import data_folder

_ADDRESS = re.compile(r"\S+@\S+|\s@\S+")
_SPACE = str.maketrans(dict.fromkeys(string.punctuation, " ") | {"'": None})
_AT_ONCE = 1000


def post_words(post: str, column: dict[str, int]) -> list[str]:
    """The words of the vocabulary in a post, headers too."""
    text = post.lower().replace("<", "(").replace(">", ")")
    return [word for word in _ADDRESS.sub(" ", text).translate(_SPACE).split() if word in column]


def in_order(counted: Counter[str], post: list[str]) -> tuple[list[str], int]:
    """The counted words as they follow each other in the post, and how many were not found there."""
    left, ordered = counted.copy(), []
    for word in post:
        if left[word] > 0:
            left[word] -= 1
            ordered.append(word)
    return ordered + list(left.elements()), left.total()


def main() -> None:
    folder = data_folder()
    words = (folder / "20ng-v5000" / "vocab.txt").read_text(encoding="utf-8").split()
    column = {word: number for number, word in enumerate(words)}
    counts = sparse.load_npz(folder / "20ng-v5000" / "train_bow.npz").tocsr()
    with tarfile.open(folder / "20news-bydate.tar.gz") as archive:
        files = (archive.extractfile(member) for member in archive if member.isfile() and "-train/" in member.name)
        posts = [post_words(file.read().decode("latin-1"), column) for file in files if file is not None]
    bounds = np.cumsum([0, *map(len, posts)])
    columns = np.fromiter((column[word] for word in chain.from_iterable(posts)), np.int64, int(bounds[-1]))
    found = sparse.csr_matrix((np.ones(len(columns)), columns, bounds), shape=(len(posts), len(words)))
    found.sum_duplicates()
    found = normalize(found)
    cosines, missing = [], 0
    with Path(sys.argv[1]).open("w", encoding="utf-8") as out:
        for start in range(0, counts.shape[0], _AT_ONCE):
            block = counts[start : start + _AT_ONCE]
            likeness = (normalize(block.astype(float)) @ found.T).toarray()
            cosines.append(likeness.max(1))
            for row, post in zip(block, likeness.argmax(1), strict=True):
                counted = Counter({words[w]: int(n) for w, n in zip(row.indices, row.data, strict=True)})
                ordered, not_found = in_order(counted, posts[post])
                missing += not_found
                print(*ordered, file=out)
    cosine = np.concatenate(cosines)
    print(f"cosine with the post: mean {cosine.mean():.3f}, {np.mean(cosine > 1 - 1e-9):.0%} to the word")
    print(f"not found: {missing / counts.sum():.2%} of the words")


if __name__ == "__main__":
    main()
