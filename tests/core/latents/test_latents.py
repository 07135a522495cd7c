"""What every latent answers to: its draws, densities, divergence and gradients against one another, and at extremes.

What a family's density is, its own file holds against torch.distributions or quadrature.
"""

import math

import pytest
import torch

from neuraltopic.core.networks import PerceptronEncoder
from neuraltopic.core.vae import VAE
from tests.parts import DECODERS, LATENTS, OBJECTIVES, H, K, V, documents, generator, randomise, sparse_rows, update

B, DRAWS = 3, 20_000
SIMPLEX = [
    "logistic_normal",
    "laplace_of_dirichlet",
    "gaussian_softmax",
    "dirichlet",
    "normalised_gamma",
    "normalised_weibull",
    "stick_breaking",
]
# The encoder's output at which q is the prior, for the latents of `LATENTS` that have one.
AT_PRIOR = {
    "diagonal_gaussian": [0.0] * 2 * K,
    "full_gaussian": [0.0] * 9,
    "logistic_normal": [0.0] * 2 * K,
    "laplace_of_dirichlet": [0.0] * K + [math.log(5.0 * (1 - 1 / K))] * K,
    "gaussian_softmax": [0.0] * 2 * K,
    "dirichlet": [math.log(0.3)] * K,
    "gamma": [math.log(0.7)] * K + [math.log(2.0)] * K,
    "weibull": [0.0] * K + [math.log(0.5)] * K,
    "normalised_gamma": [math.log(0.3)] * K + [0.0] * K,
    "normalised_weibull": [0.0] * 2 * K,
    "laplace": [0.0] * 2 * K,
    "stick_breaking": [0.0] * (K - 1) + [math.log(2.0)] * (K - 1),
}


def build(name: str):
    return randomise(LATENTS[name]()).train()


def output(latent, rows: int = B, seed: int = 1) -> torch.Tensor:
    """What an encoder might put out, the same whatever the number of rows."""
    noise = torch.randn(1, latent.n_parameters, generator=generator(seed), dtype=torch.float64)
    return 0.7 * (noise + torch.linspace(-1, 1, rows, dtype=torch.float64)[:, None] * (rows > 1))


def assert_mean(draws: torch.Tensor, expected: torch.Tensor) -> None:
    """The mean over the first axis is within 4.5 standard errors of what is expected."""
    error = (draws.mean(0) - expected).abs()
    assert (error <= 4.5 * draws.std(0) / math.sqrt(len(draws)) + 1e-12).all()


def exact_part(name: str) -> slice:
    """The numbers of z whose mean and variance are exact."""
    return slice(K) if name == "two_layer_gaussian" else slice(None)


@pytest.mark.parametrize("name", LATENTS)
def test_kl_agrees_with_monte_carlo(name):
    latent = build(name)
    q = latent.posterior(output(latent), None, None)
    z = q.sample(DRAWS, generator())
    kl = q.kl()
    if name in ("two_layer_gaussian", "gaussian_mixture"):
        assert kl is None
        return
    assert kl.shape[0] == B
    assert (kl > 0).all()
    assert_mean(q.log_prob(z) - latent.log_prior(z), kl.sum(-1))


@pytest.mark.parametrize("name", AT_PRIOR)
def test_q_can_be_the_prior(name):
    """Then the KL is zero, the densities agree, and the prior's draws have the moments of q."""
    latent = build(name)
    q = latent.posterior(torch.tensor([AT_PRIOR[name]], dtype=torch.float64), None, None)
    z = q.sample(5, generator())
    torch.testing.assert_close(q.log_prob(z), latent.log_prior(z), rtol=1e-6, atol=1e-6)
    assert q.kl().abs().max() < 1e-6
    prior = latent.sample_prior(DRAWS, generator(3))
    assert prior.shape == (DRAWS, *z.shape[1:])
    assert_mean(prior, q.mean)
    assert_mean((prior - q.mean).square(), q.variance())


@pytest.mark.parametrize("name", LATENTS)
def test_draws_have_the_mean_and_variance_of_q(name):
    latent, exact = build(name), exact_part(name)
    q = latent.posterior(output(latent), None, None)
    z = q.sample(DRAWS, generator())[..., exact]
    mean, variance = q.mean[:, exact], q.variance()[:, exact]
    assert_mean(z, mean)
    assert_mean((z - mean).square(), variance)


@pytest.mark.parametrize("power", [1, 2])
@pytest.mark.parametrize("name", LATENTS)
def test_gradient_through_the_draw_is_that_of_the_exact_moment(name, power):
    """d/d(encoder's output) of E[z] and E[z^2]; a row a draw, so that each draw's gradient is seen."""
    latent, exact = build(name), exact_part(name)
    row = output(latent, rows=1).requires_grad_()
    q = latent.posterior(row, None, None)
    moment = q.mean if power == 1 else q.mean.square() + q.variance()
    (expected,) = torch.autograd.grad(moment[:, exact].sum(), row)
    rows = row.detach().expand(DRAWS, -1).clone().requires_grad_()
    z = latent.posterior(rows, None, None).sample(1, generator())[..., exact]
    (taken,) = torch.autograd.grad(z.pow(power).sum(), rows)
    assert_mean(taken, expected[0])


@pytest.mark.parametrize("name", LATENTS)
def test_sample_repeats_with_the_generator_and_leaves_the_global_one_alone(name):
    latent = build(name)
    q = latent.posterior(output(latent), None, None)
    state = torch.random.get_rng_state()
    first, again, other = (q.sample(3, generator(seed)) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(latent.sample_prior(2, generator()), latent.sample_prior(2, generator()))
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize("name", LATENTS)
def test_one_sample_keeps_its_axis_and_the_decoder_sees_k_numbers(name):
    latent = build(name)
    q = latent.posterior(output(latent), None, None)
    z = q.sample(1, generator())
    assert z.shape == (1, *q.mean.shape) == (1, *q.variance().shape)
    assert q.log_prob(z).shape == latent.log_prior(z).shape == (1, B)
    assert latent.transform(z).shape == (1, B, K)
    assert latent.transform(q.mean).shape == (B, K)


@pytest.mark.parametrize("name", SIMPLEX)
def test_the_decoder_sees_a_point_of_the_simplex(name):
    latent = build(name)
    q = latent.posterior(output(latent), None, None)
    for theta in (latent.transform(q.sample(100, generator())), latent.transform(q.mean)):
        assert (theta >= 0).all()
        torch.testing.assert_close(theta.sum(-1), torch.ones_like(theta[..., 0]))


@pytest.mark.parametrize("value", [1e4, 60.0, -60.0, -1e4])
@pytest.mark.parametrize("name", LATENTS)
def test_extreme_encoder_output_stays_finite_in_float32(name, value):
    latent = LATENTS[name]().train()
    if name == "two_layer_gaussian":
        latent.initialise(generator())
    row = torch.full((2, latent.n_parameters), value, requires_grad=True)
    q = latent.posterior(row, None, None)
    z = q.sample(500, generator())
    log_weights = latent.log_prior(z) - q.log_prob(z)
    kl = q.kl()
    parts = [z, latent.transform(z), log_weights, q.mean, q.variance(), *([] if kl is None else [kl])]
    for part in parts:
        assert part.dtype == torch.float32
        assert torch.isfinite(part).all()
    (gradient,) = torch.autograd.grad(sum(part.mean() for part in parts), row)
    assert torch.isfinite(gradient).all()


@pytest.mark.parametrize("name", LATENTS)
def test_float32_gives_the_numbers_of_float64(name):
    """At the same draws, which float32 holds, to a part in 10,000."""
    latent = build(name)
    row = (2.0 * output(latent)).float().double()
    q = latent.posterior(row, None, None)
    z = q.sample(500, generator()).float()
    z = (z.clamp_max(1.0 - 2.0**-24) if name == "stick_breaking" else z).double()
    exact = [q.log_prob(z) - latent.log_prior(z), latent.transform(z), q.mean, q.variance(), q.kl()]
    latent.float()
    q, z = latent.posterior(row.float(), None, None), z.float()
    single = [q.log_prob(z) - latent.log_prior(z), latent.transform(z), q.mean, q.variance(), q.kl()]
    for rounded, expected in zip(single, exact, strict=True):
        if expected is not None:
            torch.testing.assert_close(rounded.double(), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", LATENTS)
def test_detached_posterior_has_the_same_density_and_passes_gradient_to_z_alone(name):
    latent = build(name)
    row = output(latent).requires_grad_()
    q = latent.posterior(row, None, None)
    z = q.sample(4, generator()).detach().requires_grad_()
    attached, detached = q.log_prob(z), q.detach().log_prob(z)
    torch.testing.assert_close(detached, attached, rtol=0, atol=0)
    leaves = [row, *latent.parameters()]
    (expected,) = torch.autograd.grad(attached.sum(), z, retain_graph=True)
    taken, *others = torch.autograd.grad(detached.sum(), [z, *leaves], allow_unused=True)
    torch.testing.assert_close(taken, expected, rtol=0, atol=0)
    assert others == [None] * len(leaves)
    assert torch.autograd.grad(attached.sum(), row)[0].abs().sum() > 0


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize(
    ("latent", "decoder"),
    # A mixture is of shares.
    [
        (latent, decoder)
        for latent in LATENTS
        for decoder in DECODERS
        if latent in SIMPLEX or ("mixture" not in decoder and decoder != "given_topics")
    ],
)
def test_every_latent_trains_every_decoder_under_every_objective(latent, decoder, objective):
    """Steps on the same few rows keep the bound finite, and raise it where they climb it and the decoder learns:
    the encoder alone raises it too slowly."""
    prior = LATENTS[latent]()
    model = randomise(VAE(PerceptronEncoder(V, [H], prior.n_parameters), prior, DECODERS[decoder]()), std=0.1).train()
    counts = documents()
    x = sparse_rows(counts) if hasattr(model.decoder, "topics") else counts.clamp_max(1.0)
    optimiser = torch.optim.Adam(model.parameters(), 0.02)
    bounds = []
    for seed in range(15):
        bound, norm = update(model, x, OBJECTIVES[objective](4), optimiser, generator(seed))
        assert math.isfinite(bound)
        assert 0 < norm < math.inf
        bounds.append(bound)
    if "free_bits" not in objective and list(model.decoder.parameters()):
        assert sum(bounds[-5:]) > sum(bounds[:5])
