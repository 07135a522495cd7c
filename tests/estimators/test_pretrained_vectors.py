"""The recipe etm with word vectors that are given: what is given stays, what is not is learnt."""

import json

import numpy as np
import pytest
import torch
from gensim.models import KeyedVectors
from safetensors.torch import load_file, save_file
from sklearn.base import clone

from neuraltopic import DocumentVAE, Preprocessing, TopicModel
from neuraltopic.errors import NeuralTopicError, NeuralTopicWarning, UsageError
from neuraltopic.reading.readers import open_corpus
from neuraltopic.runs.documents import fit_run
from neuraltopic.storage.formats import MODEL_KIND
from neuraltopic.storage.manifest import write_manifest
from tests.tiny_corpus import THEMES, sentences, write_corpus

pytestmark = pytest.mark.usefixtures("one_thread")

WORDS = " ".join(THEMES).split()


def vectors_by_theme(n_dimensions=6):
    """Near one another within a theme, and far from those of other themes."""
    random = np.random.default_rng(0)
    centres = random.normal(size=(3, n_dimensions))
    return {
        word: (centres[theme] + 0.1 * random.normal(size=n_dimensions)).astype(np.float32) * 4
        for theme, words in enumerate(THEMES)
        for word in words.split()
    }


def model_of(**parameters):
    shown = {"recipe": "etm", "max_epochs": 3, "random_state": 0, "device": "cpu"}
    return TopicModel(3, preprocessing=Preprocessing(min_df=1, max_df=1.0), **shown | parameters)


def test_what_is_given_stays_and_its_length_is_that_of_the_file():
    given = vectors_by_theme()
    model = model_of(word_vectors=given).fit(sentences())
    decoder = model.document_vae_.vae_.decoder
    raw = np.array([given[word] for word in model.vocabulary_])
    expected = raw / np.sqrt(np.square(raw).sum(1).mean())
    np.testing.assert_allclose(decoder.vectors().detach(), expected, rtol=1e-5)
    np.testing.assert_allclose(model.components_, (expected @ decoder.weight.detach().numpy()).T, rtol=1e-4, atol=1e-5)
    assert model.word_vectors is given
    scaled = model_of(word_vectors={word: 8 * vector for word, vector in given.items()}).fit(sentences())
    np.testing.assert_allclose(scaled.components_, model.components_, rtol=1e-3, atol=1e-4)


def test_words_without_a_vector_learn_their_own_and_are_counted(tmp_path):
    given = vectors_by_theme()
    del given["moon"], given["goal"]
    with pytest.warns(NeuralTopicWarning, match=r"word_vectors: they cover 8\d\.\d% of the tokens; 2 of 15 words have"):
        model = model_of(word_vectors=given).fit(sentences())
    decoder = model.document_vae_.vae_.decoder
    index = {word: column for column, word in enumerate(model.vocabulary_)}
    assert sorted(decoder.own.tolist()) == sorted([index["moon"], index["goal"]])
    assert decoder.embeddings.shape == (2, 6)
    assert decoder.embeddings.detach().abs().min(1).values.gt(0).all()

    model.save(tmp_path / "model")
    loaded = TopicModel.load(tmp_path / "model", device="cpu")
    np.testing.assert_array_equal(loaded.transform(sentences()), model.transform(sentences()))
    assert sorted(loaded.word_vectors) == sorted(given)
    with pytest.warns(NeuralTopicWarning):
        again = clone(loaded).fit(sentences())
    np.testing.assert_allclose(again.components_, model.components_, rtol=1e-3, atol=1e-4)
    assert json.loads((tmp_path / "model" / "config.json").read_text())["parameters"]["word_vectors"] == [6, 2]


@pytest.mark.parametrize("sizes", [[6], [6, 0, 0], [0, 2], [6, 15], [6.0, 2], [6, -1], "x", {"a": 1}])
def test_a_folder_of_other_sizes_is_refused(tmp_path, sizes):
    folder = tmp_path / "model"
    model_of(word_vectors=vectors_by_theme(), max_epochs=1).fit(sentences()).save(folder)
    config = json.loads((folder / "config.json").read_text())
    config["parameters"]["word_vectors"] = sizes
    (folder / "config.json").write_text(json.dumps(config))
    write_manifest(folder, kind=MODEL_KIND, schema_version=1, extra={})
    with pytest.raises(NeuralTopicError, match=r"config\.json: expected word_vectors as dimensions and words without"):
        TopicModel.load(folder)


def test_a_folder_whose_words_without_a_vector_are_none_is_refused(tmp_path):
    given = vectors_by_theme()
    del given["moon"], given["goal"]
    with pytest.warns(NeuralTopicWarning):
        model_of(word_vectors=given, max_epochs=1).fit(sentences()).save(tmp_path / "model")
    weights = tmp_path / "model" / "weights.safetensors"
    tensors = load_file(weights)
    for own in ([-1, 3], [3, 15], [3, 3], [4, 3]):
        save_file(tensors | {"decoder.own": torch.tensor(own)}, weights)
        write_manifest(tmp_path / "model", kind=MODEL_KIND, schema_version=1, extra={})
        with pytest.raises(
            NeuralTopicError, match=r"weights\.safetensors: expected the words without a vector in order"
        ):
            TopicModel.load(tmp_path / "model", device="cpu")


@pytest.mark.slow
def test_topics_follow_vectors_also_for_a_word_of_one_document():
    """Of the theme of its vector, though it occurs beside none of its words."""
    given = vectors_by_theme() | {"comet": vectors_by_theme()["orbit"]}
    model = model_of(word_vectors=given, max_epochs=60).fit([*sentences(), "comet"])
    (space,) = {topic for topic, words in model.get_topics(5).items() if {word for word, _ in words} & {"orbit"}}
    column = model.vocabulary_.index("comet")
    assert model.components_[:, column].argmax() == space
    assert model.transform(sentences()).argmax(1)[0] == space


def test_seeds_find_their_place_among_given_vectors(tmp_path):
    model = model_of(word_vectors=vectors_by_theme(), seed_words={2: ["goal"], 0: ["bread"]}, max_epochs=20)
    topics = model.fit(sentences()).get_topics(3)
    model.save(tmp_path / "model")  # where no word is without a vector
    loaded = TopicModel.load(tmp_path / "model", device="cpu")
    np.testing.assert_array_equal(loaded.transform(sentences()), model.transform(sentences()))
    assert {word for word, _ in topics[2]} <= set(THEMES[1].split())
    assert {word for word, _ in topics[0]} <= set(THEMES[2].split())


def test_a_run_is_resumed_with_the_same_vectors_alone(tmp_path):
    corpus = open_corpus(write_corpus(tmp_path / "corpus"))
    vectors = vectors_by_theme()
    keyed = KeyedVectors(6)
    keyed.add_vectors(list(vectors), list(vectors.values()))
    keyed.save_word2vec_format(str(tmp_path / "vectors.txt"))
    (tmp_path / "other.txt").write_text((tmp_path / "vectors.txt").read_text().replace("rocket", "rockets"))

    class StopError(Exception):
        """The machine goes off."""

    def stop(stage, done, total):
        if (stage, done) == ("training", 2):
            raise StopError

    with pytest.raises(StopError):
        fit_run(model_of(word_vectors=tmp_path / "vectors.txt"), corpus, tmp_path / "run", progress=stop)
    with pytest.raises(UsageError, match=r"resume: expected parameters.word_vectors.sha256"):
        fit_run(model_of(word_vectors=tmp_path / "other.txt"), corpus, tmp_path / "run", resume=True)
    run = fit_run(model_of(word_vectors=tmp_path / "vectors.txt"), corpus, tmp_path / "run", resume=True)
    whole = fit_run(model_of(word_vectors=tmp_path / "vectors.txt"), corpus, tmp_path / "whole")
    assert np.array_equal(run.model.components_, whole.model.components_)


def test_a_checkpoint_of_other_vectors_is_refused(tmp_path):
    counts = np.random.default_rng(0).poisson(1.0, (30, 5))
    vectors = np.eye(5)
    vae = DocumentVAE(2, recipe="etm", word_vectors=vectors, max_epochs=2, random_state=0, device="cpu")
    first = vae.fit(counts, checkpoint=tmp_path / "checkpoint").components_
    assert np.array_equal(vae.fit(counts, checkpoint=tmp_path / "checkpoint").components_, first)
    with pytest.raises(NeuralTopicError, match="one of other documents, parameters"):
        vae.set_params(word_vectors=2 * vectors[::-1]).fit(counts, checkpoint=tmp_path / "checkpoint")


def test_vectors_that_no_fit_could_use_are_refused():
    counts = np.random.default_rng(0).poisson(1.0, (30, 5))
    for recipe in ("semi_amortised_prodlda", "nvdm", "gsm"):
        with pytest.raises(UsageError, match=f"word_vectors: expected the recipe etm; got {recipe}"):
            DocumentVAE(2, recipe=recipe, word_vectors=np.eye(5)).fit(counts)
        with pytest.raises(UsageError, match=f"word_vectors: expected the recipe etm; got {recipe}"):
            TopicModel(2, recipe=recipe, word_vectors={}).check_parameters()
    with pytest.raises(UsageError, match="word_vectors: expected 5 rows"):
        DocumentVAE(2, recipe="etm", word_vectors=np.eye(4)).fit(counts)
    with pytest.raises(UsageError, match="word_vectors: expected a path, gensim's KeyedVectors"):
        model_of(word_vectors=np.eye(5)).check_parameters()
    with pytest.raises(NeuralTopicError, match="word_vectors: expected vectors of the words of at least 50%"):
        model_of(word_vectors={"moon": [1.0, 2.0]}).fit(sentences())
