"""True topics found in a large corpus from a known model: the default beside online LDA in the same CPU time.

    python -m tests.benchmarks.corpora.large_peers FOLDER [documents] [words] [topics]

The default is fitted first, on one thread. LDA of scikit-learn (Hoffman, Blei & Bach 2010) and of gensim (Rehurek &
Sojka 2010) then go over the same counts in parts, again and again until they have taken as many CPU seconds. Words in
more than half of the documents or in fewer than 5 are left out, as the preprocessing of a fit does: the words that are
frequent in all topics would make any two of them alike.

Axes: D documents, V words, K topics.
"""

import sys
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse

from neuraltopic.estimators.document_vae import DocumentVAE
from tests.benchmarks.corpora.large_corpus import KnownModel, open_counts

_PART = 20_000
_BATCH = 4_096


def corpus(folder: Path, n_documents: int, n_words: int, n_topics: int) -> tuple[sparse.csr_array, KnownModel]:
    """Counts (D, V) of the words that a fit would keep, and the model over them."""
    model = KnownModel.drawn(n_topics, n_words)
    counts = open_counts(model, folder, n_documents).to_scipy().tocsr()
    frequency = np.bincount(counts.indices, minlength=n_words)
    kept = np.flatnonzero((frequency >= 5) & (frequency <= n_documents / 2))
    known = model.topics[:, kept]
    return counts[:, kept], KnownModel(known / known.sum(1, keepdims=True))


def parts(counts: sparse.csr_array) -> Iterator[sparse.csr_array]:
    """The rows in parts, for ever."""
    for start in cycle(range(0, counts.shape[0], _PART)):
        yield counts[start : start + _PART]


def scikit_learn(counts: sparse.csr_array, n_topics: int, seconds: float) -> tuple[NDArray[np.float64], int]:
    """Topics (K, V) after so many CPU seconds, and the documents seen."""
    from sklearn.decomposition import LatentDirichletAllocation

    model = LatentDirichletAllocation(n_topics, total_samples=counts.shape[0], max_doc_update_iter=20, random_state=0)
    started, seen = time.process_time(), 0
    for part in parts(counts):
        for row in range(0, part.shape[0], _BATCH):
            model.partial_fit(part[row : row + _BATCH])
        seen += part.shape[0]
        if time.process_time() - started > seconds:
            break
    return model.components_ / model.components_.sum(1, keepdims=True), seen


def gensim(counts: sparse.csr_array, n_topics: int, seconds: float) -> tuple[NDArray[np.float64], int]:
    """Topics (K, V) after so many CPU seconds, and the documents seen."""
    from gensim.matutils import Sparse2Corpus
    from gensim.models import LdaModel

    words = {word: str(word) for word in range(counts.shape[1])}
    model = LdaModel(num_topics=n_topics, id2word=words, chunksize=_BATCH, eval_every=None, random_state=0)
    started, seen = time.process_time(), 0
    for part in parts(counts):
        model.update(Sparse2Corpus(part, documents_columns=False))
        seen += part.shape[0]
        if time.process_time() - started > seconds:
            break
    return model.get_topics().astype(np.float64), seen


Peer = Callable[[sparse.csr_array, int, float], tuple[NDArray[np.float64], int]]
PEERS: dict[str, Peer] = {"scikit-learn": scikit_learn, "gensim": gensim}


def main() -> None:
    folder, given = Path(sys.argv[1]), [int(argument) for argument in sys.argv[2:]]
    n_documents, n_words, n_topics = (given + [200_000, 50_000, 100][len(given) :])[:3]
    torch.set_num_threads(1)
    counts, known = corpus(folder, n_documents, n_words, n_topics)
    started = time.process_time()
    model = DocumentVAE(n_topics, random_state=0)
    model.fit_transform(counts)
    seconds = time.process_time() - started
    explained = model.explained_ / model.explained_.sum(1, keepdims=True)
    print(f"default: {known.recovered(explained):.2f} of the topics in {seconds:.0f} CPU s", flush=True)
    for name, peer in PEERS.items():
        topics, seen = peer(counts, n_topics, seconds)
        print(f"{name}: {known.recovered(topics):.2f}, {seen / n_documents:.1f} passes", flush=True)


if __name__ == "__main__":
    main()
