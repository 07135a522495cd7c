"""Topics learned from one copy of each text, beside topics learned from all copies.

Run: python -m tests.benchmarks.corpora.copies [SEEDS]
Three corpora with copies of some of their documents, drawn by Zipf's law: those of few documents as in a survey, of
more as in posts that are sent again. K = 20. For both ways: normalised mutual information of topics and labels on
test documents, which have no copies, and on all rows; topics in use; CPU seconds of the fit. Medians over seeds.
"""

import sys
import time
import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import normalized_mutual_info_score

from neuraltopic import Preprocessing, TopicModel
from tests.benchmarks.data import data_folder

K = 20
N_TEST = 1_000
FOLDER = data_folder()
# Corpus, its documents, those of them that have copies, and the rows that are copies.
CASES = (("agnews", 2_000, 20, 2_000), ("searchsnippets", 3_000, 100, 1_500), ("stackoverflow", 3_000, 10, 4_500))


def texts_of(corpus: str, part: str) -> tuple[list[str], NDArray[np.str_]]:
    texts, labels = (
        (FOLDER / corpus / f"{part}_{what}.txt").read_text(encoding="utf-8").split("\n") for what in ("texts", "labels")
    )
    return texts, np.array(labels[: len(texts)])


def with_copies(n_documents: int, n_copied: int, n_copies: int) -> NDArray[np.intp]:
    """The document of each row: each once, and copies of some."""
    generator = np.random.default_rng(0)
    weights = 1 / np.arange(1, n_copied + 1)
    copied = generator.choice(n_documents, n_copied, replace=False)
    rows = np.concatenate([np.arange(n_documents), generator.choice(copied, n_copies, p=weights / weights.sum())])
    return generator.permutation(rows)


def figures(corpus: str, rows: NDArray[np.intp], n_documents: int, seed: int, *, all_copies: bool) -> list[float]:
    texts, labels = texts_of(corpus, "train")
    # Labels come in blocks in some of these files.
    order = np.random.default_rng(1).permutation(len(texts))[:n_documents][rows]
    test_texts, test_labels = texts_of(corpus, "test")
    test = np.random.default_rng(2).permutation(len(test_texts))[:N_TEST]
    settings = Preprocessing(keep_duplicates=all_copies)
    start = time.process_time()
    model = TopicModel(K, random_state=seed, preprocessing=settings).fit([texts[row] for row in order])
    seconds = time.process_time() - start
    of_test = np.asarray(model.predict([test_texts[row] for row in test]))
    of_rows = model.get_document_info()["topic"].fillna(-1).to_numpy()
    in_use = len(np.unique(of_test[of_test >= 0]))
    return [
        float(normalized_mutual_info_score(test_labels[test], of_test)),
        float(normalized_mutual_info_score(labels[order], of_rows)),
        float(in_use),
        seconds,
    ]


def main() -> None:
    n_seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    warnings.simplefilter("ignore")
    print("corpus          rows  distinct  learned from  NMI, test  NMI, rows  topics of test  CPU s", flush=True)
    for corpus, n_documents, n_copied, n_copies in CASES:
        rows = with_copies(n_documents, n_copied, n_copies)
        for all_copies in (False, True):
            found = [figures(corpus, rows, n_documents, seed, all_copies=all_copies) for seed in range(n_seeds)]
            test, of_rows, in_use, seconds = np.median(found, axis=0)
            print(
                f"{corpus:14s}  {len(rows):4d}  {n_documents:8d}  {'all' if all_copies else 'one':12s}  {test:9.3f}  "
                f"{of_rows:9.3f}  {in_use:14.0f}  {seconds:5.1f}   {[round(each[0], 3) for each in found]}",
                flush=True,
            )


if __name__ == "__main__":
    main()
