"""What the notebooks share: how long they run, how their figures look, where the digits come from.

NEURALTOPIC_NOTEBOOK_SMALL=1 in the environment makes every notebook take seconds instead of minutes: fewer rows, fewer
epochs, the same story. That is how the tests run them. The outputs that are kept here are those of the full settings.
"""

import os
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from neuraltopic.corpora.sources import data_file
from neuraltopic.images.readers import read_images
from neuraltopic.storage.pictures import STYLE

SMALL = os.environ.get("NEURALTOPIC_NOTEBOOK_SMALL", "0") not in ("", "0")
# The bundled digits come without a split; their last writers wrote none of the first.
_BUNDLED_TRAIN = 1_500

# Enough dots for a screen and for a page, in a file that a repository can hold.
plt.rcParams.update(STYLE | {"figure.dpi": 130, "legend.frameon": False})


def choose(full: Any, small: Any) -> Any:
    """The first at full settings, the second at small ones."""
    return small if SMALL else full


def digits(part: str, n_images: int) -> tuple[NDArray[np.float32], list[str]]:
    """The first images of a part, "train" or "test", in [0, 1] and (N, H, W), and the digit that each shows.

    They are MNIST's, where neuraltopic finds `mnist.npz` (in the folder that NEURALTOPIC_DATA names), else the 8 x 8
    ones that scikit-learn carries. There may be fewer than were asked for.
    """
    file = data_file("mnist.npz")
    if file:
        images = read_images(file, part=part)
        pixels, labels = images.pixels / np.float32(255), images.labels or ()
    else:
        bundled = load_digits()
        rows = slice(_BUNDLED_TRAIN) if part == "train" else slice(_BUNDLED_TRAIN, None)
        pixels, labels = (bundled.images[rows] / 16).astype(np.float32), tuple(map(str, bundled.target[rows]))
    return pixels[:n_images], list(labels[:n_images])
