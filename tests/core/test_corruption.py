"""Corruption: how much of it there is, that it leaves its input alone, and that sparse and dense agree."""

import pytest
import torch

from neuraltopic.core.corruption import GaussianNoise, MaskingNoise
from neuraltopic.core.networks import SparseRows
from tests.parts import V, documents, generator, sparse_rows

CORRUPTIONS = [GaussianNoise(0.7), MaskingNoise(0.3)]


def test_gaussian_noise_has_mean_0_and_its_variance():
    x = torch.linspace(-1, 1, 400_000, dtype=torch.float64).reshape(1000, 400)
    noise = GaussianNoise(0.7)(x, generator()) - x
    assert noise.mean().item() == pytest.approx(0.0, abs=5 * 0.7 / 400_000**0.5)
    assert noise.var().item() == pytest.approx(0.49, rel=5 * (2 / 400_000) ** 0.5)
    assert torch.corrcoef(torch.stack([noise.flatten(), x.flatten()]))[0, 1].abs() < 5 / 400_000**0.5


def test_masking_noise_zeroes_its_fraction_and_leaves_the_rest_as_it_was():
    x = 1.0 + torch.rand(1000, 400, generator=generator(1), dtype=torch.float64)
    seen = MaskingNoise(0.3)(x, generator())
    masked = seen == 0
    assert masked.double().mean().item() == pytest.approx(0.3, abs=5 * (0.21 / 400_000) ** 0.5)
    assert torch.equal(seen[~masked], x[~masked])
    # Each input by itself: neither whole rows nor whole columns.
    assert masked.double().mean(0).sub(0.3).abs().max() < 5 * (0.21 / 1000) ** 0.5
    assert masked.double().mean(1).sub(0.3).abs().max() < 5 * (0.21 / 400) ** 0.5


def test_masking_sparse_rows_is_masking_their_non_zeros():
    x = sparse_rows(torch.ones(500, 200, dtype=torch.float64))
    seen = MaskingNoise(0.3)(x, generator())
    assert isinstance(seen, SparseRows)
    assert seen.values.count_nonzero().item() / 100_000 == pytest.approx(0.7, abs=5 * (0.21 / 100_000) ** 0.5)
    torch.testing.assert_close(seen.dense(), MaskingNoise(0.3)(x.values, generator()).view(500, 200))
    rows = sparse_rows(documents(40))
    kept = MaskingNoise(0.3)(rows, generator()).values
    assert torch.equal(kept[kept != 0], rows.values[kept != 0])


def test_a_row_may_lose_everything():
    none = MaskingNoise(1.0)(sparse_rows(documents(4)), generator())
    assert not none.dense().any()
    assert none.dense().shape == (4, V)


def test_gaussian_noise_on_sparse_rows_is_that_on_dense_ones():
    dense = documents()
    torch.testing.assert_close(
        GaussianNoise(0.5)(sparse_rows(dense), generator()), GaussianNoise(0.5)(dense, generator())
    )


@pytest.mark.parametrize("corruption", CORRUPTIONS, ids=repr)
@pytest.mark.parametrize("form", [torch.clone, sparse_rows], ids=["dense", "sparse"])
def test_x_is_left_alone_and_the_noise_is_the_generators(corruption, form):
    x = form(documents(20))

    def dense(rows):
        return rows.dense() if isinstance(rows, SparseRows) else rows

    seen, again, other = (dense(corruption(x, generator(seed))) for seed in (0, 0, 1))
    assert torch.equal(dense(x), documents(20))
    assert torch.equal(seen, again)
    assert not torch.equal(seen, other)
