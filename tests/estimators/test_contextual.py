"""The recipes that take embeddings: what an embedding tells beside ambiguous words and instead of words, one answer by
every path, and every refusal."""

import json
import shutil

import numpy as np
import pytest

from neuraltopic import DocumentVAE, Preprocessing, TopicModel
from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.models.recipes import find_recipe
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.storage.formats import MODEL_KIND
from neuraltopic.storage.manifest import write_manifest
from neuraltopic.topics.documents.document_metric import energy_covariance
from neuraltopic.topics.documents.document_weights import energy_shares
from neuraltopic.topics.words.ranking import top_words

pytestmark = pytest.mark.usefixtures("one_thread")

RECIPES = ("contextual", "zeroshot")
N_THEMES, BLOCK, C = 3, 6, 8
# Words of each theme, then one word that all themes have.
V = N_THEMES * BLOCK + 1
AMBIGUOUS = V - 1
CENTRES = np.random.default_rng(5).standard_normal((N_THEMES, C))


def planted(n, seed=0):
    """Counts, embeddings near their theme's centre, and the theme of each document, d modulo the number of themes."""
    rng = np.random.default_rng(seed)
    theme = np.arange(n) % N_THEMES
    counts = np.zeros((n, V), np.int64)
    for d, own in enumerate(theme):
        counts[d, own * BLOCK : (own + 1) * BLOCK] = rng.multinomial(8, np.full(BLOCK, 1 / BLOCK))
    counts[:, AMBIGUOUS] = rng.poisson(2, n)
    # A direction that all have, and lengths that mean nothing.
    embeddings = (CENTRES[theme] + 0.3 * rng.standard_normal((n, C)) + 4.0) * rng.uniform(0.5, 3.0, (n, 1))
    return counts, embeddings, theme


COUNTS, EMBEDDINGS, THEME = planted(180)


def small(recipe, **parameters):
    chosen = {"n_components": 3, "recipe": recipe, "max_epochs": 40, "device": "cpu", "random_state": 0}
    return DocumentVAE(**chosen | parameters)


@pytest.fixture(scope="module", params=RECIPES)
def model(request):
    return small(request.param).fit(COUNTS, embeddings=EMBEDDINGS)


@pytest.fixture(scope="module")
def topic_of_theme(model):
    largest = model.transform(COUNTS, embeddings=EMBEDDINGS).argmax(1)
    topics = [np.bincount(largest[theme == THEME], minlength=3).argmax() for theme in range(N_THEMES)]
    assert sorted(topics) == [0, 1, 2]
    return np.array(topics)


def test_lists_share_no_word(model):
    lists = top_words(model.word_weights(COUNTS.sum(0)), BLOCK)
    assert len(np.unique(lists)) == N_THEMES * BLOCK


# What embeddings tell


def test_an_embedding_says_what_an_ambiguous_word_means(model, topic_of_theme):
    _, embeddings, theme = planted(60, seed=1)
    counts = np.zeros((60, V), np.int64)
    counts[:, AMBIGUOUS] = 1
    largest = model.transform(counts, embeddings=embeddings).argmax(1)
    assert (largest == topic_of_theme[theme]).mean() > 0.9


def test_a_document_without_a_known_word_is_placed_by_its_embedding(model, topic_of_theme):
    _, embeddings, theme = planted(60, seed=2)
    vectors = model.transform(np.zeros((60, V), np.int64), embeddings=embeddings)
    assert (vectors.argmax(1) == topic_of_theme[theme]).mean() > 0.9
    assert np.abs(vectors - model.empty_document_vector()).max(1).min() > 0.05


def test_words_have_a_part_in_the_vectors_of_contextual_alone(model):
    counts, embeddings, _ = planted(30, seed=3)
    other_words = np.roll(counts[:, :AMBIGUOUS], BLOCK, axis=1)
    before = model.transform(counts, embeddings=embeddings)
    after = model.transform(np.column_stack([other_words, counts[:, -1]]), embeddings=embeddings)
    if model.recipe == "zeroshot":
        np.testing.assert_array_equal(after, before)
    else:
        assert np.abs(after - before).max(1).min() > 0.05


# One answer


def test_paths_agree_to_rounding(model):
    counts, embeddings, _ = planted(40, seed=4)
    counts[3] = 0
    whole = model.transform(counts, embeddings=embeddings)
    alone = [model.transform(counts[[d]], embeddings=embeddings[[d]]) for d in range(40)]
    np.testing.assert_allclose(np.concatenate(alone), whole, rtol=1e-4, atol=1e-6)
    as_counts = Counts.from_scipy(counts)
    np.testing.assert_array_equal(model.transform(as_counts, embeddings=embeddings.astype(np.float32)), whole)
    mean, variance = model.posterior(counts, embeddings=embeddings)
    theta = np.exp(mean) / np.exp(mean).sum(1, keepdims=True)
    power = find_recipe(model.recipe).interpretation.power
    np.testing.assert_allclose(theta**power, model.latents(whole), rtol=1e-4, atol=1e-6)
    covariance = energy_covariance(model.components_, model.bias_)
    shares = energy_shares(theta**power - 3.0**-power, covariance)
    np.testing.assert_allclose(model.document_weights(whole), shares, rtol=1e-3, atol=1e-5)
    assert (variance > 0).all()


def test_fit_transform_is_fit_and_transform_and_the_same_seed_gives_the_same_bits(model):
    first, again = (small(model.recipe, max_epochs=2) for _ in range(2))
    fitted = first.fit_transform(COUNTS, embeddings=EMBEDDINGS)
    again.fit(COUNTS, embeddings=EMBEDDINGS)
    np.testing.assert_array_equal(fitted, again.transform(COUNTS, embeddings=EMBEDDINGS))
    assert again.history_ == first.history_


def test_a_map_from_disk_is_as_good_as_an_array(model, tmp_path):
    np.save(tmp_path / "e.npy", EMBEDDINGS)
    mapped = np.load(tmp_path / "e.npy", mmap_mode="r")
    vectors = small(model.recipe, max_epochs=2).fit_transform(COUNTS, embeddings=mapped)
    np.testing.assert_array_equal(
        vectors, small(model.recipe, max_epochs=2).fit_transform(COUNTS, embeddings=EMBEDDINGS)
    )


def test_score_perplexity_and_bound_are_of_one_another(model):
    counts, embeddings, _ = planted(40, seed=4)
    bound = model.bound(counts, embeddings=embeddings)
    perplexity = model.perplexity(counts, embeddings=embeddings, per="corpus")
    assert perplexity == pytest.approx(np.exp(-bound.sum() / counts.sum()))
    assert model.score(counts, embeddings=embeddings) == pytest.approx(-np.log(perplexity))
    # The embeddings of other themes tell nothing of the words, and where q is fitted to the words they only start it.
    wrong = model.bound(counts, embeddings=np.roll(embeddings, 1, axis=0))
    if model.recipe == "zeroshot":
        assert wrong.mean() < bound.mean() - 0.25
    else:
        assert wrong.mean() == pytest.approx(bound.mean(), abs=0.05)


def test_a_fit_goes_on_from_its_checkpoint_with_these_embeddings_alone(model, tmp_path):
    def interrupt(stage, done, total):
        if stage == "training" and done == 2:
            raise KeyboardInterrupt

    path = tmp_path / "c.safetensors"
    with pytest.raises(KeyboardInterrupt):
        small(model.recipe, max_epochs=4).fit(COUNTS, embeddings=EMBEDDINGS, checkpoint=path, progress=interrupt)
    kept = shutil.copy(path, tmp_path / "kept.safetensors")
    with pytest.raises(NeuralTopicError, match="the checkpoint of this fit"):
        small(model.recipe, max_epochs=4).fit(COUNTS, embeddings=EMBEDDINGS + 1e-3, checkpoint=path)
    vectors = small(model.recipe, max_epochs=4).fit_transform(COUNTS, embeddings=EMBEDDINGS, checkpoint=kept)
    np.testing.assert_array_equal(
        vectors, small(model.recipe, max_epochs=4).fit_transform(COUNTS, embeddings=EMBEDDINGS)
    )


# Refusals


@pytest.mark.parametrize(
    ("embeddings", "message"),
    [
        (None, "expected a row per document, which the recipe"),
        (EMBEDDINGS[:5], "expected 180 rows, one per document; got 5"),
        (np.full((180, C), np.nan), "NaN or infinity in row 1"),
        (COUNTS, "floating-point numbers of shape"),
    ],
)
def test_unusable_embeddings_are_refused_by_every_method(model, embeddings, message):
    refusals = [small(model.recipe).fit, small(model.recipe).fit_transform]
    refusals += [model.transform, model.posterior, model.bound, model.perplexity, model.score]
    for method in refusals:
        with pytest.raises(UsageError, match=message) as raised:
            method(COUNTS, embeddings=embeddings)
        assert "\n" not in str(raised.value)


def test_another_number_of_dimensions_is_refused(model):
    with pytest.raises(UsageError, match="expected 8 dimensions, as earlier embeddings have; got 7"):
        model.transform(COUNTS, embeddings=EMBEDDINGS[:, :7])


def test_a_recipe_that_takes_none_refuses_them():
    fitted = small("nvdm", max_epochs=1).fit(COUNTS)
    for method in (small("nvdm").fit, fitted.transform, fitted.score):
        with pytest.raises(UsageError, match="expected none with the recipe nvdm"):
            method(COUNTS, embeddings=EMBEDDINGS)
    assert fitted.n_dimensions_in_ is None


# Documents

WORDS = [f"{'abc'[v // BLOCK]}word{'uvwxyz'[v % BLOCK]}" for v in range(AMBIGUOUS)] + ["bank"]


def texts_of(counts):
    return [" ".join(word for v, word in enumerate(WORDS) for _ in range(row[v])) for row in counts]


@pytest.fixture(scope="module")
def texts():
    """A row that is no text, an empty one, one of no known word, and a duplicate with an embedding of its own."""
    texts = texts_of(COUNTS[:60])
    return [*texts[:20], None, "", *texts[20:], "xylophone", texts[0]]


@pytest.fixture(scope="module")
def beside():
    own = EMBEDDINGS[60:64]
    nothing = np.full((1, C), np.nan)
    return np.concatenate([EMBEDDINGS[:20], nothing, own[[1]], EMBEDDINGS[20:60], own[[2]], own[[1]]])


@pytest.fixture(scope="module", params=RECIPES)
def topics(request, texts, beside):
    chosen = {"recipe": request.param, "max_epochs": 3, "device": "cpu", "random_state": 0}
    model = TopicModel(3, preprocessing=Preprocessing(min_df=2, max_df=1.0), **chosen)
    fitted = model.fit_transform(texts, embeddings=beside)
    return model, fitted


def test_rows_are_those_of_the_input(topics, texts, beside):
    model, fitted = topics
    vectors = model.transform(texts, embeddings=beside)
    np.testing.assert_allclose(fitted, vectors, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(vectors[20], model.document_vae_.empty_document_vector())
    # By hand: the counts of the row, and the embedding of the row.
    for row in (0, 19, 21, 22, 62, 63):
        counts = model.prepare([texts[row]]).counts
        own = model.document_vae_.transform(counts, embeddings=beside[[row]])
        np.testing.assert_allclose(vectors[[row]], own, rtol=1e-4, atol=1e-6)
    kept = [row for row in range(62) if row not in (20, 21)]
    np.testing.assert_allclose(model.vectors_, vectors[kept], rtol=1e-5, atol=1e-6)
    # A row without a known word is listed by its embedding, one that is no text nowhere.
    topics = model.predict(texts, embeddings=beside)
    vae = model.document_vae_
    for row in (0, 19, 21, 22, 62, 63):
        assert topics[row] == vae.predict(model.prepare([texts[row]]).counts, embeddings=beside[[row]])[0]
    assert topics[20] == -1
    assert topics[kept].tolist() == model.topics_.tolist()
    assert model.perplexity(texts, embeddings=beside) > 1
    assert model.score(texts, embeddings=beside) < 0


def test_a_saved_model_gives_the_same_results(topics, texts, beside, tmp_path):
    model, _ = topics
    model.save(tmp_path / "model")
    loaded = TopicModel.load(tmp_path / "model", device="cpu")
    np.testing.assert_array_equal(loaded.transform(texts, embeddings=beside), model.transform(texts, embeddings=beside))
    with pytest.raises(UsageError, match="expected 8 dimensions"):
        loaded.transform(texts, embeddings=beside[:, 1:])
    with pytest.raises(UsageError, match="which the recipe"):
        loaded.transform(texts)


@pytest.mark.parametrize(
    ("n_dimensions", "said"),
    [(9, "of shape"), (0, "n_dimensions above 0"), (None, "n_dimensions above 0"), ("8", "of the type int")],
)
def test_a_model_folder_with_other_dimensions_is_refused(topics, tmp_path, n_dimensions, said):
    folder = tmp_path / "model"
    topics[0].save(folder)
    config = json.loads((folder / TopicModel.format.files[0]).read_text())
    assert config.pop("n_dimensions") == C
    (folder / TopicModel.format.files[0]).write_text(
        json.dumps(config | ({} if n_dimensions is None else {"n_dimensions": n_dimensions}))
    )
    write_manifest(folder, kind=MODEL_KIND, schema_version=1, extra={})
    with pytest.raises(NeuralTopicError, match=said):
        TopicModel.load(folder)


def test_a_recipe_without_embeddings_has_no_dimensions_on_disk(tmp_path):
    TopicModel(3, recipe="nvdm", max_epochs=1, preprocessing=Preprocessing(min_df=2)).fit(texts_of(COUNTS[:30])).save(
        tmp_path / "model"
    )
    config = json.loads((tmp_path / "model" / TopicModel.format.files[0]).read_text())
    (tmp_path / "model" / TopicModel.format.files[0]).write_text(json.dumps(config | {"n_dimensions": 8}))
    write_manifest(tmp_path / "model", kind=MODEL_KIND, schema_version=1, extra={})
    with pytest.raises(NeuralTopicError, match="no n_dimensions, as nvdm has none"):
        TopicModel.load(tmp_path / "model")


def test_missing_embeddings_are_refused_before_a_document_is_read():
    def unread():
        raise AssertionError
        yield

    from neuraltopic.reading.rows import Corpus

    class Unread(Corpus):
        def __iter__(self):
            return unread()

        def estimate(self):
            raise AssertionError

    with pytest.raises(UsageError, match="which the recipe contextual takes"):
        TopicModel(3, recipe="contextual").fit(Unread("unread"))
    with pytest.raises(UsageError, match="expected none"):
        TopicModel(3).fit(Unread("unread"), embeddings=EMBEDDINGS)


def test_input_rows_and_embeddings_are_as_many(topics, texts, beside):
    model, _ = topics
    for method in (model.fit, model.transform, model.perplexity, model.score):
        with pytest.raises(UsageError, match="expected 64 rows, one per input document; got 63"):
            method(texts, embeddings=beside[:-1])
