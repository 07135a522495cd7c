"""Mode collapse: which labels the samples of a model have, and how evenly.

Samples are labelled by a classifier of the training images (as Metz et al. 2017 count modes of stacked digits).

Axes: N images, D pixels, L labels.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neuraltopic.errors import NeuralTopicError
from neuraltopic.estimators.image_vae import ImageVAE

if TYPE_CHECKING:
    from sklearn.neural_network import MLPClassifier

# A label counts as drawn from this fraction of its share among the training images.
_COVERED = 0.1
# Of the classifier. A small collection needs a minimum of updates, so its number of epochs is larger.
_HIDDEN = 100
_BATCH = 100
_EPOCHS = 20
_LEAST_UPDATES = 500


@dataclass(frozen=True)
class LabelCoverage:
    """Labels of a model's samples.

    Attributes
    ----------
    labels : list of str
    shares, training_shares : list of float
        Of each label among the samples, by the classifier, and among the training images.
    n_covered : int
        Labels whose share among the samples is at least a tenth of that among the training images.
    kl : float
        KL(samples || training images) of the two histograms, nats.
    confidence, test_confidence : float
        Mean probability of the label that the classifier gives to a sample, and to a test image: if it is far lower for
        samples, they resemble no label.
    accuracy : float
        Of the classifier on the test images.
    """

    labels: list[str]
    shares: list[float]
    training_shares: list[float]
    n_covered: int
    kl: float
    confidence: float
    test_confidence: float
    accuracy: float

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self)


def label_coverage(
    model: ImageVAE,
    train: tuple[Any, Sequence[str]],
    test: tuple[Any, Sequence[str]],
    *,
    n_images: int = 10_000,
    random_state: int = 0,
) -> LabelCoverage:
    """Label samples of a fitted model by a perceptron of one hidden layer, trained on labelled images.

    Parameters
    ----------
    model : ImageVAE
    train, test : pair of images and labels
        Images of shape (N, rows, columns) or (N, D), uint8 or from 0 to 1; a label each.
    n_images : int, default 10,000
        Samples drawn.
    random_state : int, default 0
        Seeds the classifier and the samples.

    Raises
    ------
    NeuralTopicError
        When the training images have only one label.
    """
    X, y = _rows(train[0]), np.asarray(train[1])
    labels, counts = np.unique(y, return_counts=True)
    if len(labels) < 2:
        raise NeuralTopicError(
            "labels", expected="two or more", got=f"{len(labels)}", hint="Give training images of several labels"
        )
    classifier = _fitted_classifier(X, y, random_state)
    of_samples = classifier.predict_proba(_rows(model.sample(n_images, random_state=random_state)))
    of_test = classifier.predict_proba(_rows(test[0]))
    shares = np.bincount(of_samples.argmax(1), minlength=len(labels)) / n_images
    training_shares = counts / counts.sum()
    return LabelCoverage(
        labels=[str(label) for label in labels],
        shares=shares.tolist(),
        training_shares=training_shares.tolist(),
        n_covered=int((shares >= _COVERED * training_shares).sum()),
        kl=kl_of_histograms(shares, training_shares),
        confidence=float(of_samples.max(1).mean()),
        test_confidence=float(of_test.max(1).mean()),
        accuracy=float((labels[of_test.argmax(1)] == np.asarray(test[1])).mean()),
    )


def kl_of_histograms(p: NDArray[np.floating], q: NDArray[np.floating]) -> float:
    """KL(p || q) = sum_l p_l log(p_l / q_l) in nats, where 0 log 0 is 0; q is above 0."""
    drawn = p > 0
    return float((p[drawn] * np.log(p[drawn] / q[drawn])).sum())


def _fitted_classifier(X: NDArray[np.float32], y: NDArray[Any], random_state: int) -> "MLPClassifier":
    from sklearn.neural_network import MLPClassifier

    batch = min(_BATCH, len(X))
    classifier = MLPClassifier((_HIDDEN,), batch_size=batch, random_state=random_state)
    # Epoch by epoch: a fit of so many would warn that it may not have converged.
    for _ in range(max(_EPOCHS, math.ceil(_LEAST_UPDATES / math.ceil(len(X) / batch)))):
        classifier.partial_fit(X, y, classes=np.unique(y))
    return classifier


def _rows(images: Any) -> NDArray[np.float32]:
    """Grey levels from 0 to 1, (N, D)."""
    images = np.asarray(images)
    scale = 255.0 if images.dtype == np.uint8 else 1.0
    return images.reshape(len(images), -1).astype(np.float32) / np.float32(scale)
