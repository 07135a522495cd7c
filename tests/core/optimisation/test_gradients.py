"""Gradients of several batches at once are those of each alone, and the buffers of the replicas are averaged."""

import copy
import dataclasses

import pytest
import torch

from neuraltopic.core.latents.logistic_normal import LogisticNormal
from neuraltopic.core.objectives import ELBO, Bound
from neuraltopic.core.optimisation.division import Undivided
from neuraltopic.core.optimisation.gradients import Replicas, gradient, trained
from neuraltopic.core.threads import pieces_alone
from neuraltopic.core.training import Schedule, Trainer
from neuraltopic.core.vae import VAE
from neuraltopic.models.decoders.energy_softmax import EnergySoftmax
from neuraltopic.models.encoders.bag import BagEncoder
from tests.core.test_training import Documents
from tests.parts import H, K, V, documents, generator, randomise, sparse_rows


def model():
    latent = LogisticNormal(K, concentration=0.5)
    encoder = BagEncoder(V, H, latent.n_parameters, masked=0.3)
    return randomise(VAE(encoder, latent, EnergySoftmax(K, V)), std=0.3).train()


def at_once(vae, batches, n_threads=1):
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    try:
        with pieces_alone():
            replicas = Replicas(vae, len(batches), generator())
            return replicas, replicas.gradients(Documents(18), batches, ELBO(), 0.7, Undivided())
    finally:
        torch.set_num_threads(before)


BATCHES = torch.arange(18).split(6)


@pytest.mark.parametrize("n_threads", [1, 2, 4])
def test_gradients_at_once_are_those_of_each_batch_alone(n_threads):
    """To the bit, whatever the number of threads; the generators of all but the first are seeded by it."""
    vae = model()
    _, found = at_once(vae, BATCHES, n_threads)
    noise = generator()
    others = [torch.Generator().manual_seed(int(torch.randint(2**62, (), generator=noise))) for _ in BATCHES[1:]]
    with pieces_alone():
        for rows, drawn, given in zip(BATCHES, [noise, *others], found, strict=True):
            alone = gradient(model(), Documents(18).batch(rows), ELBO(), drawn, 0.7, Undivided())
            assert given[:2] == alone[:2]
            assert all(map(torch.equal, given.parts.values(), alone.parts.values()))


def test_replicas_share_parameters_and_end_with_the_mean_of_their_buffers():
    vae = model()
    replicas, _ = at_once(vae, BATCHES)
    assert all(
        own is shared
        for replica in replicas._models
        for own, shared in zip(trained(replica), trained(vae), strict=True)
    )
    singles = []
    for number, rows in enumerate(BATCHES):
        one, noise = model(), copy.deepcopy(generator())
        seeds = [int(torch.randint(2**62, (), generator=noise)) for _ in BATCHES[1:]]
        drawn = noise if number == 0 else torch.Generator().manual_seed(seeds[number - 1])
        gradient(one, Documents(18).batch(rows), ELBO(), drawn, 0.7, Undivided())
        singles.append(one.encoder.normalisation)
    replicas.average()
    for name in ("running_mean", "running_variance"):
        expected = torch.stack([getattr(single, name) for single in singles]).mean(0)
        for replica in replicas._models:
            torch.testing.assert_close(getattr(replica.encoder.normalisation, name), expected)


def test_a_matrix_that_cannot_be_factorised_gives_no_gradient():
    def objective(*_):
        torch.linalg.cholesky(-torch.eye(2))

    found = gradient(model(), None, objective, generator(), 1.0, Undivided())
    assert found.bound != found.bound
    assert found.parts == {}


@pytest.mark.parametrize("transposed", [False, True])
def test_parts_lie_in_memory_as_their_parameters_do(transposed):
    """That of a transposed weight comes transposed from autograd, and that of a sum expanded."""

    def objective(model, x, generator, kl_weight):
        total = (model.decoder.weight.T * torch.arange(V)).sum() + model.decoder.bias.sum()
        return Bound(torch.zeros(1), total.expand(1) + model.encoder(x, None).sum(1))

    vae = model()
    if transposed:
        vae.decoder.weight.data = vae.decoder.weight.data.T.contiguous().T
    found = gradient(vae, sparse_rows(documents(5)), objective, generator(), 1.0, Undivided())
    assert all(part.stride() == own.stride() for own, part in found.parts.items())
    expected = -torch.arange(V).double()[:, None].expand(V, K)
    torch.testing.assert_close(found.parts[vae.decoder.weight], expected)


def test_adam_steps_down_the_gradient_of_every_layer():
    """Trainer and torch's own loop end on the same weights."""
    ours, theirs = model(), model()
    schedule = Schedule(max_epochs=1, batch_size=18, learning_rate=0.01, decoder_rate=1.0, weight_decay=0.0)
    schedule = dataclasses.replace(schedule, decoder_precision=0.0, rate=lambda _: 1.0, kl_weight=lambda _: 1.0)
    trainer = Trainer(ours, Documents(18), Documents(0), ELBO(), schedule, generator())
    noise = generator()
    optimiser = torch.optim.Adam(trained(theirs), 0.01)
    for _ in range(3):
        trainer.run_epoch()
        rows = torch.randperm(18, generator=noise)
        optimiser.zero_grad()
        (-ELBO()(theirs, Documents(18).batch(rows), noise).surrogate.mean()).backward()
        optimiser.step()
    for found, expected in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)
