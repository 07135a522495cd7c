"""Search without labels in training: how many of the first documents are of the query's kind.

    python -m tests.benchmarks.search.retrieval [corpus ...]

Test documents are the queries (the first 2,500 of a shuffle with seed 0), training documents are searched, and those
with the label of the query are relevant: precision at 10, average precision over all, and nDCG at 10. The queries of
cranfield are questions with judgements: nDCG at 10 with gains 2^(5 - code) - 1, precision at 10 and average
precision of any code above 0. K = 50, seed 0, default settings; the hybrid is that of
`neuraltopic.topics.retrieval.hybrid_ranking`.

With SEARCH_EMBEDDINGS, a folder that `sentence_embeddings.py` wrote, more are measured: these embeddings alone, the
hybrid with them as its third part, and the same three of `contextual`, which was fitted with them.
"""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy import sparse

from neuraltopic import DocumentVAE, TopicModel
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.topics.retrieval.document_set import DocumentSet, Postings, Query, directions
from neuraltopic.topics.retrieval.embedding_topics import EmbeddingTopics
from neuraltopic.topics.retrieval.hybrid_ranking import HybridRanking
from tests.benchmarks.data import data_folder

CORPORA = ("20ng-v5000", "agnews", "stackoverflow", "nyt", "searchsnippets", "cranfield")
QUERIES = 2_500
SMOOTHED = (0.5, 100.0)  # share of the topics, and pseudo-tokens of the corpus, in the likelihood


def labelled(folder):
    """Counts, vectors and relevance gains of training documents (columns) for test documents (rows)."""
    train, test = (sparse.csr_array(sparse.load_npz(folder / f"{part}_bow.npz")) for part in ("train", "test"))
    kinds, wanted = (np.loadtxt(folder / f"{part}_labels.txt", dtype=str) for part in ("train", "test"))
    rows = queried(test.shape[0])
    model = DocumentVAE(50, random_state=0).fit(train[train.sum(1) > 0])
    gains = lambda query: (kinds == wanted[rows[query]]).astype(float)  # noqa: E731
    return model, Counts.from_scipy(train), Counts.from_scipy(test[rows]), gains


def queried(n_documents):
    """Which of the test documents are the queries."""
    return np.sort(np.random.default_rng(0).permutation(n_documents)[:QUERIES])


def judged(folder):
    """The same of a collection with judged queries."""
    documents, queries = (
        [json.loads(line) for line in (folder / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
        for name in ("documents", "queries")
    )
    codes = {}
    for line in (folder / "qrels.tsv").read_text().splitlines()[1:]:
        query, document, code = line.split("\t")
        codes.setdefault(query, {})[document] = max(0, 5 - int(code)) if int(code) > 0 else 0
    texts = [document["text"] for document in documents]
    model = TopicModel(50, random_state=0).fit(texts)
    searched, asked = (model.prepare(t).counts for t in (texts, [query["text"] for query in queries]))
    ids = [document["id"] for document in documents]

    def gains(query):
        of_query = codes.get(queries[query]["id"], {})
        return np.array([2.0 ** of_query.get(id, 0) - 1.0 for id in ids])

    return model.document_vae_, searched, asked, gains


def figures(values, gains):
    """Precision at 10, average precision, nDCG at 10; None where nothing is relevant."""
    if not gains.any():
        return None
    order = np.argsort(-values, kind="stable")
    relevant = gains[order] > 0
    precision = np.cumsum(relevant) / np.arange(1, len(relevant) + 1)
    discount = 1.0 / np.log2(np.arange(2, 12))
    best = np.sort(gains)[::-1][:10]
    return relevant[:10].mean(), precision[relevant].mean(), gains[order[:10]] @ discount / (best @ discount)


def tf_idf(counts, df, n_documents):
    """Unit rows of (1 + log tf) (1 + log((D + 1) / (df + 1)))."""
    rows = sparse.csr_array(counts.to_scipy(), dtype=float)
    rows.data = (1 + np.log(rows.data)) * (1 + np.log((n_documents + 1) / (df + 1)))[rows.indices]
    norms = np.sqrt(rows.multiply(rows).sum(1))
    return sparse.diags_array(1 / np.where(norms > 0, norms, 1)) @ rows


def standardised(values):
    return (values - values.mean()) / max(values.std(), 1e-9)


class Likelihood:
    """log p(q | d) of the energy softmax, smoothed by the document's own words (Wei & Croft 2006)."""

    def __init__(self, model, counts, vectors):
        self.R, self.b = model.components_.astype(float), model.bias_.astype(float)
        self.z = model.latents(vectors)
        blocks = [self.z[i : i + 512] @ self.R + self.b for i in range(0, len(self.z), 512)]
        self.log_partition = np.concatenate([np.logaddexp.reduce(block, axis=1) for block in blocks])
        self.words = sparse.csc_array(counts.to_scipy(), dtype=float)
        self.lengths = counts.totals()
        totals = counts.word_totals() + 0.5
        self.unigram = totals / totals.sum()

    def topics(self, words, asked):
        """By the topics alone."""
        energies = self.z @ (self.R[:, words] @ asked) + self.b[words] @ asked
        return energies - asked.sum() * self.log_partition

    def smoothed(self, words, asked):
        """By the topics and the words of the document."""
        share, pseudo = SMOOTHED
        topics = np.exp(self.z @ self.R[:, words] + self.b[words] - self.log_partition[:, None])
        own = self.words[:, words].toarray() + pseudo * self.unigram[words]
        own /= (self.lengths + pseudo)[:, None]
        return np.log(share * topics + (1 - share) * own) @ asked


class Ranked:
    """Documents searched by the words, the vectors of a model and, where they have some, embeddings."""

    def __init__(self, model, searched, asked, embedded=None, *, model_takes_them=False):
        beside = embedded if embedded is not None and model_takes_them else (None, None)
        self.vectors, of_queries = (
            np.asarray(model.transform(counts, embeddings=of_counts))
            for counts, of_counts in zip((searched, asked), beside, strict=True)
        )
        nothing = model.empty_document_vector()
        without = DocumentSet(searched, Postings.of(searched), searched.totals(), directions(self.vectors, nothing))
        self.ranking = HybridRanking([without])
        self.unit, self.of_queries = self.vectors / np.linalg.norm(self.vectors, axis=1, keepdims=True), of_queries
        self.asks, self.embedded = directions(of_queries, nothing), None
        if embedded is not None:
            topics = EmbeddingTopics.learned(
                [(without.directions, embedded[0])], (embedded[0].shape[1], self.vectors.shape[1])
            )
            both = topics.directions(without.directions, embedded[0])
            self.ranking_of_all = HybridRanking([replace(without, directions=both, embeddings=embedded[0])])
            self.embedded = topics.directions(self.asks, embedded[1]), embedded[1]

    def scores(self, number, words, counts, by="hybrid"):
        """Of all documents for a query."""
        return self.ranking.scores(self._query(number, words, counts), by).values

    def scores_with_embeddings(self, number, words, counts):
        """The hybrid of all three."""
        direction, embedding = (rows[number] for rows in self.embedded)
        query = replace(self._query(number, words, counts), direction=direction, embedding=embedding)
        return self.ranking_of_all.scores(query).values

    def _query(self, number, words, counts):
        return Query(dict(zip(words.tolist(), counts.tolist(), strict=True)), self.asks[number])


def measure(name):
    folder = data_folder() / name
    model, searched, asked, gains = (judged if name == "cranfield" else labelled)(folder)
    embedded = embeddings(name)
    ranked = Ranked(model, searched, asked, embedded)
    df = searched.document_frequency()
    weighted, weighted_queries = (tf_idf(counts, df, len(searched)) for counts in (searched, asked))
    likelihood = Likelihood(model, searched, ranked.vectors)
    if embedded is not None:
        some = searched.totals() > 0
        contextual = DocumentVAE(50, recipe="contextual", random_state=0)
        contextual.fit(searched.to_scipy()[some], embeddings=embedded[0][some])
        in_context = Ranked(contextual, searched, asked, embedded, model_takes_them=True)
    found = {}
    for number in range(len(asked)):
        row = asked.slice(number, number + 1)
        words, counts = row.indices.astype(int), row.data.astype(float)
        values = {
            "tf-idf, cosine": (weighted @ weighted_queries[[number]].T).toarray().ravel(),
            "BM25": ranked.scores(number, words, counts, "words"),
            "vectors, cosine": ranked.unit @ ranked.of_queries[number],
            "vectors, cosine from nothing": ranked.scores(number, words, counts, "topics"),
            "likelihood, topics": likelihood.topics(words, counts),
            "likelihood, smoothed": likelihood.smoothed(words, counts),
            "hybrid": ranked.scores(number, words, counts),
        }
        if embedded is not None:
            values |= {
                "sentence embeddings": embedded[0] @ embedded[1][number],
                "hybrid with embeddings": ranked.scores_with_embeddings(number, words, counts),
                "contextual, cosine from nothing": in_context.scores(number, words, counts, "topics"),
                "hybrid of contextual": in_context.scores(number, words, counts),
                "hybrid of contextual, embeddings": in_context.scores_with_embeddings(number, words, counts),
            }
        of_query = gains(number)
        for method, of_documents in values.items():
            if (measured := figures(of_documents, of_query)) is not None:
                found.setdefault(method, []).append(measured)
    print(f"{name}: {len(searched):,} documents, {len(asked):,} queries: P@10, MAP, nDCG@10")
    for method, measured in found.items():
        print(f"  {method:<33}" + "  ".join(f"{value:.3f}" for value in np.mean(measured, axis=0)), flush=True)


def embeddings(name):
    """Sentence embeddings of the documents and of the queries, unit rows."""
    files = [Path(os.environ.get("SEARCH_EMBEDDINGS", "")) / f"{name}.{part}.npy" for part in ("documents", "queries")]
    return tuple(map(np.load, files)) if all(file.exists() for file in files) else None


if __name__ == "__main__":
    for corpus in sys.argv[1:] or CORPORA:
        measure(corpus)
