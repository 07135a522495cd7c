"""Documents per CPU second from 20 Newsgroups posts to counts, beside scikit-learn's CountVectorizer.

Run: python -m tests.benchmarks.corpora.preprocessing [rounds]
The two take turns in one process, so that a busy machine slows both. Filters are equal: the same stop words,
letters only, three or more of them, min_df 5, max_df 0.5. Ours also takes addresses out, looks for duplicates
and keeps the ledger, and don't is one word: hence a few words less. The first round of each includes its
imports and warms the caches.
"""

import sys
import tarfile
import time
from collections.abc import Callable

from sklearn.feature_extraction.text import CountVectorizer

from neuraltopic.preprocessing.languages.stop_words import stop_words
from neuraltopic.preprocessing.preprocessor import Preprocessing, Preprocessor
from neuraltopic.reading.rows import Row
from tests.benchmarks.data import data_folder

EQUAL = {"min_df": 5, "max_df": 0.5}


def posts() -> list[str]:
    folder = data_folder()
    with tarfile.open(folder / "20news-bydate.tar.gz") as archive:
        files = (archive.extractfile(member) for member in archive if member.isfile())
        return [file.read().decode("latin-1") for file in files if file is not None]


def ours(texts: list[str], **settings: bool) -> int:
    # One process, whose CPU time is measured.
    preprocessor = Preprocessor(Preprocessing(**EQUAL, max_vocabulary=10**6, **settings), n_jobs=1)
    preprocessor.fit_transform(Row(str(number), text, {}) for number, text in enumerate(texts))
    return len(preprocessor.vocabulary)


def theirs(texts: list[str]) -> int:
    pattern = r"(?u)\b[^\W\d_]{3,}\b"
    vectoriser = CountVectorizer(token_pattern=pattern, stop_words=sorted(stop_words("en")), **EQUAL)
    vectoriser.fit_transform(texts)
    return len(vectoriser.vocabulary_)


def main() -> None:
    texts = posts()
    megabytes = sum(map(len, texts)) / 1e6
    print(f"{len(texts):,} posts, {megabytes:.1f} million characters")
    runs: dict[str, Callable[[], int]] = {
        "CountVectorizer": lambda: theirs(texts),
        "neuraltopic": lambda: ours(texts),
        "neuraltopic, phrases": lambda: ours(texts, phrases=True),
        "neuraltopic, lemmas": lambda: ours(texts, lemmas=True),
    }
    for round_number in range(int(sys.argv[1]) if len(sys.argv) > 1 else 3):
        for name, run in runs.items():
            start = time.process_time()
            n_words = run()
            seconds = time.process_time() - start
            rate = len(texts) / seconds
            print(f"round {round_number + 1}  {name:22s} {seconds:6.2f} CPU s  {rate:7,.0f} posts/CPU s  V={n_words:,}")


if __name__ == "__main__":
    main()
