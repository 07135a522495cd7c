"""The labels that samples have: of a model that draws both kinds, of one that has lost one, and by hand."""

import math

import numpy as np
import pytest

from neuraltopic import ImageVAE, NeuralTopicError, UsageError
from neuraltopic.evaluate.label_coverage import kl_of_histograms, label_coverage
from tests.images.digits import crosses_and_rings

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def labelled():
    images, labels = crosses_and_rings(200)
    return images, labels.astype(str).tolist()


@pytest.fixture(scope="module")
def gan(labelled):
    model = ImageVAE(4, model="gan", hidden=(32,), max_epochs=100, batch_size=40, device="cpu", random_state=0)
    return model.fit(labelled[0])


def test_a_gan_draws_both_kinds_each_like_its_own(gan, labelled):
    found = label_coverage(gan, labelled, labelled, n_images=500)
    assert (found.labels, found.n_covered, found.accuracy) == (["0", "1"], 2, 1.0)
    assert found.training_shares == [0.5, 0.5]
    assert sum(found.shares) == pytest.approx(1.0)
    assert found.kl < 0.05
    assert found.confidence > 0.9
    images, samples = labelled[0] / 255.0, gan.sample(200, random_state=0)
    for kind in (0, 1):
        mean = images[np.array(labelled[1]) == str(kind)].mean(0)
        nearest = np.abs(samples - mean).mean((1, 2)) < np.abs(samples - (images.mean(0) * 2 - mean)).mean((1, 2))
        np.testing.assert_allclose(samples[nearest].mean(0), mean, atol=0.2)


def test_a_model_that_draws_one_kind_covers_one_label(gan, labelled, monkeypatch):
    """KL of all on one label from two halves: log 2."""
    monkeypatch.setattr(gan, "sample", lambda n, random_state: np.repeat(labelled[0][:1] / 255.0, n, 0))
    found = label_coverage(gan, labelled, labelled, n_images=30)
    assert (found.n_covered, found.shares) == (1, [1.0, 0.0])
    assert found.kl == pytest.approx(math.log(2))


def test_the_divergence_of_histograms():
    p, q = np.array([0.5, 0.5, 0.0]), np.array([0.25, 0.25, 0.5])
    assert kl_of_histograms(p, q) == pytest.approx(math.log(2))
    assert kl_of_histograms(q, q) == 0.0


def test_one_label_is_refused(gan, labelled):
    with pytest.raises(NeuralTopicError, match="labels: expected two or more; got 1"):
        label_coverage(gan, (labelled[0], ["a"] * 200), labelled)


def test_what_a_gan_has_not_is_refused():
    for wrong in ({"n_above": 2}, {"likelihood": "gaussian"}):
        with pytest.raises(UsageError, match="model=gan: expected one stochastic layer and Bernoulli pixels"):
            ImageVAE(2, model="gan", **wrong).check_parameters()
    with pytest.raises(UsageError, match="model: expected one of vae, rbm, gan; got 'flow'"):
        ImageVAE(2, model="flow").check_parameters()
