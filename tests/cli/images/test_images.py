"""`neuraltopic images`: what it prints, what it writes, and one line for whatever is wrong."""

import json
import shutil
import struct

import numpy as np
import pytest
from PIL import Image

from neuraltopic import ImageVAE
from neuraltopic.cli import main
from neuraltopic.evaluate.images import evaluate_images
from neuraltopic.evaluate.label_coverage import label_coverage
from neuraltopic.images.readers import read_images
from tests.images.digits import crosses_and_rings, write_npz

pytestmark = pytest.mark.usefixtures("one_thread")

FAST = ("--hidden", "8", "--epochs", "3", "--batch-size", "16", "--device", "cpu")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_npz(tmp_path_factory.mktemp("data") / "m.npz")


@pytest.fixture(scope="module")
def plane(tmp_path_factory, data):
    """A run of two dimensions that tests only read."""
    folder = tmp_path_factory.mktemp("runs") / "plane"
    assert main(["images", "fit", str(data), "-o", str(folder), "-k", "2", "--epochs-kept", "1,2", *FAST, "-q"]) == 0
    return folder


def test_a_fit_reports_what_it_did(call, data, tmp_path):
    result = call("images", "fit", data, "-o", tmp_path / "run", "-k", 3, *FAST)
    assert result.code == 0
    lines = dict(line.split(maxsplit=1) for line in result.out.splitlines())
    assert lines["data"] == f"32 images of 6 x 6 pixels from {data} (train)"
    assert lines["model"] == "bernoulli, z of 3, layers of 8"
    assert lines["training"] == "elbo with 1 sample, 3 epochs"
    assert lines["best"].endswith("nats per held-out image (bound)")
    assert result.err.splitlines()[-1] == f"run: {tmp_path / 'run'}"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run"]


def test_a_gan_says_how_it_was_trained(call, data, tmp_path):
    result = call("images", "fit", data, "-o", tmp_path / "run", "-k", 2, "--model", "gan", *FAST)
    lines = dict(line.split(maxsplit=1) for line in result.out.splitlines())
    assert lines["model"] == "generative adversarial network, z of 2, layers of 8"
    assert lines["training"] == "non-saturating loss with gradient penalty, 3 epochs"
    assert lines["kept"].startswith("epoch 3, -")
    assert lines["kept"].endswith("nats per held-out image (bound that it does not raise)")
    assert call("images", "manifold", tmp_path / "run", "--side", 3, "-o", tmp_path / "m.png").code == 0


def test_options_reach_the_model(call, data, tmp_path):
    options = ("--objective", "dreg", "--samples", "4", "--binarisation", "fixed", "--held-out", "0", "--seed", "7")
    options += ("-k", "3,2", "--learning-rate", "0.01", "--schedule", "burda", "--epochs-kept", "2")
    result = call("images", "fit", data, "-o", tmp_path / "run", *FAST, *options, "--json", "-q")
    assert result.err == ""
    facts = result.json["facts"]
    assert facts == json.loads((tmp_path / "run" / "run.json").read_text())
    assert facts["epochs_kept"] == [2]
    assert facts["parameters"] == {
        "n_components": 3,
        "n_above": 2,
        "hidden": [8],
        "objective": "dreg",
        "n_samples": 4,
        "likelihood": "bernoulli",
        "model": "vae",
        "binarisation": "fixed",
        "schedule": "burda",
        "max_epochs": 3,
        "batch_size": 16,
        "learning_rate": 0.01,
        "patience": None,
        "validation_fraction": 0.0,
        "device": "cpu",
        "random_state": 7,
    }
    assert "train_bound" in facts["best"]
    assert "z of 3 + 2" in call("images", "fit", data, "-o", tmp_path / "two", *FAST, "-k", "3,2").out


def test_grey_levels(call, data, tmp_path):
    result = call("images", "fit", data, "-o", tmp_path / "run", *FAST, "--likelihood", "gaussian", "--held-out", "0")
    assert result.code == 0
    assert "nats per training image (bound)" in result.out
    assert call("images", "reconstruct", tmp_path / "run", data, "-o", tmp_path / "a.png").code == 0


def test_a_folder_of_png(call, tmp_path):
    images, labels = crosses_and_rings(12)
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        path = tmp_path / "data" / f"kind{label}" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    (tmp_path / "data" / "licence.txt").touch()
    result = call("images", "fit", tmp_path / "data", "-o", tmp_path / "run", "-k", 2, *FAST)
    assert result.code == 0
    assert f"note: {tmp_path / 'data'}: 1 file without the suffix .png left out" in result.err.splitlines()
    assert json.loads((tmp_path / "run" / "run.json").read_text())["sizes"]["labels"] == 2


def test_evaluate_prints_what_the_library_measures(call, data, plane):
    expected = evaluate_images(
        ImageVAE.load(plane / "model", device="cpu"), read_images(data, part="test").pixels, n_samples=60
    )
    parts = [read_images(data, part=part) for part in ("train", "test")]
    model = ImageVAE.load(plane / "model", device="cpu")
    coverage = label_coverage(model, *((part.pixels, part.labels) for part in parts))
    result = call("images", "evaluate", plane, data, "--samples", 60, "--json", "--device", "cpu", "-q")
    figures = expected.to_dict() | {"coverage": coverage.to_dict()}
    assert result.json == {"run": str(plane), "data": str(data), "part": "test", "seed": 0, **figures}
    lines = dict(
        line.split(maxsplit=1) for line in call("images", "evaluate", plane, data, "--samples", 60).out.splitlines()
    )
    assert lines["images"] == f"8 of {data} (test)"
    assert lines["NLL"].startswith(f"{expected.nll:.2f} ± {expected.nll_standard_error:.2f} nats per image")
    assert lines["active"] == f"{expected.active_units} of 2 dimensions"
    assert lines["labels"] == f"{coverage.n_covered} of 2 drawn, KL to the training shares {coverage.kl:.3f} nats"
    assert lines["samples"].endswith(f"test images {coverage.test_confidence:.2f} (accuracy {coverage.accuracy:.3f})")
    other = call("images", "evaluate", plane, data, "--samples", 60, "--part", "train", "--json").json
    assert other["n_images"] == 32
    assert other["coverage"] is None  # the classifier would be tested on what it was trained on


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_pictures(call, data, plane, tmp_path, suffix):
    for command, more in {"manifold": ["--side", 5], "sample": ["-n", 9], "reconstruct": [data, "-n", 6]}.items():
        picture = tmp_path / f"{command}{suffix}"
        result = call("images", command, plane, *more, "-o", picture)
        assert (result.code, result.out) == (0, "")
        assert result.err.splitlines()[-1] == f"picture: {picture}"
        assert picture.read_bytes()[:4] == (b"\x89PNG" if suffix == ".png" else b"<?xm")
        again = call("images", command, plane, *more, "-o", picture)
        assert (again.code, again.err.count("\n")) == (2, 1)
        before = picture.read_bytes()
        assert call("images", command, plane, *more, "-o", picture, "--force", "-q") == (0, "", "")
        assert picture.read_bytes() == before


def test_samples_are_of_their_seed(call, plane, tmp_path):
    for name, seed in {"a": 0, "b": 0, "c": 1}.items():
        call("images", "sample", plane, "-o", tmp_path / f"{name}.png", "--seed", seed)
    a, b, c = ((tmp_path / f"{name}.png").read_bytes() for name in "abc")
    assert a == b != c


def test_a_dry_run_writes_nothing(call, data, plane, tmp_path):
    result = call("images", "fit", data, "-o", tmp_path / "run", "-k", 3, *FAST, "--dry-run")
    assert result.code == 0
    lines = dict(line.split(maxsplit=1) for line in result.out.splitlines())
    assert list(lines) == ["data", "model", "time", "memory"]
    assert lines["data"] == f"{data}, npz, 32 images of 6 x 6 pixels, 2 labels"
    said = call("images", "fit", data, "-o", tmp_path / "run", *FAST, "--dry-run", "--json").json
    assert (said["n_images"], said["n_epochs"]) == (32, 3)
    assert list(tmp_path.iterdir()) == []
    noted = call("images", "fit", data, "-o", plane, *FAST, "--dry-run")
    assert (noted.code, noted.err.startswith(f"note: output {plane}")) == (0, True)


def test_an_interrupted_fit_of_images_resumes(call, data, tmp_path, monkeypatch):
    from neuraltopic.estimators.checkpoints import Checkpoint

    save = Checkpoint.save

    def save_and_stop(checkpoint, trainer):
        save(checkpoint, trainer)
        if trainer.epoch == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoint, "save", save_and_stop)
        result = call("images", "fit", data, "-o", tmp_path / "run", "-k", 3, *FAST)
    assert result.code == 130
    assert result.err.splitlines()[-1] == "neuraltopic: interrupted after epoch 1 of 3; continue with --resume"
    assert call("images", "fit", data, "-o", tmp_path / "run", "-k", 3, *FAST, "--resume").code == 0
    whole = call("images", "fit", data, "-o", tmp_path / "whole", "-k", 3, *FAST)
    assert whole.code == 0
    for name in ("codes.npy", "model/weights.safetensors"):
        assert (tmp_path / "run" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    again = call("images", "fit", data, "-o", tmp_path / "run", "-k", 3, *FAST, "--resume")
    assert again.err.splitlines()[-1].startswith(
        f"neuraltopic: --resume: expected an unfinished fit of {tmp_path / 'run'}"
    )


def test_inspect_describes_a_run_of_images(call, data, plane):
    lines = dict(line.split(maxsplit=1) for line in call("inspect", plane, "--verify").out.splitlines())
    assert lines["model"].startswith("bernoulli, 2 dimensions, 6 x 6 pixels, fitted on 32 images in ")
    assert lines["data"] == f"{data} (train), npz, 32 images"
    assert lines["checked"] == "sizes and SHA-256: as written"
    assert call("inspect", plane / "model").out.startswith("model ")


def test_documents_and_images_are_kept_apart(call, data, plane, finished, tmp_path):
    for arguments in (["topics", plane], ["images", "sample", finished, "-o", tmp_path / "a.png"]):
        result = call(*arguments)
        assert (result.code, result.err.count("\n")) == (1, 1)
        assert "expected the format neuraltopic-" in result.err
    shutil.copytree(finished, tmp_path / "run")
    result = call("images", "fit", data, "-o", tmp_path / "run", *FAST, "--force")
    assert result.code == 2
    assert "got a folder that is not a run folder of images" in result.err


@pytest.fixture
def bad(tmp_path):
    np.savez(tmp_path / "none.npz", a=np.zeros(3))
    np.savez(tmp_path / "colour.npz", x_train=np.zeros((4, 3, 3, 3), np.uint8))
    np.savez(tmp_path / "wide.npz", x_train=np.full((4, 3, 3), 1000))
    np.savez(tmp_path / "real.npz", x_train=np.full((4, 3, 3), 2.5))
    np.savez(tmp_path / "one.npz", x_train=np.zeros((1, 3, 3), np.uint8))
    np.savez(tmp_path / "test.npz", x_test=np.zeros((4, 3, 3), np.uint8))
    write_npz(tmp_path / "m.npz")
    (tmp_path / "idx").write_bytes(bytes([0, 0, 8, 3]) + struct.pack(">III", 2, 2, 3))
    (tmp_path / "text.npz").write_text("hello")
    (tmp_path / "empty").mkdir()
    (tmp_path / "sizes").mkdir()
    for name, side in (("a", 3), ("b", 4)):
        Image.fromarray(np.zeros((side, side), np.uint8)).save(tmp_path / "sizes" / f"{name}.png")
    (tmp_path / "taken").mkdir()
    return tmp_path


CASES = {
    "missing file": (2, ["gone.npz"], "gone.npz: expected an .npz"),
    "npz without images": (1, ["none.npz"], "none.npz: expected x_train, or one array of images"),
    "no arrays": (1, ["text.npz"], "text.npz: expected arrays"),
    "colours": (1, ["colour.npz"], "x_train in colour.npz: expected grey images"),
    "wide": (1, ["wide.npz"], "whole numbers from 1000 to 1000"),
    "real": (1, ["real.npz"], "pixels: expected values from 0 to 1"),
    "one image": (1, ["one.npz"], "one.npz: expected two images or more"),
    "nothing to train on": (2, ["test.npz"], "test.npz: expected images to train; got only x_test"),
    "short IDX": (1, ["idx"], "expected 12 bytes of numbers after the header; got 0"),
    "empty folder": (2, ["empty"], "empty: expected a folder of PNG files"),
    "a PNG of another size": (1, ["sizes"], "expected 3 x 3 pixels, as a.png has; got 4 x 4"),
    "k of 0": (2, ["m.npz", "-k", "0"], "--latent: expected a whole number of 1 or more; got 0"),
    "k of words": (2, ["m.npz", "-k", "two"], "--latent: expected whole numbers with commas between; got 'two'"),
    "three layers": (2, ["m.npz", "-k", "3,2,1"], "--latent: expected one stochastic layer or two; got 3"),
    "hidden of 0": (2, ["m.npz", "--hidden", "0"], "--hidden"),
    "samples of 0": (2, ["m.npz", "--samples", "0"], "--samples: expected a whole number of 1 or more; got 0"),
    "objective": (2, ["m.npz", "--objective", "mle"], "--objective: expected one of elbo, iwae, dreg; got 'mle'"),
    "likelihood": (2, ["m.npz", "--likelihood", "x"], "--likelihood: expected one of bernoulli, gaussian"),
    "schedule": (2, ["m.npz", "--schedule", "x"], "--schedule: expected one of cycle, burda"),
    "binarisation": (2, ["m.npz", "--binarisation", "x"], "--binarisation: expected one of dynamic, fixed, none"),
    "gaussian": (2, ["m.npz", "--likelihood", "gaussian", "--binarisation", "fixed"], "--binarisation: expected none"),
    "held out": (2, ["m.npz", "--held-out", "1"], "--held-out: expected a share from 0 to below 1"),
    "epochs of 0": (2, ["m.npz", "--epochs", "0"], "--epochs"),
    "epochs kept": (2, ["m.npz", "--epochs-kept", "9"], "--epochs-kept: expected epochs of the fit, to 3; got 9"),
    "device": (2, ["m.npz", "--device", "abacus"], "abacus"),
    "existing output": (2, ["m.npz", "-o", "taken"], "taken: expected a path that does not exist yet"),
    "resume of nothing": (2, ["m.npz", "--resume"], "--resume: expected an unfinished fit of run"),
}


@pytest.mark.parametrize("case", CASES)
def test_one_line(call, bad, monkeypatch, case):
    code, arguments, said = CASES[case]
    monkeypatch.chdir(bad)
    before = sorted(bad.rglob("*"))
    output = () if "-o" in arguments else ("-o", "run")
    result = call("images", "fit", *FAST, *arguments, *output, "--quiet")
    assert (result.code, result.out) == (code, "")
    (line,) = result.err.splitlines()
    assert line.startswith("neuraltopic: ")
    assert said in line
    assert sorted(bad.rglob("*")) == before


def test_what_a_run_cannot_do(call, data, plane, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, latent in {"solid": "3", "layers": "2,2"}.items():
        assert call("images", "fit", data, "-o", name, "-k", latent, *FAST, "-q").code == 0
    np.save("small.npy", np.zeros((4, 3, 3), np.uint8))
    ImageVAE(2, hidden=(4,), max_epochs=1, random_state=0).fit(np.eye(6)).save("flat")
    for code, arguments, said in [
        (2, ["manifold", "solid"], "solid: expected a model of two latent dimensions, which a picture has; got 3"),
        (2, ["manifold", "layers"], "got two stochastic layers"),
        (2, ["manifold", plane / "model"], "expected a run folder; got a model folder"),
        (
            2,
            ["manifold", plane, "-o", "a.bmp"],
            "a name that ends in .png or .svg or .pdf or .html; got '.bmp'. Try a.png",
        ),
        (2, ["sample", plane, "-o", "gone/a.png"], "no folder gone"),
        (2, ["sample", "gone"], "gone: expected a run folder or a model folder; got no such folder"),
        (2, ["sample", plane, "-n", "0"], "'--number'"),
        (1, ["sample", "flat"], "flat: expected a model of images with rows and columns; got one of 6 numbers"),
        (1, ["reconstruct", plane, "small.npy"], "small.npy: expected images of 6 x 6 pixels"),
        (1, ["evaluate", plane, "small.npy"], "got 3 x 3"),
        (2, ["evaluate", plane, data, "--part", "all"], "--part: expected one of train, test; got 'all'"),
        (2, ["evaluate", plane, data, "--samples", "0"], "--samples: expected a whole number of 1 or more"),
        (2, [], "Missing command"),
    ]:
        result = call("images", *arguments)
        assert result.code == code, arguments
        assert said in result.err.splitlines()[-1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["flat", "layers", "small.npy", "solid"]
