"""Dead topics start afresh: which are dead, what they take over, and that a fit ends with all of them in use."""

import numpy as np
import pytest
import torch
from scipy import sparse

from neuraltopic import DocumentVAE
from neuraltopic.core.training import Schedule, Trainer
from neuraltopic.errors import NeuralTopicWarning
from neuraltopic.models.batches import CountBatches
from neuraltopic.models.initialisation.reinitialisation import (
    Reinitialisation,
    dead_topics,
    least_documents,
    points,
    separate,
    take_over,
)
from neuraltopic.models.recipes import RECIPES
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.topics.diagnostics import live_topics

N_THEMES, BLOCK = 6, 8
V = N_THEMES * BLOCK


def themes(n=360, length=12, seed=0):
    """Document d is of theme d % 6, each with eight words of its own."""
    random = np.random.default_rng(seed)
    rows = np.zeros((n, V))
    for d in range(n):
        first = d % N_THEMES * BLOCK
        np.add.at(rows[d], first + random.integers(0, BLOCK, length), 1)
    return Counts.from_scipy(sparse.csr_array(rows))


def trainer_of(counts, n_topics, seed=0, max_epochs=8):
    generator = torch.Generator().manual_seed(seed)
    recipe = RECIPES["semi_amortised_prodlda"]
    vae = recipe.compose(V, n_topics, None)
    recipe.initialise(vae, counts, generator, {})
    rows = np.arange(len(counts))
    batches = CountBatches(counts, rows)
    schedule = Schedule(max_epochs=max_epochs, batch_size=60, learning_rate=4e-3, decoder_rate=10.0, patience=99)
    return Trainer(vae, batches, CountBatches(counts, rows[:30]), recipe.objective, schedule, generator)


@pytest.mark.parametrize(("max_epochs", "expected"), [(22, {6, 11}), (20, {5, 10}), (4, {1, 2}), (2, {1}), (1, set())])
def test_points_lie_within_the_fit(max_epochs, expected):
    """Quarter and half; round half to even, so 5.5 of 22 is 6 and 0.5 of 2 is none."""
    assert points(max_epochs) == expected


def test_a_dead_topic_by_hand():
    """A tenth of an average topic, at least 5; half an average topic where that has fewer than 10."""
    assert least_documents(10_000, 50) == 20.0
    assert least_documents(1_000, 50) == 5.0
    assert least_documents(100, 50) == 1.0
    assert dead_topics(np.array([970, 4, 5, 0, 21])) == [3, 1, 2]


def test_taking_over_a_topic():
    trainer = trainer_of(themes(), 4)
    trainer.run_epoch()
    encoder, decoder = trainer.model.encoder, trainer.model.decoder
    lift = torch.linspace(-2, 2, V)
    before = decoder.weight.detach().clone()
    take_over(trainer, 1, 3, lift)
    torch.testing.assert_close(decoder.weight[:, 1], lift)
    torch.testing.assert_close(decoder.weight[:, [0, 2, 3]], before[:, [0, 2, 3]])
    norm = encoder.normalisation
    for first in (0, 4):
        for tensor in (encoder.output.weight, encoder.output.bias, norm.scale, norm.shift):
            torch.testing.assert_close(tensor[first + 1], tensor[first + 3])
    moments = trainer.optimiser._moments[decoder.weight]
    assert not moments["exp_avg"][:, 1].any()
    assert moments["exp_avg"][:, 3].any()
    torch.testing.assert_close(moments["exp_avg_sq"][:, 1], moments["exp_avg_sq"][:, 3])
    of_output = trainer.optimiser._moments[encoder.output.weight]
    assert not of_output["exp_avg"][[1, 5]].any()
    assert of_output["exp_avg"][[0, 3]].any()


def test_two_parts_of_a_topic_are_told_apart():
    counts = themes()
    trainer = trainer_of(counts, 4)
    trainer.run_epoch()
    rows = np.flatnonzero(np.isin(np.arange(len(counts)) % N_THEMES, (0, 1)))
    part = rows % N_THEMES == 0
    take_over(trainer, 1, 3, torch.zeros(V))

    def difference():
        model = trainer.model.eval()
        model.latent.train()
        mean = model.posterior(trainer.data.batch(torch.from_numpy(rows))).mean.detach()
        return mean[:, 1] - mean[:, 3]

    assert float(difference().abs().max()) < 1e-5
    separate(trainer.model, 1, 3, trainer.data, rows, part)
    apart = difference()
    assert (apart[part] > 0.5).all()
    assert (apart[~part] < -0.5).all()


def restarts(trainer, shares_of=None):
    """Of documents listed by what the encoder's shares say."""
    return Reinitialisation(
        shares_of or (lambda latents: (latents / latents.sum(1, keepdims=True)).astype(np.float32)),
        0.25,
        lambda lengths: np.ones_like(lengths),
    )


def test_a_topic_of_noise_takes_the_largest_of_what_is_joined():
    """Topic 5 starts at no theme, and topic 0 at two: after the check topic 5 has the words of one of these."""
    counts = themes()
    trainer = trainer_of(counts, N_THEMES, max_epochs=4)
    lift = torch.full((V, N_THEMES), -2.0)
    for topic in range(N_THEMES - 1):
        lift[topic * BLOCK : (topic + 1) * BLOCK, topic] = 2.0
    lift[(N_THEMES - 1) * BLOCK :, 0] = 2.0
    with torch.no_grad():
        trainer.model.decoder.weight.copy_(lift)
    owner = np.minimum(np.arange(len(counts)) % N_THEMES, N_THEMES - 1)
    owner[owner == N_THEMES - 1] = 0

    def shares(latents):
        return np.eye(N_THEMES, dtype=np.float32)[owner] * 0.9 + np.float32(0.1 / N_THEMES)

    trainer.run_epoch()
    trainer.best_bound = 0.0
    restarts(trainer, shares)(trainer)
    found = trainer.model.decoder.weight[:, N_THEMES - 1].detach().numpy()
    highest = set(np.argsort(-found)[:BLOCK].tolist())
    assert highest in (set(range(BLOCK)), set(range(V - BLOCK, V)))
    assert trainer.best_bound == -np.inf, "weights with the dead topic are not kept"


def test_nothing_happens_between_the_points_or_where_no_topic_is_dead():
    trainer = trainer_of(themes(), N_THEMES, max_epochs=8)
    before = {name: value.clone() for name, value in trainer.model.state_dict().items()}

    def fail(latents):
        raise AssertionError("asked between the points")

    restarts(trainer, fail)(trainer)  # epoch 0
    trainer.run_epoch()
    trainer.run_epoch()
    before = {name: value.clone() for name, value in trainer.model.state_dict().items()}
    even = np.eye(N_THEMES, dtype=np.float32)[np.arange(360) % N_THEMES]
    restarts(trainer, lambda latents: even)(trainer)
    for name, value in trainer.model.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_seeded_topics_are_kept():
    counts = themes()
    trainer = trainer_of(counts, N_THEMES, max_epochs=4)
    trainer.run_epoch()
    before = trainer.model.decoder.weight.detach().clone()
    one = np.eye(N_THEMES, dtype=np.float32)[np.minimum(np.arange(360) % N_THEMES, 3)]
    keeping = Reinitialisation(lambda _: one, 0.25, lambda n: np.ones_like(n), kept=frozenset({4}))
    keeping(trainer)
    after = trainer.model.decoder.weight.detach()
    assert torch.equal(after[:, 4], before[:, 4])
    assert not torch.equal(after[:, 5], before[:, 5])


def test_a_collapse_is_told_while_the_fit_goes_on():
    trainer = trainer_of(themes(), N_THEMES, max_epochs=4)
    trainer.run_epoch()
    one = np.full((360, N_THEMES), 0.01, np.float32)
    one[:, 2] = 0.95
    with pytest.warns(NeuralTopicWarning, match=r"after 1 of 4 epochs 100% of the documents are assigned to one"):
        restarts(trainer, lambda _: one)(trainer)


@pytest.mark.slow
def test_every_topic_of_a_fit_of_short_documents_is_in_use():
    """Titles of four words, twelve themes of which some are rare, and as many topics: none is dead."""
    random = np.random.default_rng(3)
    n_themes, words = 12, 10
    theme = random.choice(n_themes, 3000, p=np.linspace(1, 3, n_themes) / np.linspace(1, 3, n_themes).sum())
    rows = np.zeros((3000, n_themes * words))
    for d, own in enumerate(theme.tolist()):
        np.add.at(rows[d], own * words + random.integers(0, words, 4), 1)
    vae = DocumentVAE(n_themes, random_state=0, device="cpu")
    counts = Counts.from_scipy(sparse.csr_array(rows))
    vectors = vae.fit_transform(counts)
    topics = vae.topics_of(counts, vectors)
    assert live_topics(vae.share_, np.bincount(topics, minlength=n_themes)).all()
    agreement = np.array([np.bincount(topics[theme == t], minlength=n_themes).max() / (theme == t).sum()
                          for t in range(n_themes)])  # fmt: skip
    assert agreement.mean() > 0.95
