"""ImageVAE: scikit-learn's contract, bounds against brute force, bits, and what is refused."""

import math

import numpy as np
import pytest
import torch
from sklearn.utils.estimator_checks import parametrize_with_checks

from neuraltopic import ImageVAE, NeuralTopicError, UsageError
from neuraltopic.core.training import Trainer
from neuraltopic.evaluate.images import evaluate_images
from tests.images.digits import SIDE, crosses_and_rings
from tests.scikit_learn import may_fail

pytestmark = pytest.mark.usefixtures("one_thread")

FAST = {"hidden": (8,), "max_epochs": 2, "batch_size": 16, "device": "cpu", "random_state": 0}


@pytest.fixture(scope="module")
def images():
    return crosses_and_rings()[0]


@pytest.fixture(scope="module")
def fitted(images):
    return ImageVAE(3, **FAST).fit(images)


# The checks draw features of any sign, which a Bernoulli likelihood cannot take; a Gaussian one takes them all.
@parametrize_with_checks(
    [ImageVAE(2, likelihood="gaussian", **FAST), ImageVAE(2, n_above=1, likelihood="gaussian", **FAST)],
    expected_failed_checks=may_fail,
)
def test_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    "options",
    [{}, {"n_above": 2}, {"likelihood": "gaussian"}, {"objective": "iwae", "n_samples": 3}, {"model": "gan"}],
)
def test_shapes(images, options):
    model = ImageVAE(3, **FAST | options).fit(images)
    n_numbers = 3 + options.get("n_above", 0)
    codes = model.transform(images)
    assert (codes.shape, codes.dtype) == ((40, n_numbers), np.float32)
    assert model.get_feature_names_out().tolist() == [f"imagevae{n}" for n in range(n_numbers)]
    assert model.inverse_transform(codes).shape == images.shape
    assert model.sample(5, random_state=0).shape == (5, SIDE, SIDE)
    mean, variance = model.posterior(images)
    np.testing.assert_array_equal(mean, codes)
    assert (variance > 0).all()
    assert model.score(images) == pytest.approx(model.bound(images).mean())
    assert [entry["epoch"] for entry in model.history_] == [1, 2]


def test_uint8_is_grey_levels_and_bool_is_black_and_white(fitted, images):
    np.testing.assert_array_equal(fitted.transform(images), fitted.transform(images / 255.0))
    white = images > 127
    np.testing.assert_array_equal(fitted.transform(white), fitted.transform(white * np.uint8(255)))
    flat = images.reshape(len(images), -1)
    np.testing.assert_array_equal(fitted.transform(flat), fitted.transform(images))


@pytest.mark.parametrize("options", [{}, {"n_above": 2}, {"likelihood": "gaussian"}])
def test_a_code_depends_on_its_image_alone(images, monkeypatch, options):
    model = ImageVAE(3, **FAST | options).fit(images)
    codes = model.transform(images)
    order = np.random.default_rng(0).permutation(len(images))
    alone = np.concatenate([model.transform(images[[n]]) for n in range(len(images))])
    monkeypatch.setattr("neuraltopic.estimators.image_vae._AT_ONCE", 7)
    for found, expected in ((alone, codes), (model.transform(images[order]), codes[order])):
        # In float32, sums of 36 pixels, whose products are of order 1.
        np.testing.assert_allclose(found, expected, rtol=0, atol=36 * np.finfo(np.float32).eps)


def test_the_same_seed_gives_the_same_bits_and_another_others(fitted, images):
    again = ImageVAE(3, **FAST).fit(images)
    np.testing.assert_array_equal(again.transform(images), fitted.transform(images))
    other = ImageVAE(3, **FAST | {"random_state": 1}).fit(images)
    assert not np.array_equal(other.transform(images), fitted.transform(images))


@pytest.mark.parametrize("binarisation", ["dynamic", "fixed", "none"])
def test_what_the_network_is_trained_on(images, monkeypatch, binarisation):
    seen = []
    run_epoch = Trainer.run_epoch

    def watched(trainer):
        rows = torch.arange(len(trainer.data))
        seen.append(trainer.data.batch(rows, torch.Generator().manual_seed(len(seen))))
        run_epoch(trainer)

    monkeypatch.setattr(Trainer, "run_epoch", watched)
    ImageVAE(3, **FAST | {"binarisation": binarisation, "validation_fraction": 0.0}).fit(images)
    first, second = seen
    levels = torch.from_numpy(images.reshape(40, -1) / 255.0).float()
    assert torch.equal(first, second) == (binarisation != "dynamic")
    if binarisation == "none":
        torch.testing.assert_close(first, levels)
    else:
        assert set(first.unique().tolist()) == {0.0, 1.0}
        # 1,440 pixels, each with a variance of a quarter at most.
        assert abs(float((first - levels).mean())) < 4 * 0.5 / math.sqrt(levels.numel())


def test_the_fit_starts_at_the_mean_image(images):
    """Before training, and at any z, the decoder puts out nearly the mean; the encoder sees what differs from it."""
    means = []

    def look(model, epoch):
        means.append(model.inverse_transform(np.zeros((1, 3))))

    model = ImageVAE(3, **FAST | {"learning_rate": 1e-12, "validation_fraction": 0.0, "binarisation": "none"})
    model.fit(images, after_epoch=look)
    expected = (images / 255.0).mean(0).clip(1e-3, 1 - 1e-3)
    np.testing.assert_allclose(means[0][0], expected, atol=1e-4)
    grey = torch.from_numpy((images / 255.0).mean(0, keepdims=True).reshape(1, -1)).float()
    encoder = model.vae_.encoder
    torch.testing.assert_close(encoder.input(grey), torch.zeros(1, 8), atol=1e-5, rtol=0)


def log_weights(model, x, n_samples, generator):
    """log p(x | z) + log p(z) - log q(z | x), spelled out by torch.distributions, (S, B)."""
    with torch.no_grad():
        mean, log_variance = model.vae_.encoder(x).chunk(2, dim=-1)
        q = torch.distributions.Normal(mean, torch.exp(0.5 * log_variance))
        noise = torch.randn((n_samples, *mean.shape), generator=generator)
        z = mean + torch.exp(0.5 * log_variance) * noise
        p = torch.distributions.Bernoulli(logits=model.vae_.decoder.network(z))
        prior = torch.distributions.Normal(0.0, 1.0).log_prob(z)
        return p.log_prob(x).sum(-1) + prior.sum(-1) - q.log_prob(z).sum(-1)


def test_bound_and_evaluation_against_brute_force(fitted, images):
    x = torch.from_numpy(fitted.observe(images))
    assert set(x.unique().tolist()) == {0.0, 1.0}
    many = log_weights(fitted, x, 20_000, torch.Generator().manual_seed(5)).double()
    expected = torch.logsumexp(many, 0) - math.log(len(many))
    result = evaluate_images(fitted, images, n_samples=5000)
    bound = fitted.bound(images, n_samples=5000, importance_weighted=True)
    # Both are noisy where one draw weighs much, and lie below log p(x).
    np.testing.assert_allclose(bound, expected, atol=0.3)
    assert bound.mean() == pytest.approx(float(expected.mean()), abs=0.02)
    assert result.nll == pytest.approx(-bound.mean())
    assert result.nll_standard_error == pytest.approx(bound.std(ddof=1) / math.sqrt(40))
    assert result.elbo == pytest.approx(float(many.mean()), abs=0.1)
    with torch.no_grad():
        mean, log_variance = fitted.vae_.encoder(x).chunk(2, dim=-1)
    q = torch.distributions.Normal(mean, torch.exp(0.5 * log_variance))
    kl = torch.distributions.kl_divergence(q, torch.distributions.Normal(0.0, 1.0)).sum(-1)
    assert result.kl == pytest.approx(float(kl.mean()), rel=1e-4)
    assert result.active_units == int((mean.var(0, correction=0) > 0.01).sum())
    assert (result.n_images, result.n_samples, result.n_components) == (40, 5000, 3)


def test_evaluation_of_two_layers_and_of_one_image(images):
    model = ImageVAE(3, n_above=2, **FAST).fit(images)
    result = evaluate_images(model, images, n_samples=200)
    # Without a closed form the KL is estimated; the bounds are in their order.
    assert result.kl > 0
    assert -result.nll >= result.elbo - 0.2
    assert result.n_components == 5
    assert evaluate_images(model, images[:1], n_samples=2).nll_standard_error is None


def test_grey_levels_are_observed_as_they_are(images):
    model = ImageVAE(3, **FAST | {"likelihood": "gaussian"}).fit(images)
    np.testing.assert_allclose(model.observe(images), images.reshape(40, -1) / 255.0, rtol=1e-6)


def test_bounds_and_samples_are_of_their_seed(fitted, images):
    np.testing.assert_array_equal(fitted.bound(images), fitted.bound(images))
    assert not np.array_equal(fitted.bound(images), fitted.bound(images, random_state=1))
    np.testing.assert_array_equal(fitted.sample(3, random_state=2), fitted.sample(3, random_state=2))
    told = []
    fitted.bound(images, n_samples=1, progress=lambda *said: told.append(said))
    assert told == [("bounding", 40, 40)]


def test_samples_are_decoded_draws_of_the_prior(fitted):
    z = fitted.vae_.latent.sample_prior(4, torch.Generator().manual_seed(7))[:, 0]
    # Probabilities, whose logits are a bias and 8 products of order 1 in float32.
    tolerance = 8 * np.finfo(np.float32).eps
    np.testing.assert_allclose(
        fitted.sample(4, random_state=7), fitted.inverse_transform(z.numpy()), rtol=0, atol=tolerance
    )


def test_a_longer_fit_tells_crosses_from_rings():
    images, labels = crosses_and_rings(200)
    model = ImageVAE(2, hidden=(16,), batch_size=20, device="cpu", random_state=0).fit(images)
    rebuilt = model.inverse_transform(model.transform(images))
    means = [(images[labels == label] / 255.0).mean(0) for label in (0, 1)]
    for label, mean in enumerate(means):
        np.testing.assert_allclose(rebuilt[labels == label].mean(0), mean, atol=0.15)
    assert model.n_iter_ <= 200  # as many epochs as make 2,000 updates of 10 batches
    assert model.history_[-1]["held_out_bound"] > model.history_[0]["held_out_bound"]


@pytest.mark.parametrize("kind", ["vae", "gan"])
def test_a_stopped_fit_goes_on_to_the_same_bits(images, tmp_path, kind):
    path, options = tmp_path / "state.safetensors", FAST | {"max_epochs": 4, "model": kind}
    whole = ImageVAE(3, **options).fit(images)
    codes = {}

    def stop(model, epoch):
        codes[epoch] = model.transform(images)
        if epoch == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ImageVAE(3, **options).fit(images, checkpoint=path, after_epoch=stop)
    third = codes.pop(3)
    resumed = ImageVAE(3, **options)
    resumed.fit(images, checkpoint=path, after_epoch=lambda m, epoch: codes.update({epoch: m.transform(images)}))
    assert sorted(codes) == [1, 2, 3, 4]
    np.testing.assert_array_equal(codes[3], third)
    np.testing.assert_array_equal(resumed.transform(images), whole.transform(images))
    assert resumed.history_ == whole.history_
    with pytest.raises(NeuralTopicError, match="the checkpoint of this fit"):
        ImageVAE(3, **options).fit(255 - images, checkpoint=path)


@pytest.mark.parametrize(
    "options", [{}, {"n_above": 2}, {"likelihood": "gaussian", "hidden": [np.int64(8), 4]}, {"model": "gan"}]
)
def test_a_model_comes_back_to_the_bit(images, tmp_path, options):
    model = ImageVAE(3, **FAST | options).fit(images)
    model.save(tmp_path / "model")
    loaded = ImageVAE.load(tmp_path / "model", device="cpu")
    for method in ("transform", "bound", "observe"):
        np.testing.assert_array_equal(getattr(loaded, method)(images), getattr(model, method)(images))
    np.testing.assert_array_equal(loaded.sample(3, random_state=0), model.sample(3, random_state=0))
    assert loaded.history_ == model.history_
    assert (loaded.image_shape_, loaded.n_images_, loaded.seed_) == ((SIDE, SIDE), 40, 0)
    with pytest.raises(UsageError, match="a path that does not exist yet"):
        model.save(tmp_path / "model")
    model.save(tmp_path / "model", force=True)


def test_a_folder_that_was_changed_is_refused(fitted, tmp_path):
    import json

    from neuraltopic.storage.formats import IMAGE_MODEL_KIND
    from neuraltopic.storage.manifest import MANIFEST, write_manifest

    def refused(change):
        folder = tmp_path / "model"
        fitted.save(folder, force=True)
        config = json.loads((folder / "config.json").read_text())
        change(config, folder)
        (folder / "config.json").write_text(json.dumps(config))
        (folder / MANIFEST).unlink()
        write_manifest(folder, kind=IMAGE_MODEL_KIND, schema_version=1, extra={})
        with pytest.raises(NeuralTopicError) as raised:
            ImageVAE.load(folder)
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
        return str(raised.value)

    assert "exactly the" not in refused(lambda config, folder: config["parameters"].update(n_components=4))
    assert "image_shape" in refused(lambda config, folder: config.update(image_shape=[6, 0]))
    assert "image_shape" in refused(lambda config, folder: config.update(image_shape=[]))
    assert "input.weight" in refused(lambda config, folder: config.update(image_shape=[6, 7]))
    assert "n_images above 1" in refused(lambda config, folder: config.update(n_images=1))
    assert "hidden" in refused(lambda config, folder: config["parameters"].update(hidden=[]))
    assert "the parameters" in refused(lambda config, folder: config["parameters"].pop("hidden"))
    assert "history" in refused(lambda config, folder: config.update(history=[1]))
    assert "the files config.json" in refused(lambda config, folder: (folder / "more.txt").touch())
    fitted.save(tmp_path / "model")
    (tmp_path / "model" / "weights.safetensors").write_bytes(b"0" * 80)
    with pytest.raises(NeuralTopicError, match=r"weights\.safetensors"):
        ImageVAE.load(tmp_path / "model")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_components", 0),
        ("n_above", 0),
        ("hidden", ()),
        ("hidden", 200),
        ("hidden", (200, 0)),
        ("objective", "mle"),
        ("n_samples", 0),
        ("likelihood", "poisson"),
        ("binarisation", "random"),
        ("schedule", "constant"),
        ("max_epochs", 0),
        ("batch_size", -1),
        ("patience", 0),
        ("learning_rate", math.nan),
        ("validation_fraction", 1.0),
        ("device", "abacus"),
        ("random_state", "x"),
    ],
)
def test_parameters_out_of_range(images, name, value):
    with pytest.raises(UsageError) as raised:
        ImageVAE(**FAST | {name: value}).fit(images)
    assert str(raised.value).startswith(f"{name}: expected ")


def test_a_gaussian_likelihood_is_of_grey_levels(images):
    with pytest.raises(UsageError, match="binarisation: expected none for a Gaussian likelihood"):
        ImageVAE(3, **FAST | {"likelihood": "gaussian", "binarisation": "fixed"}).fit(images)


def test_pixels_that_cannot_be_used(fitted, images):
    for X, said in {
        "above": (
            images * 1.0,
            "pixels: expected values from 0 to 1, or grey levels to 255 as uint8; got values from 0",
        ),
        "ones": (images // 200, "got none above 1"),
    }.values():
        with pytest.raises(NeuralTopicError) as raised:
            ImageVAE(3, **FAST).fit(X)
        assert said in str(raised.value)
    with pytest.raises(NeuralTopicError, match="codes: expected 3 columns; got 2"):
        fitted.inverse_transform(np.zeros((1, 2)))
    for call in (lambda: fitted.sample(0), lambda: fitted.bound(images, n_samples=0)):
        with pytest.raises(UsageError):
            call()


def test_training_that_leaves_the_finite(images):
    model = ImageVAE(3, **FAST | {"learning_rate": 1e30, "likelihood": "gaussian", "max_epochs": 20})
    with pytest.raises(NeuralTopicError, match=r"Lower the learning rate below 1e\+30"):
        model.fit(images)


def test_the_published_schedule():
    schedule = ImageVAE(schedule="burda").resolved_schedule(60_000)
    assert (schedule.max_epochs, schedule.batch_size, schedule.learning_rate, schedule.epsilon) == (
        3280,
        20,
        1e-3,
        1e-4,
    )
    assert schedule.rate(0.5 / 3280) == 1.0
    assert schedule.rate(3279 / 3280) == pytest.approx(0.1)
    own = ImageVAE(max_epochs=7, batch_size=30, learning_rate=0.1, patience=2).resolved_schedule(60_000)
    assert (own.max_epochs, own.batch_size, own.learning_rate, own.patience) == (7, 30, 0.1, 2)
    assert ImageVAE().resolved_schedule(60_000).max_epochs == 100
    assert ImageVAE().resolved_schedule(1_000).max_epochs == 200
