"""DocumentVAE.partial_fit: topics keep their numbers, earlier documents their weight, and the same chunks give the
same bits."""

import copy
import math

import numpy as np
import pytest
import torch
from sklearn.exceptions import NotFittedError

from neuraltopic import DocumentVAE
from neuraltopic.core.training import Trainer
from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.estimators.counts.update_schedule import schedule_of_update, seed_of_update
from neuraltopic.models.recipes import RECIPES, find_recipe
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.topics.documents.document_assignment import DocumentAssignment
from neuraltopic.topics.words.ranking import top_words
from tests.estimators.test_document_vae import planted

pytestmark = pytest.mark.usefixtures("one_thread")

BLOCKS, BLOCK = 4, 6
FIRST = planted(120, BLOCKS, BLOCK, length=25)
# Later documents have the first two themes alone.
LATER = planted(120, BLOCKS, BLOCK, length=25, seed=1)[np.arange(120) % BLOCKS < 2]
EMPTY = np.zeros((1, BLOCKS * BLOCK), np.int64)


def small(**parameters):
    chosen = {"n_components": BLOCKS, "max_epochs": 25, "batch_size": 16, "device": "cpu", "random_state": 0}
    return DocumentVAE(**chosen | parameters)


@pytest.fixture(scope="module")
def fitted():
    return small().fit(FIRST)


def updated(model, *chunks):
    model = copy.deepcopy(model)
    for chunk in chunks:
        model.partial_fit(chunk)
    return model


def bits(model):
    """All that a fit and its updates decide."""
    weights = {name: value.numpy().tobytes() for name, value in model.vae_.state_dict().items()}
    arrays = [model.information_, model.share_, model.explained_, model.precision_]
    summary = [value.tobytes() for value in [*arrays, model.assignment_.words, model.assignment_.documents]]
    return weights, model.history_, summary, model.n_documents_, model.n_updates_


def words(model, counts=FIRST):
    return [set(row) for row in top_words(model.word_weights(counts.sum(0)), BLOCK).tolist()]


def test_the_first_chunk_is_a_fit(fitted):
    assert bits(small().partial_fit(FIRST)) == bits(fitted)


def test_the_same_chunks_give_the_same_bits_and_another_seed_or_order_does_not(fitted):
    once = updated(fitted, LATER[:30], LATER[30:])
    assert bits(updated(fitted, LATER[:30], LATER[30:])) == bits(once)
    assert bits(updated(fitted, LATER[30:], LATER[:30])) != bits(once)
    assert bits(updated(copy.deepcopy(fitted).set_params(random_state=1), LATER[:30], LATER[30:])) != bits(once)
    assert once.n_updates_ == 2


def test_without_a_seed_updates_go_on_from_the_one_that_was_drawn():
    model = small(random_state=None, max_epochs=2).fit(FIRST)
    same = small(random_state=model.seed_, max_epochs=2).fit(FIRST)
    assert bits(updated(model, LATER)) == bits(updated(same, LATER))


def test_each_update_has_a_seed_of_its_own():
    seeds = {seed_of_update(seed, number) for seed in range(20) for number in range(1, 21)}
    assert len(seeds) == 400
    assert all(torch.Generator().manual_seed(seed).initial_seed() == seed for seed in seeds)


# A binary unit is about several themes, and has no top words of one: it has a test of its own.
@pytest.mark.parametrize(
    "recipe",
    [name for name, recipe in RECIPES.items() if not recipe.takes("embeddings") and name != "replicated_softmax"],
)
def test_every_topic_stands_under_its_number_after_an_update_on_half_of_the_themes(recipe):
    model = small(recipe=recipe).fit(FIRST)
    before, topics = words(model), model.predict(FIRST)
    # Four themes differ along three directions, and make three axes of a Gaussian.
    told = np.flatnonzero(model.information_ > 0.1)
    assert len(told) >= BLOCKS - 1
    model.partial_fit(LATER)
    after = words(model, np.concatenate([FIRST, LATER]))
    assert min(len(after[topic] & before[topic]) for topic in told) >= BLOCK - 1
    assert np.mean(model.predict(FIRST) == topics) > 0.9


def test_every_binary_unit_keeps_its_energies_after_an_update_on_half_of_the_themes():
    """Four units code four themes together, each on for some of them: it stays on for the same, and documents stay
    where they are listed."""
    model = small(recipe="replicated_softmax").fit(FIRST)
    before, topics = model.components_.copy(), model.predict(FIRST)
    model.partial_fit(LATER)
    of_themes = [energies.reshape(BLOCKS, BLOCKS, BLOCK).mean(2) for energies in (before, model.components_)]
    np.testing.assert_array_equal(*map(np.sign, of_themes))
    assert min(np.corrcoef(*rows)[0, 1] for rows in zip(before, model.components_, strict=True)) > 0.95
    assert np.mean(model.predict(FIRST) == topics) > 0.9


def test_without_the_prior_earlier_documents_are_forgotten(fitted):
    absent = FIRST[np.arange(120) % BLOCKS >= 2]
    held, free = copy.deepcopy(fitted), copy.deepcopy(fitted)
    for _ in range(3):
        held.partial_fit(LATER)
        free.precision_ = np.zeros_like(free.precision_)
        free.partial_fit(LATER)
    before, after, forgotten = (model.perplexity(absent) for model in (fitted, held, free))
    assert after - before < 0.4 * (forgotten - before)


@pytest.mark.parametrize("recipe", ["semi_amortised_prodlda", "nvdm", "gsm"])
def test_topics_move_the_less_the_surer_they_are(recipe):
    """By the squared distance that the prior weighs; where earlier documents said nothing a topic is free."""
    fitted = small(recipe=recipe).fit(FIRST)
    where, precision = np.vstack([fitted.components_, fitted.bias_]), fitted.precision_
    moved = []
    for factor in (0.0, 1.0, 100.0):
        model = copy.deepcopy(fitted).set_params(validation_fraction=0.0)
        model.precision_ = model.precision_ * np.float32(factor)
        model = updated(model, LATER)
        moved.append((precision * (np.vstack([model.components_, model.bias_]) - where) ** 2).sum())
    assert moved[0] > 5.0 * moved[1] > 25.0 * moved[2]


def test_what_is_known_of_the_topics_is_of_all_documents(fitted):
    model = copy.deepcopy(fitted)
    vectors = model.partial_fit_transform(LATER)
    assert np.array_equal(vectors, model.transform(LATER))
    shares = find_recipe(model.recipe).interpretation.shares(model.latents(vectors), model._topic_words())
    assert model.n_documents_ == 180
    np.testing.assert_allclose(model.share_, (120 * fitted.share_ + 60 * shares.mean(0)) / 180, rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(model.explained_.sum(0), (np.concatenate([FIRST, LATER]) > 0).sum(0), rtol=1e-5)
    beside_earlier = DocumentAssignment.of(shares, Counts.from_scipy(LATER), 0.25, fitted.assignment_)
    np.testing.assert_allclose(
        model.assignment_.words, fitted.assignment_.words + beside_earlier.words, rtol=1e-3, atol=1e-3
    )
    np.testing.assert_allclose(model.assignment_.words.sum(0), np.concatenate([FIRST, LATER]).sum(0), rtol=1e-5)
    assert model._topic_words().mean_length == pytest.approx(np.concatenate([FIRST, LATER]).sum(1).mean(), rel=1e-5)
    np.testing.assert_allclose(
        model.precision_ - fitted.precision_, topic_squares(model.latents(vectors), LATER), rtol=1e-3, atol=1e-3
    )
    assert model.history_[-1]["epoch"] == model.n_iter_ == 25


def topic_squares(latents, counts):
    return np.concatenate([np.square(latents).T @ counts, counts.sum(0)[None]])


def test_an_update_has_neither_warm_up_nor_a_pull_to_zero():
    for recipe in RECIPES.values():
        schedule = schedule_of_update(recipe.schedule, 3200)
        assert schedule.max_epochs == math.ceil(recipe.schedule.resolve(3200).max_epochs / 3)
        rates = [schedule.rate(progress) for progress in np.linspace(0, 1, 30)]
        assert rates[0] == 1.0
        assert rates == sorted(rates, reverse=True)
        assert schedule.kl_weight(0.0) == 1.0
        assert schedule.weight_decay == schedule.decoder_precision == 0.0
        assert schedule.learning_rate < recipe.schedule.learning_rate


def test_one_document_is_enough(fitted):
    model = updated(fitted, LATER[:1])
    assert model.n_documents_ == 121
    assert words(model) == words(fitted)


def test_counts_come_in_any_form(fitted):
    assert bits(updated(fitted, Counts.from_scipy(LATER))) == bits(updated(fitted, LATER))


def test_a_stopped_update_leaves_the_model_as_it_was_and_goes_on_to_the_same_bits(fitted, tmp_path, monkeypatch):
    run_epoch = Trainer.run_epoch

    def stop_after_two(trainer):
        if trainer.epoch == 2:
            raise KeyboardInterrupt
        run_epoch(trainer)

    model, path = copy.deepcopy(fitted), tmp_path / "checkpoint.safetensors"
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "run_epoch", stop_after_two)
        with pytest.raises(KeyboardInterrupt):
            model.partial_fit(LATER, checkpoint=path)
    assert bits(model) == bits(fitted)
    with pytest.raises(NeuralTopicError, match="checkpoint of this fit"):
        updated(fitted, LATER).partial_fit(LATER, checkpoint=path)
    assert bits(model.partial_fit(LATER, checkpoint=path)) == bits(updated(fitted, LATER))


@pytest.mark.parametrize(
    ("change", "counts", "error", "said"),
    [
        ({}, EMPTY, NeuralTopicError, "expected documents with words; got only empty ones"),
        ({}, LATER[:, 1:], ValueError, "23 features, but DocumentVAE is expecting 24"),
        ({}, Counts.from_scipy(LATER[:, 1:]), NeuralTopicError, "expected 24 columns"),
        ({}, -LATER, ValueError, "Negative values"),
        ({"n_components": 5}, LATER, UsageError, "n_components: expected 4, as in the fit; got 5. Fit again"),
        ({"learning_rate": -1.0}, LATER, UsageError, "learning_rate: expected a number above 0"),
        ({"precision_": None}, LATER, NeuralTopicError, "earlier version .* Fit it again"),
    ],
)
def test_what_no_update_can_use_is_refused(fitted, change, counts, error, said):
    model = copy.deepcopy(fitted)
    for name, value in change.items():
        setattr(model, name, value)
    with pytest.raises(error, match=said):
        model.partial_fit(counts)
    assert bits_of_network(model) == bits_of_network(fitted)


@pytest.mark.parametrize("recipe", [name for name, recipe in RECIPES.items() if recipe.takes("embeddings")])
def test_a_recipe_with_embeddings_is_not_updated(recipe):
    embeddings = np.random.default_rng(0).normal(size=(120, 4))
    model = small(recipe=recipe, max_epochs=1).fit(FIRST, embeddings=embeddings)
    with pytest.raises(
        UsageError, match=f"of counts alone, which updates are of; got {recipe}, which takes embeddings"
    ):
        model.partial_fit(LATER)


def bits_of_network(model):
    return {name: value.numpy().tobytes() for name, value in model.vae_.state_dict().items()}


def test_only_a_fitted_model_has_a_summary():
    with pytest.raises(NotFittedError):
        small().summary()
