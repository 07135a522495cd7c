"""Documents per CPU second from English texts of several kinds to counts, beside scikit-learn's CountVectorizer.

Run: python -m tests.benchmarks.corpora.preprocessing [repetitions] [kind ...]
The two take turns in one process, each first in every second repetition, so that a busy machine slows both; the least
CPU time of each counts. Filters are equal: the same stop words, letters only, three or more of them, min_df 5,
max_df 0.5. Ours also takes markup and addresses out, detects the language, looks for duplicates and keeps the ledger.
The numbers of words differ a little: don't is one word.
"""

import json
import sys
import tarfile
import time
from collections.abc import Callable

from sklearn.datasets._twenty_newsgroups import (
    strip_newsgroup_footer,
    strip_newsgroup_header,
    strip_newsgroup_quoting,
)
from sklearn.feature_extraction.text import CountVectorizer

from neuraltopic.preprocessing.languages.stop_words import stop_words
from neuraltopic.preprocessing.preprocessor import Preprocessing, Preprocessor
from neuraltopic.reading.rows import Row
from tests.benchmarks.data import data_folder

EQUAL = {"min_df": 5, "max_df": 0.5}
# Texts that take well under a second are written several times over, each time with another number at the end.
TIMES_OVER = 8


def posts() -> list[str]:
    """20 Newsgroups: e-mails with headers, quotations and signatures."""
    with tarfile.open(data_folder() / "20news-bydate.tar.gz") as archive:
        files = (archive.extractfile(member) for member in archive if member.isfile())
        return [file.read().decode("latin-1") for file in files if file is not None]


def bodies() -> list[str]:
    """20 Newsgroups without headers, quotations and signatures, by scikit-learn's rules."""
    return [strip_newsgroup_footer(strip_newsgroup_quoting(strip_newsgroup_header(post))) for post in posts()]


def abstracts() -> list[str]:
    """Cranfield: abstracts of papers."""
    lines = (data_folder() / "cranfield" / "documents.jsonl").read_text("utf-8").splitlines()
    return _times_over([json.loads(line)["text"] for line in lines])


def news() -> list[str]:
    """AG News: titles and first sentences, cut into words before."""
    return _times_over(_lines("agnews"))


def snippets() -> list[str]:
    """Snippets of web searches, cut into words before."""
    return _times_over(_lines("searchsnippets"))


def titles() -> list[str]:
    """Titles of questions on Stack Overflow, cut into words before."""
    return _times_over(_lines("stackoverflow"))


def articles() -> list[str]:
    """The New York Times: articles, cut into words before."""
    return _times_over(_lines("nyt", "test"))


def _lines(corpus: str, part: str = "train") -> list[str]:
    return (data_folder() / corpus / f"{part}_texts.txt").read_text("utf-8").splitlines()


def _times_over(texts: list[str]) -> list[str]:
    return [f"{text} {time_over}" for time_over in range(TIMES_OVER) for text in texts]


def ours(texts: list[str]) -> int:
    # One process, whose CPU time is measured.
    preprocessor = Preprocessor(Preprocessing(**EQUAL, max_vocabulary=10**6), n_jobs=1)
    preprocessor.fit_transform(Row(str(number), text, {}) for number, text in enumerate(texts))
    return len(preprocessor.vocabulary)


def theirs(texts: list[str]) -> int:
    pattern = r"(?u)\b[^\W\d_]{3,}\b"
    vectoriser = CountVectorizer(token_pattern=pattern, stop_words=sorted(stop_words("en")), **EQUAL)
    vectoriser.fit_transform(texts)
    return len(vectoriser.vocabulary_)


KINDS = (posts, bodies, abstracts, news, snippets, titles, articles)


def measure(texts: list[str], repetitions: int) -> dict[str, tuple[float, int]]:
    """The least CPU seconds of each, and its number of words."""
    runs: list[tuple[str, Callable[[list[str]], int]]] = [("theirs", theirs), ("ours", ours)]
    least: dict[str, tuple[float, int]] = {}
    for _ in range(repetitions):
        for name, run in runs:
            start = time.process_time()
            n_words = run(texts)
            seconds = time.process_time() - start
            least[name] = min(least.get(name, (seconds, n_words)), (seconds, n_words))
        runs.reverse()
    return least


def main() -> None:
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 4
    chosen = sys.argv[2:] or [kind.__name__ for kind in KINDS]
    warm = news()[:500]
    ours(warm), theirs(warm)  # imports
    print("kind       documents  characters  CountVectorizer       V      ours       V  ratio of documents per CPU s")
    for kind in KINDS:
        if kind.__name__ in chosen:
            texts = kind()
            n_characters = sum(map(len, texts)) / len(texts)
            least = measure(texts, repetitions)
            (t, v_t), (o, v_o) = least["theirs"], least["ours"]
            rates = f"{len(texts) / t:11,.0f} a s  {v_t:7,d} {len(texts) / o:8,.0f}  {v_o:7,d}"
            print(f"{kind.__name__:10s} {len(texts):8,d}  {n_characters:9,.0f} {rates}  {t / o:.2f}", flush=True)


if __name__ == "__main__":
    main()
