"""From grey levels to black and white: each pixel is white with a probability equal to its level.

That is how the published figures on MNIST are made: anew at each visit of a training image ("dynamic"), once and for
all on the images to test (Burda, Grosse, Salakhutdinov 2016; Salakhutdinov & Murray 2008).
"""

import torch
from torch import Tensor


def intensities(levels: Tensor) -> Tensor:
    """Grey levels as real numbers, float32: uint8 over 255, real numbers as they are."""
    return levels.float().div_(255.0) if levels.dtype == torch.uint8 else levels.float()


def binarise(levels: Tensor, generator: torch.Generator) -> Tensor:
    """0 or 1 for each pixel, float32, 1 with the probability of its grey level.

    Parameters
    ----------
    levels : Tensor
        uint8, or real numbers in [0, 1]; on the CPU.
    generator : torch.Generator
    """
    if levels.dtype == torch.uint8:
        # A whole number from 0 to 254 is below g with probability g / 255, exactly.
        return (torch.empty_like(levels).random_(255, generator=generator) < levels).float()
    return (torch.rand(levels.shape, generator=generator, dtype=levels.dtype) < levels).float()
