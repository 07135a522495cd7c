"""Held-out perplexity on the 20 Newsgroups counts of Miao, Yu and Blunsom (2016), by their protocol.

    python -m tests.benchmarks.training.nvdm_perplexity [K] [seed] [recipe]

The bound is taken with 20 samples a document; the paper's figure is exp(-1/D sum_d (1/N_d) bound_d). Beside it
stand the corpus form and the bounds with 500 importance samples. With replicated_softmax both are one estimate, by
annealing, and no bound.
"""

import sys
import time
from pathlib import Path

import numpy as np
from scipy import sparse

from neuraltopic import DocumentVAE
from tests.benchmarks.data import data_folder

N_WORDS = 2000


def read_counts(path: Path) -> sparse.csr_array:
    """The lines `label id:count ...` with ids from 1, as documents x words."""
    indptr, indices, data = [0], [], []
    for line in path.read_text().splitlines():
        for entry in line.split()[1:]:
            word, count = entry.split(":")
            indices.append(int(word) - 1)
            data.append(float(count))
        indptr.append(len(indices))
    return sparse.csr_array((data, indices, indptr), shape=(len(indptr) - 1, N_WORDS))


def main() -> None:
    n_components = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    recipe = sys.argv[3] if len(sys.argv) > 3 else "nvdm"
    folder = data_folder() / "20news-nvdm"
    train, test = read_counts(folder / "train.feat"), read_counts(folder / "test.feat")
    DocumentVAE(2, recipe=recipe, max_epochs=1).fit(train[:100])  # imports and allocations, before the clock starts

    wall, cpu = time.perf_counter(), time.process_time()
    model = DocumentVAE(n_components, recipe=recipe, random_state=seed).fit(train)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{recipe}, K = {n_components}, seed {seed}: {wall:.1f} s wall, {cpu:.1f} s CPU, {model.n_iter_} epochs")
    start = time.perf_counter()
    model.transform(test)
    print(f"transform: {test.shape[0] / (time.perf_counter() - start):,.0f} documents per second")
    tokens = np.asarray(test.sum(1))
    print(f"{test.shape[0]:,} test documents, {(tokens == 0).sum()} of them empty and left out")
    for name, options in (
        ("ELBO, 20 samples", {"n_samples": 20}),
        ("importance-weighted, 500 samples", {"n_samples": 500, "importance_weighted": True}),
    ):
        per_document = model.perplexity(test, per="document", **options)
        per_corpus = model.perplexity(test, per="corpus", **options)
        print(f"{name}: {per_document:.1f} per document, {per_corpus:.1f} per corpus")


if __name__ == "__main__":
    main()
