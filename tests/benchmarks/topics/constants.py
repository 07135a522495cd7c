"""Choose constants of the default by one rule on six corpora.

    python -m tests.benchmarks.topics.constants weight|ranking|assignment|evidence|search|embeddings|metric [seeds]

15 % of the training documents of each corpus are held out; test documents have no part. K = 50. The corpora are of
three kinds: short documents (stackoverflow, searchsnippets), middle (agnews) and long (20ng-v5000, nyt, raw posts of
20 Newsgroups). The figure of a candidate is the mean over the kinds of its mean over the corpora of the kind, and the
largest wins; candidates within the spread of seeds are level, and the one in force stays.

- weight: share of the correlation of tokens in the weight of the KL. NMI + NPMI in documents + precision at 10, over 3.
- ranking: relevance of long documents and of short ones, pseudo-count, penalty of shared words. NPMI in documents times
  diversity, the topic quality of Dieng, Ruiz & Blei (2020).
- assignment: least share of an average topic's documents, tokens as one. NMI + purity, over 2.
- evidence: pseudo-count of the information of words. NMI + precision at 10, over 2.
- search: weight of the topics beside BM25, and documents whose topics are added to those of the query in each round.
  Documents held out are the queries, 500 at most, and the others of their label are to be found: precision at 10 +
  mean average precision, over 2.
- embeddings: weights of the topics and of sentence embeddings beside BM25, and documents of the feedback, by the figure
  of search, mean of the default and of contextual. On the corpora with embeddings in
  the folder SEARCH_EMBEDDINGS, see `sentence_embeddings.py`.
- metric: the covariance in the metric of document vectors, G or G' of `document_metric`. Precision at 10.
"""

import itertools
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy import sparse

from neuraltopic import DocumentVAE
from neuraltopic.estimators.counts.word_evidence import weigh_words
from neuraltopic.evaluate.clusters import contingency, normalised_mutual_information, purity
from neuraltopic.evaluate.retrieval import precision_at_10
from neuraltopic.models.overdispersion import DesignEffect, token_correlation
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.preprocessing.preprocessor import Preprocessor
from neuraltopic.reading.rows import Row
from neuraltopic.topics.coherence import document_npmi
from neuraltopic.topics.diagnostics import live_topics
from neuraltopic.topics.diversity import diversity
from neuraltopic.topics.documents import document_assignment, word_information
from neuraltopic.topics.documents.document_assignment import DocumentAssignment
from neuraltopic.topics.documents.document_metric import energy_covariance
from neuraltopic.topics.interpretation import EnergyInterpretation
from neuraltopic.topics.retrieval import hybrid_ranking
from neuraltopic.topics.retrieval.document_set import DocumentSet, Postings, Query, directions, unit_rows
from neuraltopic.topics.retrieval.embedding_topics import EmbeddingTopics
from neuraltopic.topics.retrieval.hybrid_ranking import HybridRanking
from neuraltopic.topics.words.ranking import top_words
from tests.benchmarks.data import data_folder
from tests.benchmarks.search.retrieval import embeddings

K = 50
KINDS = {
    "stackoverflow": "short",
    "searchsnippets": "short",
    "agnews": "middle",
    "20ng-v5000": "long",
    "nyt": "long",
    "20news-bydate": "long",
}
WEIGHTS = (0.0, 0.5, 1.0)
RANKINGS = (
    (0.5, 0.5, 8.0, 0.25),
    *itertools.product((0.4, 0.44, 0.48, 0.5), (0.6, 0.7, 0.8, 0.9, 1.0), (8.0,), (0.25, 0.5)),
    *itertools.product((0.44,), (0.8,), (4.0, 16.0), (0.0, 0.25, 0.5)),
)
SEARCHES = tuple(itertools.product((14.0, 20.0, 28.0, 40.0), (5, 10, 20)))
EMBEDDING_SEARCHES = tuple(
    (*weights, n)
    for weights in ((64.0, 8.5), (64.0, 12.0), (64.0, 17.0), (96.0, 12.0), (96.0, 17.0), (96.0, 25.0), (128.0, 17.0))
    for n in (5, 10)
)
QUERIES = 500
PSEUDO_COUNTS = (1.0, 4.0, 8.0, 16.0)
ASSIGNMENTS = tuple(itertools.product((0.05, 0.1, 0.25, 0.5), (2.0, 3.0, 4.0)))


class Part(NamedTuple):
    """Documents, their labels, and their rows of the corpus."""

    counts: Counts
    labels: np.ndarray
    rows: np.ndarray


class Fit(NamedTuple):
    """A model of the first part, and the vectors of both."""

    model: DocumentVAE
    parts: tuple[Part, Part]
    vectors: tuple[np.ndarray, np.ndarray]


def parts_of(name: str) -> tuple[Part, Part]:
    """The training documents of a corpus without those held out, and these."""
    if name == "20news-bydate":
        counts, labels = raw_posts()
    else:
        counts = sparse.csr_array(sparse.load_npz(data_folder() / name / "train_bow.npz"))
        labels = np.loadtxt(data_folder() / name / "train_labels.txt", dtype=str)
    filled = np.flatnonzero(counts.sum(1))
    order = filled[np.random.default_rng(1).permutation(len(filled))]
    numbers = np.unique(labels, return_inverse=True)[1]
    held_out, training = np.split(order, [round(0.15 * len(order))])
    return tuple(
        Part(Counts.from_scipy(counts[rows]), numbers[rows], rows) for rows in map(np.sort, (training, held_out))
    )


def raw_posts() -> tuple[sparse.csr_array, np.ndarray]:
    """The bodies of the training posts of 20 Newsgroups, by the default preprocessing."""
    texts, groups = [], []
    with tarfile.open(data_folder() / "20news-bydate.tar.gz") as archive:
        for member in archive:
            if member.isfile() and "-train/" in member.name:
                texts.append(archive.extractfile(member).read().decode("latin-1").partition("\n\n")[2])
                groups.append(member.name.split("/")[-2])
    prepared = Preprocessor().fit_transform(Row(str(number), text, {}) for number, text in enumerate(texts))
    counted, first = np.unique(prepared.position, return_index=True)
    return sparse.csr_array(prepared.counts.to_scipy()), np.array(groups)[first[counted >= 0]]


def fitted(name: str, seed: int) -> Fit:
    parts = parts_of(name)
    model = DocumentVAE(K, random_state=seed)
    vectors = model.fit_transform(parts[0].counts), model.transform(parts[1].counts)
    return Fit(model, parts, vectors)


def lists_of(fit: Fit) -> np.ndarray:
    return top_words(fit.model.word_weights(fit.parts[0].counts.word_totals()), 10)


def by_weight(name: str, seed: int) -> Iterator[tuple[float, float, str]]:
    for weight in WEIGHTS:
        DesignEffect.of = lambda counts, weight=weight: DesignEffect(weight * token_correlation(counts))
        fit = fitted(name, seed)
        training, held_out = fit.parts
        npmi = document_npmi(lists_of(fit), training.counts).mean()
        table = contingency(held_out.labels, fit.model.topics_of(held_out.counts, fit.vectors[1]))[None]
        nmi = float(normalised_mutual_information(table)[0])
        p10 = precision_at_10(fit.vectors[0], training.labels, fit.vectors[1], held_out.labels).mean()
        assigned = np.bincount(fit.model.topics_of(training.counts, fit.vectors[0]), minlength=K)
        live = int(live_topics(fit.model.share_, assigned).sum())
        yield weight, (nmi + npmi + p10) / 3.0, f"{live}; {nmi:.3f}; {npmi:.3f}; {p10:.3f}"


def by_ranking(name: str, seed: int) -> Iterator[tuple[tuple[float, ...], float, str]]:
    fit = fitted(name, seed)
    for candidate in RANKINGS:
        EnergyInterpretation._relevance, EnergyInterpretation._relevance_of_short = candidate[:2]
        EnergyInterpretation._pseudo_count, EnergyInterpretation._shared_word_penalty = candidate[2:]
        lists = lists_of(fit)
        npmi, distinct = document_npmi(lists, fit.parts[0].counts).mean(), diversity(lists)
        yield candidate, npmi * distinct, f"{npmi:.3f}, {distinct:.2f}"


def by_assignment(name: str, seed: int) -> Iterator[tuple[tuple[float, ...], float, str]]:
    fit = fitted(name, seed)
    (training, held_out), g = fit.parts, EnergyInterpretation.proportion_exponent
    shares, new = (
        fit.model.shares_of(fit.model.latents(vectors), part.counts)
        for vectors, part in zip(fit.vectors, fit.parts, strict=True)
    )
    for candidate in ASSIGNMENTS:
        document_assignment._SMALL, document_assignment.TOKENS_AS_ONE = candidate
        assigned = DocumentAssignment.of(shares, training.counts, g).topics(new, held_out.counts, g)
        table = contingency(held_out.labels, assigned)[None]
        nmi, pure = float(normalised_mutual_information(table)[0]), float(purity(table)[0])
        yield candidate, (nmi + pure) / 2.0, f"{nmi:.3f}, {pure:.3f}"


def by_evidence(name: str, seed: int) -> Iterator[tuple[float, float, str]]:
    fit = fitted(name, seed)
    (training, held_out), g = fit.parts, EnergyInterpretation.proportion_exponent
    for candidate in PSEUDO_COUNTS:
        word_information.PSEUDO_COUNT = candidate
        weigh_words(fit.model, training.counts, None)
        vectors = [fit.model.transform(part.counts) for part in fit.parts]
        shares, new = (fit.model.document_weights(of_part) for of_part in vectors)
        assigned = DocumentAssignment.of(shares, training.counts, g).topics(new, held_out.counts, g)
        nmi = float(normalised_mutual_information(contingency(held_out.labels, assigned)[None])[0])
        p10 = precision_at_10(vectors[0], training.labels, vectors[1], held_out.labels).mean()
        yield candidate, (nmi + p10) / 2.0, f"{nmi:.3f}, {p10:.3f}"


def by_search(name: str, seed: int) -> Iterator[tuple[tuple[float, int], float, str]]:
    fit = fitted(name, seed)
    nothing = fit.model.empty_document_vector()
    searched, asked = (directions(vectors, nothing) for vectors in fit.vectors)
    figures: dict[tuple[float, int], list[tuple[float, float]]] = {}
    for ranking, query, relevant in searches(fit.parts, searched, asked):
        for candidate in SEARCHES:
            hybrid_ranking._TOPIC_WEIGHT, hybrid_ranking._FEEDBACK = candidate
            figures.setdefault(candidate, []).append(precisions(ranking.scores(query).values, relevant))
    for candidate, of_queries in figures.items():
        p10, average = np.mean(of_queries, axis=0)
        yield candidate, (p10 + average) / 2.0, f"{p10:.3f}, {average:.3f}"


def searches(
    parts: tuple[Part, Part],
    searched: np.ndarray,
    asked: np.ndarray,
    embedded: tuple[np.ndarray, np.ndarray] | None = None,
) -> Iterator[tuple[HybridRanking, Query, np.ndarray]]:
    """The training documents, some of those held out as queries, and which documents are relevant to each."""
    (training, held_out), counts = parts, parts[0].counts
    documents = DocumentSet(counts, Postings.of(counts), counts.totals(), searched)
    ranking = HybridRanking([documents if embedded is None else replace(documents, embeddings=embedded[0])])
    for number in np.random.default_rng(0).permutation(len(held_out.counts))[:QUERIES].tolist():
        row = held_out.counts.slice(number, number + 1)
        words = dict(zip(row.indices.tolist(), map(float, row.data.tolist()), strict=True))
        query = Query(words, asked[number], None if embedded is None else embedded[1][number])
        yield ranking, query, training.labels == held_out.labels[number]


def precisions(scores: np.ndarray, relevant: np.ndarray) -> tuple[float, float]:
    """Precision at 10 and average precision of documents in the order of their scores."""
    found = relevant[np.argsort(-scores, kind="stable")]
    precision = np.cumsum(found) / np.arange(1, len(found) + 1)
    return found[:10].mean(), precision[found].mean()


def by_embeddings(name: str, seed: int) -> Iterator[tuple[tuple[float, float, int], float, str]]:
    embedded = embeddings(name)
    if embedded is None:
        return
    parts = parts_of(name)
    of_parts = unit_rows(embedded[0][parts[0].rows]), unit_rows(embedded[0][parts[1].rows])
    figures: dict[tuple[float, float, int], list[tuple[float, float]]] = {}
    for recipe, beside in (("semi_amortised_prodlda", (None, None)), ("contextual", of_parts)):
        model = DocumentVAE(K, recipe=recipe, random_state=seed)
        vectors = model.fit_transform(parts[0].counts, embeddings=beside[0])
        nothing = model.empty_document_vector()
        searched, asked = (
            directions(rows, nothing) for rows in (vectors, model.transform(parts[1].counts, embeddings=beside[1]))
        )
        topics = EmbeddingTopics.learned([(searched, of_parts[0])], (of_parts[0].shape[1], K))
        searched, asked = (topics.directions(*both) for both in zip((searched, asked), of_parts, strict=True))
        for ranking, query, relevant in searches(parts, searched, asked, of_parts):
            for candidate in EMBEDDING_SEARCHES:
                hybrid_ranking._WITH_EMBEDDINGS, hybrid_ranking._FEEDBACK = candidate[:2], candidate[2]
                figures.setdefault(candidate, []).append(precisions(ranking.scores(query).values, relevant))
    for candidate, of_queries in figures.items():
        p10, average = np.mean(of_queries, axis=0)
        of_each = np.mean(np.split(np.array(of_queries), 2), axis=1)
        line = "; ".join(f"{p10:.3f}, {average:.3f}" for p10, average in of_each)
        yield candidate, (p10 + average) / 2.0, line


def by_metric(name: str, seed: int) -> Iterator[tuple[str, float, str]]:
    fit = fitted(name, seed)
    training, held_out = (fit.model.latents(vectors).astype(np.float64) for vectors in fit.vectors)
    centring = np.eye(K) - 1.0 / K
    covariance = energy_covariance(fit.model.components_, fit.model.bias_)
    for candidate, of_energies in (("G", covariance), ("G'", centring @ covariance @ centring)):
        values, axes = np.linalg.eigh(of_energies / np.diag(of_energies).mean())
        root = (axes * np.sqrt(1.0 + values.clip(0.0))) @ axes.T
        of_training, of_held_out = (part.labels for part in fit.parts)
        p10 = precision_at_10(training @ root, of_training, held_out @ root, of_held_out).mean()
        yield candidate, p10, f"{p10:.3f}"


SUBJECTS = {
    "weight": by_weight,
    "ranking": by_ranking,
    "assignment": by_assignment,
    "evidence": by_evidence,
    "search": by_search,
    "embeddings": by_embeddings,
    "metric": by_metric,
}


def main() -> None:
    figures_of = SUBJECTS[sys.argv[1]]
    seeds = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    scores: dict[object, dict[str, list[float]]] = {}
    for name, seed in itertools.product(KINDS, range(seeds)):
        for candidate, score, line in figures_of(name, seed):
            scores.setdefault(candidate, {}).setdefault(name, []).append(score)
            print(name, seed, candidate, line, sep="\t", file=sys.stderr, flush=True)
    kinds = sorted(set(KINDS.values()))

    def figure(of_corpora: dict[str, list[float]]) -> float:
        return float(
            np.mean([np.mean([values for name, values in of_corpora.items() if KINDS[name] == kind]) for kind in kinds])
        )

    for candidate in sorted(scores, key=lambda candidate: -figure(scores[candidate])):
        print(f"{figure(scores[candidate]):.4f}", candidate, sep="\t")


if __name__ == "__main__":
    main()
