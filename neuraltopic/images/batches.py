"""Mini-batches of images, as grey levels or binarised as they are drawn.

Axes: N images, D pixels of each.
"""

import numpy as np
import torch
from torch import Tensor

from neuraltopic.images.binarisation import binarise, intensities


class ImageBatches:
    """The images of `levels` numbered by `rows`, ready to be drawn on `device`.

    Parameters
    ----------
    levels : Tensor of shape (N, D)
        uint8, or real numbers; on the CPU.
    rows : int64 array of shape (n,), optional
        The images that can be drawn, all by default.
    dynamic : bool
        Whether an image is binarised anew, by the generator, each time it is drawn.
    """

    def __init__(
        self,
        levels: Tensor,
        rows: np.ndarray | None = None,
        *,
        dynamic: bool = False,
        device: torch.device | str = "cpu",
    ) -> None:
        self.levels = levels
        self.rows = torch.arange(len(levels)) if rows is None else torch.from_numpy(rows)
        self.dynamic = dynamic
        self.device = torch.device(device)

    def __len__(self) -> int:
        return len(self.rows)

    def batch(self, rows: Tensor, generator: torch.Generator) -> Tensor:
        """The images with these places (int64, on the CPU) in `self.rows`, float32 (B, D)."""
        levels = self.levels[self.rows[rows]]
        return (binarise(levels, generator) if self.dynamic else intensities(levels)).to(self.device)
