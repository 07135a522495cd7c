"""Replicas take batches in turn, each at weights of its own, and end with the newest weights and averaged buffers."""

import dataclasses

import pytest
import torch

from neuraltopic.core.latents.logistic_normal import LogisticNormal
from neuraltopic.core.objectives import ELBO, Bound
from neuraltopic.core.optimisation.division import Undivided
from neuraltopic.core.optimisation.gradients import Replicas, gradient, trained
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


BATCHES = torch.arange(18).split(6)


class GradientDescent:
    """Plain steps, from the weights that begin to those that end."""

    def step(self, step):
        for parameter, begin in step.begin.items():
            step.end[parameter].copy_(begin - step.factor * step.gradients[parameter])


def noises(n):
    """The generators of n replicas: those of all but the first are seeded by it."""
    first = generator()
    seeds = [int(torch.randint(2**62, (), generator=first)) for _ in range(n - 1)]
    return [first, *(torch.Generator().manual_seed(seed) for seed in seeds)]


def in_turn(vae, n_replicas, n_batches):
    """Replicas after some batches, and the gradients."""
    replicas, found = Replicas(vae, n_replicas, generator(), apart=True), []
    for number in range(n_batches):
        rows = BATCHES[number % len(BATCHES)]
        found.append(replicas.gradient(number, Documents(18), rows, ELBO(), 0.7, Undivided()))
        replicas.step(number, found[-1].parts, 0.01, GradientDescent())
    return replicas, found


@pytest.mark.parametrize("apart", [True, False])
def test_replicas_that_are_apart_share_only_weights_that_are_not_trained(apart):
    vae = model()
    replicas = Replicas(vae, 3, generator(), apart=apart)
    assert replicas._models[0] is vae
    for replica in replicas._models[1:]:
        for (name, own), (_, shared) in zip(replica.named_parameters(), vae.named_parameters(), strict=True):
            assert (own is shared) == (not apart or name == "encoder.output.bias")
            assert torch.equal(own, shared)
        assert replica.encoder.normalisation.running_mean is not vae.encoder.normalisation.running_mean


@pytest.mark.parametrize("n_replicas", [1, 2, 3])
def test_each_gradient_is_at_the_weights_of_its_replica_and_each_step_is_from_the_newest(n_replicas):
    """With the noise and the running moments that the replica has; parts are by the parameters of the model."""
    vae = model()
    replicas, found = in_turn(vae, n_replicas, 5)
    others, noise = [model() for _ in range(n_replicas)], noises(n_replicas)
    newest = [weight.detach().clone() for weight in trained(others[0])]
    for number in range(5):
        place = number % n_replicas
        parameters = trained(others[place])
        x = Documents(18).batch(BATCHES[number % 3])
        alone = gradient(others[place], parameters, x, ELBO(), noise[place], 0.7, Undivided())
        assert found[number][:2] == pytest.approx(alone[:2], rel=1e-12)
        with torch.no_grad():
            for own, weight, last in zip(trained(vae), parameters, newest, strict=True):
                torch.testing.assert_close(found[number].parts[own], alone.parts[weight])
                last -= 0.01 * alone.parts[weight]
                weight.copy_(last)
    replicas.join()
    for weight, expected in zip(trained(vae), newest, strict=True):
        torch.testing.assert_close(weight.detach(), expected)
    for name in ("running_mean", "running_variance"):
        expected = torch.stack([getattr(other.encoder.normalisation, name) for other in others]).mean(0)
        torch.testing.assert_close(getattr(vae.encoder.normalisation, name), expected)


def test_a_matrix_that_cannot_be_factorised_gives_no_gradient():
    def objective(*_):
        torch.linalg.cholesky(-torch.eye(2))

    found = gradient(model(), [], None, objective, generator(), 1.0, Undivided())
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
    found = gradient(vae, trained(vae), sparse_rows(documents(5)), objective, generator(), 1.0, Undivided())
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
