import pytest
import torch

from neuraltopic.images.batches import ImageBatches
from neuraltopic.images.binarisation import binarise, intensities

LEVELS = torch.tensor([0, 1, 64, 128, 254, 255], dtype=torch.uint8)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_uint8_is_over_255_and_real_numbers_are_as_they_are():
    assert intensities(torch.tensor([0, 51, 255], dtype=torch.uint8)).tolist() == pytest.approx([0.0, 0.2, 1.0])
    levels = torch.tensor([-1.5, 0.25])
    assert intensities(levels).tolist() == [-1.5, 0.25]
    assert levels.tolist() == [-1.5, 0.25]


@pytest.mark.parametrize("levels", [LEVELS, LEVELS / 255.0])
def test_a_pixel_is_white_as_often_as_it_is_light(levels):
    n = 40_000
    pixels = binarise(levels.expand(n, -1), generator())
    assert pixels.dtype == torch.float32
    assert set(pixels.unique().tolist()) == {0.0, 1.0}
    mean, expected = pixels.mean(0), intensities(levels)
    # Black and white are certain; in between four standard errors.
    assert mean[0] == 0.0
    assert mean[-1] == 1.0
    assert ((mean - expected).abs() <= 4 * (expected * (1 - expected) / n).sqrt() + 1e-9).all()


def test_black_and_white_stays():
    pixels = torch.tensor([0.0, 1.0, 1.0, 0.0]).expand(100, 4)
    assert torch.equal(binarise(pixels, generator()), pixels)


def test_batches_are_the_rows_asked_for():
    levels = torch.arange(12, dtype=torch.uint8).reshape(4, 3)
    data = ImageBatches(levels, torch.tensor([3, 1]).numpy())
    assert len(data) == 2
    assert torch.equal(data.batch(torch.tensor([1, 0, 1]), generator()), levels[[1, 3, 1]] / 255.0)


def test_dynamic_batches_are_drawn_by_the_generator_anew_each_time():
    levels = torch.full((2, 500), 128, dtype=torch.uint8)
    data, rows = ImageBatches(levels, dynamic=True), torch.tensor([0, 1])
    noise = generator(3)
    first, second = data.batch(rows, noise), data.batch(rows, noise)
    assert not torch.equal(first, second)
    assert torch.equal(first, data.batch(rows, generator(3)))
    assert first.mean() == pytest.approx(128 / 255, abs=0.1)
