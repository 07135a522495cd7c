"""Seed words in a whole fit: the topics are where they were asked for, also after a stop, on disk and in tables."""

import numpy as np
import pytest
from sklearn.base import clone

from neuraltopic import DocumentVAE, Preprocessing, TopicModel
from neuraltopic.errors import NeuralTopicError, NeuralTopicWarning, UsageError
from neuraltopic.models.recipes import RECIPES
from neuraltopic.reading.readers import open_corpus
from neuraltopic.runs.documents import fit_run
from neuraltopic.runs.facts import read_run_facts
from tests.tiny_corpus import sentences, write_corpus

pytestmark = pytest.mark.usefixtures("one_thread")

STEERED = [name for name, recipe in RECIPES.items() if recipe.takes("seed_words")]
WORDS = 8  # of a theme


def planted(related=(), seed=0):
    """240 documents, d of theme d % 4, each of 14 words of its theme; those of two related themes have seven of the
    first half of the other's words beside them."""
    random = np.random.default_rng(seed)
    counts = np.zeros((240, 4, WORDS), np.int64)
    for d in range(240):
        theme = d % 4
        counts[d, theme] = random.multinomial(14, np.full(WORDS, 1 / WORDS))
        if theme in related:
            other = related[1 - related.index(theme)]
            counts[d, other, : WORDS // 2] += random.multinomial(7, np.full(WORDS // 2, 2 / WORDS))
    return counts.reshape(240, 4 * WORDS)


COUNTS = planted()


def words_of(*themes):
    return [theme * WORDS + word for theme in themes for word in range(WORDS)]


def quick(**parameters):
    return DocumentVAE(3, max_epochs=3, random_state=0, device="cpu", **parameters)


# What seeds do


@pytest.mark.slow
@pytest.mark.parametrize("recipe", STEERED)
def test_topics_stand_at_the_numbers_of_their_seeds(recipe):
    """Two seeds each of themes 2 and 0, asked for at topics 3 and 1."""
    seeds = {3: [16, 18], 1: [0, 5]}
    vae = DocumentVAE(4, recipe=recipe, seed_words=seeds, max_epochs=60, random_state=0, device="cpu")
    # An embedding says of which theme its document is.
    beside = np.eye(4, dtype=np.float32)[np.arange(240) % 4] if RECIPES[recipe].takes("embeddings") else None
    topic = vae.fit_transform(COUNTS, embeddings=beside).argmax(1)
    weights = vae.word_weights(COUNTS.sum(0))
    for theme, number in ((2, 3), (0, 1)):
        assert (topic[theme::4] == number).mean() > 0.9
        assert sorted(np.argsort(-weights[number])[:WORDS]) == words_of(theme)
    assert vae.seed_words is seeds
    assert seeds == {3: [16, 18], 1: [0, 5]}


@pytest.mark.slow
def test_seeds_part_two_themes_that_are_joined_without():
    """Four themes, two of them related, on three topics: the related ones share one, unless seeds ask for both."""
    counts = planted(related=(0, 1))
    shown = {"n_components": 3, "max_epochs": 60, "random_state": 0, "device": "cpu", "validation_fraction": 0.0}
    joined = DocumentVAE(**shown).fit_transform(counts).argmax(1)
    assert len(set(joined[0::4]) | set(joined[1::4])) == 1
    parted = DocumentVAE(**shown, seed_words=[[4, 5], [12, 13]]).fit_transform(counts).argmax(1)
    assert (parted[0::4] == 0).all()
    assert (parted[1::4] == 1).all()


@pytest.mark.slow
def test_the_corpus_has_the_last_word():
    """Seeds of two themes for one topic: they do not bring together what no document does."""
    vae = DocumentVAE(4, seed_words={0: [0, 8]}, max_epochs=60, random_state=0, device="cpu")
    topic = vae.fit_transform(COUNTS).argmax(1)
    themes = [np.bincount(topic[theme::4], minlength=4) for theme in range(4)]
    assert min(counts.max() for counts in themes) > 54
    assert len({int(counts.argmax()) for counts in themes}) == 4


def test_same_seeds_same_bits_and_no_seeds_change_nothing():
    first, again, none, empty = (quick(seed_words=seeds).fit(COUNTS) for seeds in ({1: [3]}, {"1": (3, 3)}, None, {}))
    assert np.array_equal(first.components_, again.components_)
    assert np.array_equal(none.components_, empty.components_)
    assert not np.array_equal(first.components_, none.components_)


def test_a_seed_that_occurs_nowhere_is_no_fault():
    counts = COUNTS.copy()
    counts[:, 3] = 0
    assert np.isfinite(quick(seed_words={1: [3]}).fit_transform(counts)).all()


# What is refused


def test_seeds_that_no_fit_could_use_are_refused():
    with pytest.raises(UsageError, match=r"seed_words: expected topics from 0 to 2; got 3"):
        quick(seed_words={3: [1]}).fit(COUNTS)
    with pytest.raises(UsageError, match=r"seed_words: expected columns from 0 to 31; got 32 for topic 0"):
        quick(seed_words={0: [32]}).fit(COUNTS)
    with pytest.raises(UsageError, match="seed_words: expected a recipe with shares of topics; got nvdm"):
        quick(seed_words={0: [1]}, recipe="nvdm").fit(COUNTS)
    with pytest.raises(UsageError, match="seed_words: expected a recipe with shares of topics; got nvdm"):
        TopicModel(3, recipe="nvdm", seed_words=[["rocket"]]).check_parameters()
    with pytest.raises(UsageError, match="seed_words: expected words by topic"):
        TopicModel(3, seed_words={0: [1]}).check_parameters()
    with pytest.raises(UsageError, match="n_components: expected a whole number"):
        TopicModel(None, seed_words={0: ["rocket"]}).check_parameters()


def test_a_checkpoint_of_other_seeds_is_refused(tmp_path):
    quick(seed_words={1: [3]}).fit(COUNTS, checkpoint=tmp_path / "checkpoint")
    quick(seed_words={1: [3]}).fit(COUNTS, checkpoint=tmp_path / "checkpoint")
    with pytest.raises(NeuralTopicError, match="one of other documents, parameters"):
        quick(seed_words={1: [4]}).fit(COUNTS, checkpoint=tmp_path / "checkpoint")


# Words, folders


def model_of(**parameters):
    settings = Preprocessing(min_df=1, max_df=1.0)
    return TopicModel(3, preprocessing=settings, max_epochs=3, random_state=0, device="cpu", **parameters)


def test_words_are_columns_of_the_vocabulary(tmp_path):
    seeds = {2: ["BREAD", "oven"], 0: ["goal", "gaol"]}
    model = model_of(seed_words=seeds)
    with pytest.warns(NeuralTopicWarning, match="'gaol' of topic 0"):
        model.fit(sentences())
    assert model.seed_words is seeds
    index = model.vocabulary_.index
    columns = {0: (index("goal"),), 2: (index("bread"), index("oven"))}
    assert model.document_vae_.seeds() == columns
    of_columns = clone(model.document_vae_).fit(model.prepare(sentences()).counts)
    assert np.array_equal(of_columns.components_, model.components_)

    model.save(tmp_path / "model")
    loaded = TopicModel.load(tmp_path / "model", device="cpu")
    assert loaded.seed_words == {0: ["goal"], 2: ["bread", "oven"]}
    assert loaded.document_vae_.seeds() == columns
    assert np.array_equal(clone(loaded).fit(sentences()).components_, model.components_)
    assert read_run_facts(tmp_path / "model")["model"]["seed_words"] == {"0": ["goal"], "2": ["bread", "oven"]}


def test_a_run_names_its_seeds_and_resumes_with_these_alone(tmp_path):
    corpus = open_corpus(write_corpus(tmp_path / "corpus"))

    class StopError(Exception):
        """The machine goes off."""

    def stop(stage, done, total):
        if (stage, done) == ("training", 2):
            raise StopError

    with pytest.raises(StopError):
        fit_run(model_of(seed_words=[["rocket"], ("goal", "team")]), corpus, tmp_path / "run", progress=stop)
    with pytest.raises(UsageError, match=r"resume: expected parameters.seed_words.1 \['goal', 'team'\], as when"):
        fit_run(model_of(seed_words={0: ["rocket"], 1: ["goal"]}), corpus, tmp_path / "run", resume=True)
    run = fit_run(model_of(seed_words={1: ["goal", "team"], 0: ["rocket"]}), corpus, tmp_path / "run", resume=True)
    assert run.facts["parameters"]["seed_words"] == {"0": ["rocket"], "1": ["goal", "team"]}
    whole = fit_run(model_of(seed_words=[["rocket"], ["goal", "team"]]), corpus, tmp_path / "whole")
    assert np.array_equal(run.model.components_, whole.model.components_)
