"""Refinement on the simplex: against the maximum of its objective, and one row at a time."""

import pytest
import torch

from neuraltopic.core.latents import refined_logistic_normal
from neuraltopic.core.latents.logistic_normal import LogisticNormal
from neuraltopic.core.latents.refined_logistic_normal import RefinedLogisticNormal, _gradient_in_z, _Hessian, _solved
from neuraltopic.models.decoders.simplex_energy_softmax import SimplexEnergySoftmax
from tests.parts import K, V, documents, generator, randomise, sparse_rows


@pytest.fixture
def decoder():
    return randomise(SimplexEnergySoftmax(K, V), std=1.0)


@pytest.fixture(params=[(0.0, 1.0), (2.0, 1.0), (2.0, 0.6)])
def latent(request):
    """With a prior mean where it starts, and elsewhere; of shares, and of a power of them."""
    mean, power = request.param
    latent = RefinedLogisticNormal(K, concentration=0.5, power=power).double().eval()
    with torch.no_grad():
        latent.prior_mean.copy_(mean * torch.linspace(-1, 1, K))
    return latent


@pytest.fixture
def parameters():
    return torch.randn(5, 2 * K, generator=generator(4), dtype=torch.float64)


class NoCurvature:
    def diagonal(self):
        return torch.zeros((), dtype=torch.float64)

    def times(self, vectors):
        return torch.zeros_like(vectors)


class Rows:
    """A likelihood that is the same for all rows."""

    def __getitem__(self, rows):
        return self


def objective(latent, decoder, counts, z, start):
    """log p(x | softmax(z)^a) + log p(z) - |z - mu|^2 / (2 tau^2) with tau = 1, (B,)."""
    likelihood = decoder.log_likelihood(latent.transform(z)[None], sparse_rows(counts))[0]
    return likelihood + latent.log_prior(z[None])[0] - (z - start).square().sum(-1) / 2.0


def maximum(latent, decoder, counts, start):
    z = start.clone().requires_grad_()
    optimiser = torch.optim.LBFGS([z], max_iter=500, tolerance_grad=1e-12, line_search_fn="strong_wolfe")

    def closure():
        optimiser.zero_grad()
        loss = -objective(latent, decoder, counts, z, start).sum()
        loss.backward()
        return loss

    optimiser.step(closure)
    return z.detach()


def test_three_steps_come_near_the_maximum_of_the_objective(latent, decoder, parameters):
    counts, start = 3.0 * documents(), parameters[:, :K]
    found = latent.posterior(parameters, sparse_rows(counts), decoder).mean
    best = maximum(latent, decoder, counts, start)
    at_start, at_found, at_best = (objective(latent, decoder, counts, z, start).detach() for z in (start, found, best))
    assert (at_found <= at_best + 1e-9).all()
    assert (at_best - at_start)[2:].min() > 0.2, "there is something to gain"
    assert ((at_best - at_found) <= 0.15 * (at_best - at_start)).all()


@pytest.mark.parametrize("power", [1.0, 0.6])
def test_gradient_in_z_is_the_chain_rule(power):
    """J^T g with the Jacobian of softmax(z)^a by automatic differentiation."""
    z, gradient = torch.randn(2, 4, K, generator=generator(2), dtype=torch.float64)
    transform = LogisticNormal(K, power=power).transform
    jacobian = torch.stack([torch.autograd.functional.jacobian(transform, row) for row in z])
    found = _gradient_in_z(torch.softmax(z, -1), transform(z), gradient, power)
    torch.testing.assert_close(found, (jacobian.mT @ gradient[..., None])[..., 0])


def test_the_variance_is_the_encoders_and_training_takes_no_step(latent, decoder, parameters):
    x = sparse_rows(documents())
    plain = LogisticNormal(K, concentration=0.5).double().posterior(parameters, x, decoder)
    refined = latent.posterior(parameters, x, decoder)
    torch.testing.assert_close(refined.log_variance, plain.log_variance, rtol=0, atol=0)
    assert not torch.allclose(refined.mean, plain.mean)
    assert torch.equal(latent.train().posterior(parameters, x, decoder).mean, plain.mean)


def test_a_row_alone_is_what_it_is_in_a_batch_to_the_last_bit(latent, decoder, parameters):
    """In float32: a tile has one shape whatever rows it holds."""
    latent, decoder, parameters = latent.float(), decoder.float(), parameters.float()
    counts = documents().float()
    whole = latent.posterior(parameters, sparse_rows(counts), decoder).mean
    alone = [latent.posterior(parameters[[d]], sparse_rows(counts[[d]]), decoder).mean for d in range(len(counts))]
    assert torch.equal(torch.cat(alone), whole)


@pytest.mark.parametrize(("large", "usual", "small"), [(8, 2, 1), (4, 2, 1), (2, 2, 2), (5, 3, 1), (8, 8, 2)])
def test_rows_in_tiles_are_what_they_are_together(latent, decoder, parameters, monkeypatch, large, usual, small):
    """Five rows in large tiles, then in usual ones, the last with itself."""
    x = sparse_rows(documents())
    whole = latent.posterior(parameters, x, decoder).mean
    for name, size in (("_LARGE_TILE", large), ("_TILE", usual), ("_SMALL_TILE", small)):
        monkeypatch.setattr(refined_logistic_normal, name, size)
    torch.testing.assert_close(latent.posterior(parameters, x, decoder).mean, whole, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("power", [1.0, 0.6])
def test_conjugate_gradients_solve_for_the_step(decoder, power):
    """Against a solution by the matrix, J^T C J + D with J by automatic differentiation."""
    z = torch.randn(5, K, generator=generator(2), dtype=torch.float64)
    gradient = torch.randn(5, K, generator=generator(3), dtype=torch.float64)
    precision = torch.linspace(0.1, 2.0, K, dtype=torch.float64)
    transform = LogisticNormal(K, power=power).transform
    likelihood = decoder.share_likelihood_of(sparse_rows(documents()))
    theta, seen = torch.softmax(z, -1), transform(z)
    hessian = _Hessian(theta, seen, likelihood, power, precision)
    unit = torch.eye(K, dtype=torch.float64)
    curvature = torch.stack([likelihood.curvature(theta).times(row.expand_as(z)) for row in unit], -1)
    jacobian = torch.stack([torch.autograd.functional.jacobian(transform, row) for row in z])
    matrix = jacobian.mT @ curvature @ jacobian + torch.diag(precision + 1.0)
    torch.testing.assert_close(hessian.times(gradient), (matrix @ gradient[..., None])[..., 0])
    torch.testing.assert_close(_solved(hessian, gradient), torch.linalg.solve(matrix, gradient[..., None])[..., 0])


def test_no_rows_are_no_rows(latent, decoder, parameters):
    assert latent.posterior(parameters[:0], sparse_rows(documents()[:0]), decoder).mean.shape == (0, K)


def test_a_step_that_would_fall_is_not_taken(latent, parameters):
    """A curvature that is far too small sends the step far beyond the maximum."""

    class Flat(Rows):
        def value(self, theta):
            return -1e3 * (theta - 0.3).square().sum(-1)

        def value_and_gradient(self, theta):
            return self.value(theta), -2e3 * (theta - 0.3)

        def curvature(self, theta):
            return NoCurvature()

    class Decoder:
        def share_likelihood_of(self, x):
            return Flat()

    start = parameters[:, :K]

    def reached(z):
        return Flat().value(latent.transform(z)) + latent.log_prior(z[None])[0] - (z - start).square().sum(-1) / 2.0

    found = latent.posterior(parameters, None, Decoder()).mean
    assert (reached(found) >= reached(start)).all()
    assert (reached(found) > reached(start)).any(), "a shorter one is taken"
    # A first step of 3 that is not taken leaves a quarter and a sixteenth of it.
    assert (found - start).abs().max() <= 9.0


def test_the_last_step_is_not_taken_where_it_would_fall(parameters):
    """A gradient that is the wrong way round makes every step a fall, the shortest too."""
    latent = RefinedLogisticNormal(K, concentration=0.5).double().eval()

    class Misled(Rows):
        def value(self, theta):
            return -1e3 * theta[:, 0]

        def value_and_gradient(self, theta):
            gradient = torch.zeros_like(theta)
            gradient[:, 0] = 1e3
            return self.value(theta), gradient

        def curvature(self, theta):
            return NoCurvature()

    class Decoder:
        def share_likelihood_of(self, x):
            return Misled()

    assert torch.equal(latent.posterior(parameters, None, Decoder()).mean, parameters[:, :K])


@pytest.mark.parametrize("scale", [1e-3, 1e6])
def test_rows_of_any_length_stay_finite_in_float32(scale):
    decoder = SimplexEnergySoftmax(K, V)
    with torch.no_grad():
        decoder.weight.copy_(3 * torch.randn(V, K, generator=generator()))
    latent = RefinedLogisticNormal(K, concentration=0.1).eval()
    parameters = 5 * torch.randn(5, 2 * K, generator=generator(1))
    counts = sparse_rows((scale * documents()).float())
    q = latent.posterior(parameters, counts, decoder)
    assert torch.isfinite(q.mean).all()
    assert (decoder.log_likelihood(latent.transform(q.mean)[None], counts) <= 0).all()
