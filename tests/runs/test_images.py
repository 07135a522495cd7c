"""The run folder of images: what is in it, that it goes on to the same bits, and what it costs."""

import json

import numpy as np
import pandas as pd
import pytest

from neuraltopic import ImageVAE, NeuralTopicError, UsageError
from neuraltopic.images.readers import read_images
from neuraltopic.runs.facts import read_run_facts
from neuraltopic.runs.image_forecast import estimate_image_fit, operations
from neuraltopic.runs.images import codes_by_epoch, fit_image_run, open_image_run
from tests.images.digits import write_npz

pytestmark = pytest.mark.usefixtures("one_thread")

FAST = {"hidden": (8,), "max_epochs": 3, "batch_size": 16, "device": "cpu", "random_state": 0}


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return read_images(write_npz(tmp_path_factory.mktemp("data") / "m.npz"))


@pytest.fixture(scope="module")
def run(tmp_path_factory, images):
    folder = tmp_path_factory.mktemp("runs") / "run"
    return fit_image_run(ImageVAE(2, **FAST), images, folder, epochs_kept=[2, 1, 2], command=["neuraltopic"])


def test_what_the_folder_holds(run, images):
    assert sorted(path.name for path in run.folder.iterdir()) == [
        "codes.npy", "codes.parquet", "epochs.parquet", "model", "run.json", "training.jsonl",
    ]  # fmt: skip
    codes = np.load(run.folder / "codes.npy")
    np.testing.assert_array_equal(codes, run.model.transform(images.pixels))
    table = pd.read_parquet(run.folder / "codes.parquet")
    assert tuple(table["label"]) == images.labels
    assert tuple(table["id"]) == images.ids
    np.testing.assert_array_equal(np.stack(table["vector"]), codes)
    facts = json.loads((run.folder / "run.json").read_text())
    assert facts == run.facts
    assert facts["sizes"] == {"images": 32, "pixels": 36, "labels": 2}
    assert facts["data"]["sha256"] == images.sha256()
    assert facts["epochs_kept"] == [1, 2]
    lines = (run.folder / "training.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == run.model.history_


def test_the_codes_kept(run, images):
    codes, labels = codes_by_epoch(run.folder)
    best = run.facts["best"]["epoch"]
    assert list(codes) == sorted({1, 2, best})
    np.testing.assert_array_equal(codes[best], run.model.transform(images.pixels))
    assert tuple(labels) == images.labels
    assert not np.array_equal(codes[1], codes[2])


def test_it_opens_and_is_described(run, images):
    model = open_image_run(run.folder, device="cpu")
    np.testing.assert_array_equal(model.transform(images.pixels), np.load(run.folder / "codes.npy"))
    facts = read_run_facts(run.folder, verify=True)
    assert (facts["of"], facts["kind"], facts["model"]["images"], facts["model"]["dimensions"]) == (
        "images",
        "run",
        32,
        2,
    )
    model_facts = read_run_facts(run.folder / "model")
    assert (model_facts["of"], model_facts["kind"], model_facts["run"]) == ("images", "model", None)
    assert model_facts["model"]["image_shape"] == [6, 6]


def test_unlabelled_images(tmp_path, images):
    np.save(tmp_path / "m.npy", images.pixels)
    run = fit_image_run(ImageVAE(3, **FAST), read_images(tmp_path / "m.npy"), tmp_path / "run")
    assert list(pd.read_parquet(run.folder / "codes.parquet")) == ["id", "vector"]
    codes, labels = codes_by_epoch(run.folder)
    assert (len(codes), labels) == (1, None)  # three dimensions: only the end
    assert run.facts["sizes"]["labels"] is None


def test_a_plane_is_followed_by_itself(tmp_path, images):
    run = fit_image_run(ImageVAE(2, **FAST | {"max_epochs": 12, "patience": 12}), images, tmp_path / "run")
    assert run.facts["epochs_kept"] == [1, 10]
    assert {1, 10} <= set(codes_by_epoch(run.folder)[0])


def test_a_stopped_run_goes_on_to_the_same_bits(tmp_path, images, run):
    def stop(stage, done, total):
        if stage == "training" and done == 2:
            raise KeyboardInterrupt

    model, output = ImageVAE(2, **FAST), tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        fit_image_run(model, images, output, epochs_kept=[1, 2], progress=stop)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".run.unfinished"]
    with pytest.raises(UsageError, match="one with 2 epochs done"):
        fit_image_run(model, images, output, epochs_kept=[1, 2])
    with pytest.raises(UsageError, match="expected epochs_kept"):
        fit_image_run(model, images, output, resume=True, epochs_kept=[1])
    resumed = fit_image_run(model, images, output, resume=True, epochs_kept=[1, 2])
    assert resumed.facts["resumed"] is True
    for name in ("codes.npy", "epochs.parquet", "training.jsonl", "model/weights.safetensors"):
        assert (output / name).read_bytes() == (run.folder / name).read_bytes(), name
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run"]


def test_a_drawn_seed_is_that_of_the_fit_to_go_on_with(tmp_path, images):
    def stop(stage, done, total):
        if stage == "training" and done == 1:
            raise KeyboardInterrupt

    model = ImageVAE(2, **FAST | {"random_state": None})
    with pytest.raises(KeyboardInterrupt):
        fit_image_run(model, images, tmp_path / "run", progress=stop)
    run = fit_image_run(model, images, tmp_path / "run", resume=True)
    assert run.facts["parameters"]["random_state"] == run.model.seed_


def test_what_is_refused(tmp_path, images):
    with pytest.raises(UsageError, match="epochs_kept: expected epochs of the fit, to 3; got 4"):
        fit_image_run(ImageVAE(2, **FAST), images, tmp_path / "run", epochs_kept=[4])
    with pytest.raises(UsageError, match="epochs_kept: expected a whole number of 1 or more"):
        fit_image_run(ImageVAE(2, **FAST), images, tmp_path / "run", epochs_kept=[0])
    np.save(tmp_path / "one.npy", images.pixels[:1])
    with pytest.raises(NeuralTopicError, match="expected two images or more; got 1"):
        fit_image_run(ImageVAE(2, **FAST), read_images(tmp_path / "one.npy"), tmp_path / "run")
    with pytest.raises(UsageError, match="holds or lies in what is read"):
        fit_image_run(ImageVAE(2, **FAST), images, images.path.parent, force=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.npy"]


def test_operations_are_the_sizes_of_the_matrices():
    for model in (ImageVAE(3, hidden=(7, 5)), ImageVAE(4, n_above=2, hidden=(6,))):
        network = model.build(36)
        parts = (network.encoder, network.latent, network.decoder)
        encoder, latent, decoder = (sum(p.numel() for p in part.parameters() if p.dim() == 2) for part in parts)
        assert operations(36, model) == (encoder, decoder + latent)


def test_a_gan_keeps_its_last_epoch_and_is_forecast_with_its_discriminator(tmp_path, images):
    model = ImageVAE(2, model="gan", **FAST)
    run = fit_image_run(model, images, tmp_path / "run")
    assert run.facts["best"]["epoch"] == run.facts["epochs"] == 3
    assert run.facts["epochs_kept"] == [1]  # a code is a point of the plane, and a picture is made of them
    matrices = sum(p.numel() for p in run.model.vae_.parameters() if p.dim() == 2)
    assert estimate_image_fit(images, model).n_weights == matrices


def test_a_forecast_grows_with_the_work(images):
    one = estimate_image_fit(images, ImageVAE(2, **FAST))
    assert (one.n_images, one.n_pixels, one.n_epochs) == (32, 36, 3)
    many = estimate_image_fit(images, ImageVAE(2, **FAST | {"n_samples": 1000, "max_epochs": 10**6}))
    assert many.seconds > 1000 * (one.seconds - 3.0)
    assert many.memory_bytes > one.memory_bytes
    assert many.to_dict()["n_epochs"] == 10**6
    with pytest.raises(UsageError):
        estimate_image_fit(images, ImageVAE(0))


def test_an_output_that_exists_is_refused_before_the_images_are_read(run, tmp_path):
    with pytest.raises(UsageError, match="output"):
        fit_image_run(ImageVAE(2, **FAST), tmp_path / "absent.npz", run.folder)


def test_images_are_read_from_a_path(run, images, tmp_path):
    again = fit_image_run(ImageVAE(2, **FAST), images.path, tmp_path / "run", epochs_kept=[1, 2])
    assert again.facts["data"] == run.facts["data"] | {"name": str(images.path)}
    np.testing.assert_array_equal(np.load(again.folder / "codes.npy"), np.load(run.folder / "codes.npy"))
