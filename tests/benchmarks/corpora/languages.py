"""Topics of the same sentences in 18 languages, with no option given, beside scikit-learn's NMF.

Run: python -m tests.benchmarks.corpora.languages [LANGUAGE ...]
SIB-200: 1,004 sentences a language with 7 labels. Of each language: the documents that keep a word, the words of the
vocabulary in a sentence, and the normalised mutual information of the labels and the topics at K = 10, seed 0, of
three models, each on the documents that it has words of: the default recipe; NMF on the counts of CountVectorizer as
it is; NMF on the counts of the words that our tokeniser cuts, in lower case, in 5 documents to half of them.
"""

import sys
import time
import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import NMF
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.metrics import normalized_mutual_info_score

from neuraltopic import TopicModel
from neuraltopic.preprocessing.tokenisation.tokenisers import WordTokeniser
from tests.benchmarks.data import data_folder

K = 10
FOLDER = data_folder() / "sib200"


def sentences(language: str) -> tuple[list[str], NDArray[np.str_]]:
    lines = (FOLDER / f"{language}.tsv").read_text(encoding="utf-8").splitlines()[1:]
    _, labels, texts = zip(*(line.split("\t", 2) for line in lines), strict=True)
    return list(texts), np.array(labels)


def ours(texts: list[str], labels: NDArray[np.str_]) -> tuple[int, float, float]:
    """Documents kept, tokens a document, and NMI."""
    model = TopicModel(K, random_state=0).fit(texts)
    kept = (model.ledger_["status"] == "kept").to_numpy()
    tokens = model.ledger_["n_tokens"][kept].sum() / len(texts)
    return int(kept.sum()), float(tokens), float(normalized_mutual_info_score(labels[kept], model.topics_))


def nmf(texts: list[str], labels: NDArray[np.str_], vectoriser: CountVectorizer) -> float:
    counts = vectoriser.fit_transform(texts)
    kept = np.flatnonzero(counts.sum(axis=1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it stops at 200 iterations, as it does by default
        weights = NMF(K, random_state=0).fit_transform(counts[kept])
    return float(normalized_mutual_info_score(labels[kept], weights.argmax(axis=1)))


def cut(tokeniser: Callable[[list[str]], object]) -> CountVectorizer:
    return CountVectorizer(analyzer=lambda text: next(iter(tokeniser([text.lower()]))), min_df=5, max_df=0.5)


def main() -> None:
    print("language    kept  tokens  neuraltopic  NMF, CountVectorizer  NMF, our words   seconds", flush=True)
    ahead = [0, 0]
    languages = sys.argv[1:] or sorted(path.stem for path in FOLDER.glob("*.tsv"))
    for language in languages:
        texts, labels = sentences(language)
        start = time.perf_counter()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                kept, tokens, nmi = ours(texts, labels)
        except Exception as error:
            print(language, error)
            kept, tokens, nmi = 0, 0, 0
        seconds = time.perf_counter() - start
        plain, same = nmf(texts, labels, CountVectorizer()), nmf(texts, labels, cut(WordTokeniser()))
        ahead = [ahead[0] + (nmi > plain), ahead[1] + (nmi > max(plain, same))]
        print(
            f"{language}  {kept:6,}  {tokens:6.2f}  {nmi:11.3f}  {plain:20.3f}  {same:14.3f}  {seconds:8.1f}",
            flush=True,
        )
    print(f"ahead of CountVectorizer's in {ahead[0]}, of both in {ahead[1]} of {len(languages)}")


if __name__ == "__main__":
    main()
