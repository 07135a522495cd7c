import sys
from dataclasses import replace

import numpy as np
import pytest

from neuraltopic.compare import runner
from neuraltopic.compare.data import ComparisonData, split_corpus
from neuraltopic.compare.models.protocol import ComparedModel
from neuraltopic.evaluate.clusters import unit_rows
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.preprocessing.settings import Preprocessing
from neuraltopic.reading.readers import open_corpus
from tests.tiny_corpus import write_corpus

# A job that fits nothing: it notes that it was called, and gives figures that depend on K and the seed. sklearn-lda
# fails, and gensim-lda is killed.
FAKE_JOB = """
import json, os, pathlib, signal, sys
folder, model, k, seed, figures = sys.argv[1:]
folder, k, seed = pathlib.Path(folder), int(k), int(seed)
with open(folder.parent / "calls.txt", "a") as calls:
    calls.write(f"{model} {k} {seed} {figures} {os.environ['OMP_NUM_THREADS']}\\n")
if model == "sklearn-lda":
    print("something\\nsklearn-lda: too many topics.", file=sys.stderr)
    sys.exit(1)
if model == "gensim-lda":
    os.kill(os.getpid(), signal.SIGKILL)
words = [f"w{number}" for number in range(40)]
found = {
    "cpu_seconds": 1.0 + seed,
    "memory_mb": 100.0,
    "npmi_document": 0.3 + 0.001 * seed,
    "diversity": 1.0 if model == "nmf" else 0.5,
    "perplexity_bound_corpus": 1000.0 / k + seed,
    "bound_per_token": -7.0 + 0.01 * k + 0.001 * seed,
    "bound_per_token_error": 0.011,
}
result = {
    "model": model, "n_components": k, "seed": seed, "settings": {"random_state": seed, "passes": 10},
    "reads_embeddings": model == "bertopic", "notes": [f"{k} topics"] * (model == "bertopic"),
    "versions": {"a": "1.0"}, "figures": found, "topics": [words[t : t + 10] for t in range(k)],
}
(folder / "runs" / f"{model}-k{k}-seed{seed}.json").write_text(json.dumps(result))
"""


@pytest.fixture
def fake_jobs(tmp_path, monkeypatch):
    """Jobs that take no time; returns what was called."""
    script = tmp_path / "job.py"
    script.write_text(FAKE_JOB)
    monkeypatch.setattr(runner, "_COMMAND", (sys.executable, "-S", str(script)))
    calls = tmp_path / "calls.txt"
    return lambda: calls.read_text().splitlines() if calls.exists() else []


@pytest.fixture(scope="session")
def corpus(tmp_path_factory):
    return write_corpus(tmp_path_factory.mktemp("corpora") / "themes")


@pytest.fixture(scope="session")
def data(corpus) -> ComparisonData:
    return split_corpus(open_corpus(corpus), Preprocessing(min_df=1), held_out=0.2)


@pytest.fixture(scope="session")
def embedded(data) -> ComparisonData:
    """The data with embeddings of length 1, as models of language give them, each near an axis of its theme."""
    rng = np.random.default_rng(0)
    axes = dict(zip(("space", "sport", "kitchen"), np.eye(8), strict=False))
    train, test = (
        unit_rows(np.stack([axes[label] + 0.1 * rng.normal(size=8) for label in labels])).astype(np.float32)
        for labels in (data.train_labels, data.test_labels)
    )
    return replace(data, train_embeddings=train, test_embeddings=test)


class UnigramModel(ComparedModel):
    """Every document has the same words; its vector is its label, as a one-hot row."""

    def __init__(self, probabilities, vectors=None):
        super().__init__()
        self.probabilities = np.asarray(probabilities, np.float64)
        self._vectors = vectors

    def fit(self, counts, words, embeddings=None):
        pass

    def word_scores(self):
        return np.stack([self.probabilities, -self.probabilities])

    def vectors(self, counts, embeddings=None):
        return np.ones((len(counts), 2)) if self._vectors is None else self._vectors(counts)

    def log_likelihood(self, vectors, counts):
        return counts.to_scipy() @ np.log(self.probabilities)


@pytest.fixture
def unigram_model():
    return UnigramModel


def counts(rows) -> Counts:
    return Counts.from_scipy(np.asarray(rows))
