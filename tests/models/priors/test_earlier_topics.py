"""The prior that holds topics where earlier documents left them: its precision, its value and its gradient."""

import numpy as np
import pytest
import torch
from scipy.special import softmax

from neuraltopic.core.vae import VAE
from neuraltopic.models.decoders.energy_softmax import EnergySoftmax
from neuraltopic.models.decoders.mixture import EmbeddedMixture, MixtureSoftmax
from neuraltopic.models.decoders.normalised_energy_softmax import NormalisedEnergySoftmax
from neuraltopic.models.priors.earlier_topics import EarlierTopics, in_force, topic_precision
from neuraltopic.preprocessing.counts import Counts
from tests.parts import ENCODERS, LATENTS, K, V, randomise

DECODERS = {
    "energies": lambda: EnergySoftmax(K, V),
    "normalised energies": lambda: NormalisedEnergySoftmax(K, V),
    "mixture": lambda: MixtureSoftmax(K, V),
    "word vectors": lambda: EmbeddedMixture(K, V, 2),
}


def drawn(shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def model_of(decoder):
    return randomise(VAE(encoder=ENCODERS["bag"](), latent=LATENTS["logistic_normal"](), decoder=decoder))


def prior(model):
    return EarlierTopics(in_force(model).detach() + drawn((K + 1, V), 90), drawn((K + 1, V), 91).exp())


def test_the_precision_is_summed_token_by_token():
    rng = np.random.default_rng(0)
    counts, vectors = rng.poisson(0.8, (9, V)), rng.dirichlet(np.ones(K), 9)
    expected = np.zeros((K + 1, V))
    for d in range(9):
        for w in range(V):
            for _ in range(counts[d, w]):
                expected[:K, w] += vectors[d] ** 2
                expected[K, w] += 1
    np.testing.assert_allclose(topic_precision(vectors, Counts.from_scipy(counts)), expected, rtol=1e-6)


def test_the_precision_is_the_curvature_of_the_likelihood_but_for_a_factor():
    weight, bias, theta = drawn((V, K)), drawn((V,), 1), torch.softmax(drawn((K,), 2), 0)
    n = 12.0
    p = torch.softmax(weight @ theta + bias, 0)

    def minus_log_likelihood(weight, bias):
        return -(n * p * torch.log_softmax(weight @ theta + bias, 0)).sum()

    (of_weight, _), (_, of_bias) = torch.autograd.functional.hessian(minus_log_likelihood, (weight, bias))
    curvature = torch.stack([*of_weight.reshape(V * K, V * K).diagonal().view(V, K).T, of_bias.diagonal()])
    expected = Counts.from_scipy((n * p).numpy()[None].astype(np.float64))
    found = topic_precision(theta.numpy()[None], expected) * (1 - softmax((weight @ theta + bias).numpy()))
    np.testing.assert_allclose(found, curvature, rtol=1e-5)


@pytest.mark.parametrize("name", DECODERS)
def test_the_gradient_of_the_prior_is_that_of_finite_differences(name):
    model = model_of(DECODERS[name]()).eval()
    near = prior(model)
    near(model).backward()
    for parameter in model.decoder.parameters():
        direction, h = drawn(parameter.shape, 77), 1e-6
        slope = 0.0
        for sign in (1.0, -1.0):
            parameter.data += sign * h * direction
            slope += sign * float(near(model).detach()) / (2 * h)
            parameter.data -= sign * h * direction
        assert float((parameter.grad * direction).sum()) == pytest.approx(slope, rel=1e-6)


def test_the_prior_is_a_gaussian_in_each_number_of_r_and_b():
    model = model_of(EnergySoftmax(K, V))
    near = prior(model)
    topics = torch.cat([model.decoder.weight.T, model.decoder.bias[None]])
    densities = torch.distributions.Normal(near.topics, near.precision.rsqrt()).log_prob(topics)
    peak = torch.distributions.Normal(near.topics, near.precision.rsqrt()).log_prob(near.topics)
    torch.testing.assert_close(near(model), (densities - peak).sum())
