"""Varimax axes: the same model, read from another side."""

import math

import pytest
import torch

from neuraltopic.core.latents.refined_gaussian import RefinedGaussian
from neuraltopic.core.objectives import ImportanceWeighted
from neuraltopic.core.vae import VAE
from neuraltopic.models.alignment import align_axes, varimax
from neuraltopic.models.decoders.energy_softmax import EnergySoftmax
from neuraltopic.models.encoders.sufficient_statistics import SufficientStatisticsEncoder
from tests.parts import H, K, V, documents, generator, randomise, sparse_rows


def criterion(loadings):
    """Kaiser's: the variance of the squared loadings, summed over the columns."""
    return float(loadings.square().var(0, unbiased=False).sum())


def test_varimax_in_two_dimensions_is_the_best_angle():
    loadings = torch.randn(40, 2, generator=generator(), dtype=torch.float64)
    angles = torch.linspace(0, math.pi / 2, 20_001, dtype=torch.float64).tolist()
    turn = [torch.tensor([[math.cos(a), -math.sin(a)], [math.sin(a), math.cos(a)]]).double() for a in angles]
    best = max(criterion(loadings @ Q) for Q in turn)
    assert criterion(loadings @ varimax(loadings)) == pytest.approx(best, rel=1e-6)


def test_varimax_finds_simple_structure_that_was_rotated_away():
    simple = torch.block_diag(*torch.rand(3, 10, 1, generator=generator(), dtype=torch.float64).add(0.5))
    hidden = torch.linalg.qr(torch.randn(3, 3, generator=generator(1), dtype=torch.float64))[0]
    found = simple @ hidden @ varimax(simple @ hidden)
    assert torch.allclose(found.abs().sort(1).values[:, :2], torch.zeros(30, 2).double(), atol=1e-3)


def test_varimax_is_a_rotation_and_of_zeros_the_identity():
    Q = varimax(torch.randn(30, 4, generator=generator(), dtype=torch.float64))
    torch.testing.assert_close(Q @ Q.T, torch.eye(4, dtype=torch.float64))
    assert torch.isfinite(varimax(torch.zeros(5, 2, dtype=torch.float64))).all()


def test_alignment_changes_the_axes_and_nothing_else():
    model = randomise(VAE(SufficientStatisticsEncoder(K, H), RefinedGaussian(K), EnergySoftmax(K, V))).eval()
    x = sparse_rows(documents(6))
    amortised = model.encoder(x, model.decoder)[:, :K].norm(dim=1)
    before, weight = model.posterior(x), model.decoder.weight.detach().clone()
    evidence = ImportanceWeighted(20_000, at_once=20_000)(model, x, generator()).value
    align_axes(model)
    after = model.posterior(x)
    R, old = model.decoder.weight, weight
    torch.testing.assert_close(R @ R.T, old @ old.T)
    torch.testing.assert_close(after.mean.norm(dim=1), before.mean.norm(dim=1), rtol=1e-7, atol=1e-8)
    torch.testing.assert_close(after.kl(), before.kl(), rtol=1e-2, atol=1e-3)
    torch.testing.assert_close(model.encoder(x, model.decoder)[:, :K].norm(dim=1), amortised)
    again = ImportanceWeighted(20_000, at_once=20_000)(model, x, generator(1)).value
    torch.testing.assert_close(again, evidence, rtol=0, atol=0.05)


def test_axes_are_numbered_by_variance_and_point_to_the_tail():
    model = randomise(VAE(SufficientStatisticsEncoder(K, H), RefinedGaussian(K), EnergySoftmax(K, V)))
    align_axes(model)
    unigram = torch.softmax(model.decoder.bias, 0)
    centred = model.decoder.weight - unigram @ model.decoder.weight
    variance = unigram @ centred.square()
    assert (variance.diff() <= 0).all()
    assert (unigram @ centred**3 >= 0).all()
