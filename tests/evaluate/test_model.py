"""All the figures of a model: that each is what its own function gives for the right documents."""

import io
import sys

import numpy as np
import pandas as pd
import pytest

from neuraltopic import Preprocessing, TopicModel
from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.evaluate import Evaluation, Figure, Labelled, evaluate_model
from neuraltopic.evaluate.clusters import contingency, kmeans_clusters, normalised_mutual_information, purity, unit_rows
from neuraltopic.evaluate.retrieval import precision_at_10, probe_hits
from neuraltopic.reading.readers import open_corpus
from neuraltopic.topics.coherence import topic_coherence
from neuraltopic.topics.diversity import diversity, inverted_rbo
from neuraltopic.topics.overlap import rank_biased_overlap
from neuraltopic.topics.stability import align_topics
from neuraltopic.topics.words.ranking import top_words
from tests.tiny_corpus import sentences

TOPICS = ["npmi", "npmi_document", "c_v", "umass", "uci", "diversity", "inverted_rbo", "exclusivity"]
PERPLEXITIES = [
    f"perplexity_{name}" for name in ("bound_document", "bound_corpus", "iw_document", "iw_corpus", "completion")
]
CLUSTERS = [f"{prefix}{name}" for prefix in ("", "kmeans_", "kmeans_unit_") for name in ("purity", "nmi")]
SUPERVISED = ["probe_accuracy", "precision_at_10"]


@pytest.fixture(scope="module")
def held_out(tmp_path_factory):
    """Held-out documents with a label each, but for two, one of an unknown word, and one that is empty."""
    path = tmp_path_factory.mktemp("held_out") / "held_out.csv"
    frame = pd.DataFrame({"text": sentences(33), "label": [("space", "sport", "kitchen")[d % 3] for d in range(33)]})
    frame.loc[30, "text"] = "xylophone"
    frame.loc[31, "text"] = ""
    frame.loc[:1, "label"] = None
    frame.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def training(models):
    return Labelled(models[0].vectors_, [("space", "sport", "kitchen")[d % 3] for d in range(60)])


@pytest.fixture(scope="module")
def evaluation(models, held_out, training):
    return evaluate_model(models[0], held_out, training=training, others=models[1:], n_words=4, seed=7)


def test_every_figure_is_there(evaluation):
    frame = evaluation.to_frame()
    assert frame["metric"].tolist() == [*TOPICS, "stability", *PERPLEXITIES, *CLUSTERS, *SUPERVISED]
    assert list(frame) == ["metric", "value", "low", "high", "n", "unit", "better", "meaning"]
    assert np.isfinite(frame[["value", "low", "high"]]).all(axis=None)
    assert (frame["low"] <= frame["value"] + 1e-9).all()
    assert (frame["value"] <= frame["high"] + 1e-9).all()
    assert frame["meaning"].map(len).min() > 10
    assert set(frame["unit"]) == {"topics", "documents"}


def test_figures_of_topics_are_those_of_the_top_words_in_the_held_out_documents(evaluation, models, held_out):
    model = models[0]
    words = [[word for word, _ in row] for row in model.get_topics(4).values()]
    texts = [
        [word for word in text.split() if word in model.vocabulary_]
        for text in pd.read_csv(held_out, keep_default_na=False)["text"]
    ]
    for name, values in topic_coherence(words, texts).to_dict().items():
        np.testing.assert_allclose(evaluation.topics[name], values, atol=1e-12)
        assert evaluation[name].value == pytest.approx(values.mean())
        assert str(held_out) in evaluation[name].meaning
    lists, other = (top_words(model.word_weights(), 4) for model in models)
    assert evaluation["diversity"].value == pytest.approx(diversity(lists))
    np.testing.assert_allclose(evaluation.topics["inverted_rbo"], inverted_rbo(lists))
    aligned = align_topics(rank_biased_overlap(lists, other))
    np.testing.assert_allclose(evaluation.topics["stability"][aligned.first], aligned.similarity)
    assert evaluation["stability"].value == pytest.approx(aligned.agreement)
    assert evaluation.topics["label"].tolist() == model.get_topic_info()["label"].tolist()
    assert (evaluation.reference, evaluation.held_out) == (str(held_out), str(held_out))


def test_perplexity_is_that_of_documents_with_words(evaluation, models, held_out):
    texts = open_corpus(held_out)
    assert evaluation["perplexity_bound_corpus"].value == pytest.approx(models[0].perplexity(texts, per="corpus"))
    assert evaluation["perplexity_bound_document"].value == pytest.approx(models[0].perplexity(texts))
    assert evaluation["perplexity_completion"].n == 31


def test_figures_of_documents_are_those_of_the_labelled_ones(evaluation, models, held_out, training):
    frame = pd.read_csv(held_out)
    has = frame["label"].notna().to_numpy()
    texts = frame["text"].fillna("").tolist()
    vectors = models[0].transform(texts)[has]
    names = sorted(set(frame["label"][has]))
    labels = np.array([names.index(name) for name in frame["label"][has]])
    known = np.array([names.index(name) for name in training.labels])
    for prefix, clusters in (
        ("", models[0].document_vae_.predict(models[0].prepare(texts).counts)[has]),
        ("kmeans_", kmeans_clusters(vectors, 3)),
        ("kmeans_unit_", kmeans_clusters(unit_rows(vectors), 3)),
    ):
        table = contingency(labels, clusters)[None].astype(float)
        assert evaluation[f"{prefix}purity"].value == pytest.approx(purity(table)[0])
        assert evaluation[f"{prefix}nmi"].value == pytest.approx(normalised_mutual_information(table)[0])
    of_probe = probe_hits(training.vectors, known, vectors, labels)
    assert evaluation["probe_accuracy"].value == of_probe.mean()
    nearest = precision_at_10(training.vectors, known, vectors, labels)
    assert evaluation["precision_at_10"].value == pytest.approx(nearest.mean())
    assert evaluation["precision_at_10"].n == 31
    assert evaluation.notes == ("2 held-out documents have no 'label', and no part in purity, nmi and KMeans",)


def test_the_same_seed_gives_the_same_figures(models, held_out, training, evaluation):
    again = evaluate_model(models[0], held_out, training=training, others=models[1:], n_words=4, seed=7)
    pd.testing.assert_frame_equal(again.to_frame(), evaluation.to_frame())
    other = evaluate_model(models[0], held_out, seed=8)
    assert other["perplexity_completion"].value != evaluation["perplexity_completion"].value


def test_another_reference(models, held_out):
    model = models[0]
    found = evaluate_model(model, held_out, reference=["rocket orbit", "rocket orbit", "goal"], n_words=2)
    assert found.reference == "<list of 3 documents>"
    assert "<list of 3 documents>" in found["npmi"].meaning
    words = [[word for word, _ in row] for row in model.get_topics(2).values()]
    expected = topic_coherence(words, [["rocket", "orbit"]] * 2 + [["goal"]])
    np.testing.assert_allclose(found.topics["npmi"], expected.npmi)


def test_standard_input_is_read_once(models, monkeypatch):
    text = "\n".join(sentences(12))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    piped = evaluate_model(models[0], "-")
    listed = evaluate_model(models[0], sentences(12))
    np.testing.assert_array_equal(piped.to_frame()["value"], listed.to_frame()["value"])


def test_what_is_left_out_is_said(models, held_out, tmp_path, training):
    unlabelled = evaluate_model(models[0], sentences(9), training=training)
    assert [figure.metric for figure in unlabelled.figures] == [*TOPICS, *PERPLEXITIES]
    (note,) = unlabelled.notes
    assert note.startswith("left out: purity, nmi and KMeans, probe_accuracy and precision_at_10: ")
    pd.DataFrame({"text": sentences(9), "kind": [None] * 9}).to_csv(tmp_path / "none.csv", index=False)
    (note,) = evaluate_model(models[0], tmp_path / "none.csv", label="kind").notes
    assert note.endswith("no held-out document has a 'kind'")
    for known in (None, Labelled(training.vectors, [None] * 60)):
        found = evaluate_model(models[0], held_out, training=known)
        assert [figure.metric for figure in found.figures] == [*TOPICS, *PERPLEXITIES, *CLUSTERS]
        assert found.notes[1].endswith("there are no vectors of the fit with a 'label'")
    one = Labelled(training.vectors, ["space"] * 60)
    assert evaluate_model(models[0], held_out, training=one).notes[1].endswith("have one 'label' only")


def test_progress_is_told_in_stages(models, held_out, training):
    told = []
    evaluate_model(models[0], held_out, training=training, progress=lambda *said: told.append(said))
    stages = list(dict.fromkeys(stage for stage, _, _ in told))
    assert stages == [
        "reading", "counting", "coherence", "bound", "importance weighting", "completion", "clustering", "probing",
    ]  # fmt: skip
    assert ("coherence", 33, None) in told


def test_a_model_of_one_topic(held_out):
    model = TopicModel(1, preprocessing=Preprocessing(min_df=1), max_epochs=1, random_state=0).fit(sentences())
    found = evaluate_model(model, held_out)
    for metric in TOPICS:
        assert found[metric].interval is None
        assert np.isfinite(found[metric].value)
    frame = found.to_frame()
    assert frame.loc[frame["metric"] == "diversity", ["low", "high"]].isna().all(axis=None)
    assert found["purity"].value == pytest.approx(11 / 31)


@pytest.mark.parametrize("n_words", [0, 1.5, True])
def test_bad_numbers_of_words(models, n_words):
    with pytest.raises(UsageError, match="n_words"):
        evaluate_model(models[0], sentences(), n_words=n_words)


@pytest.mark.parametrize(
    ("k", "documents", "expected"),
    [(2, sentences(), "number of topics"), (3, [*sentences(), "xylophone rocket"], "vocabulary")],
)
def test_models_that_cannot_be_compared(models, k, documents, expected):
    other = TopicModel(k, preprocessing=Preprocessing(min_df=1), max_epochs=1, random_state=0).fit(documents)
    with pytest.raises(UsageError, match=f"the same {expected}"):
        evaluate_model(models[0], sentences(), others=[other])


def test_documents_of_another_language(models):
    with pytest.raises(NeuralTopicError, match="a document with a word of the model"):
        evaluate_model(models[0], ["xylophone", ""])


def test_a_figure_by_name():
    figure = Figure("npmi", 0.5, None, 3, "topics", "higher", "meaning")
    evaluation = Evaluation((figure,), pd.DataFrame(), "r", "h", ())
    assert evaluation["npmi"] is figure
    with pytest.raises(KeyError):
        evaluation["perplexity"]
