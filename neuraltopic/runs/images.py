"""Fit a model of images into a run folder, and open one.

model/               ImageVAE.save
codes.npy            float32 (N, Z), the posterior means of the images of the fit, in input order
codes.parquet        id, label and vector of the same
epochs.parquet       the codes of some images at the epochs kept: epoch, id, label, z0, z1, ...
training.jsonl       one line per epoch
run.json             command, machine, seed, data, sizes, seconds; size and SHA-256 of the files above
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neuraltopic.errors import NeuralTopicError, UsageError, parameter
from neuraltopic.estimators.fitting import best_epoch, require_whole
from neuraltopic.estimators.image_vae import ImageVAE
from neuraltopic.images.collection import Images
from neuraltopic.images.readers import read_images
from neuraltopic.runs.facts import model_folder_of, run_file
from neuraltopic.runs.folder import Run, RunKind, new_run, prepared, require_output, write_history
from neuraltopic.storage.formats import CHECKPOINT, IMAGE_RUN_KIND, IMAGE_RUN_SCHEMA_VERSION, MODEL_FOLDER
from neuraltopic.storage.outputs import IMAGE_RUN
from neuraltopic.storage.tables import write_table
from neuraltopic.storage.vectors import write_vectors
from neuraltopic.version import __version__

if TYPE_CHECKING:
    import pandas as pd

    from neuraltopic.progress import Progress

_EPOCHS = "epochs.parquet"
# Number of images whose codes are kept at chosen epochs: what a picture shows.
_FOLLOWED = 5000


IMAGES = RunKind(IMAGE_RUN, IMAGE_RUN_KIND, IMAGE_RUN_SCHEMA_VERSION)


def fit_image_run(
    model: ImageVAE,
    images: Images | str | Path,
    output: Path,
    *,
    epochs_kept: Sequence[int] | None = None,
    force: bool = False,
    resume: bool = False,
    command: Sequence[str] = (),
    progress: "Progress | None" = None,
) -> Run[ImageVAE]:
    """Fit a model to images and write the run folder, complete or not at all.

    Parameters
    ----------
    model : ImageVAE
        Its parameters are used; it stays unfitted. Without a random_state a seed is drawn and recorded.
    images : Images, str or Path
        The images, or their path, which is read once the output is known to be writable.
    output : Path
        The run folder, which must not exist.
    epochs_kept : sequence of int, optional
        Epochs after which to keep the codes of 5,000 images. By default 1, 10, 100 ... if z can be drawn, else none.
    force, resume, command, progress
        As for `runs.fit_run`.

    Raises
    ------
    UsageError
        When `output` exists, or is, holds or lies in the path of the images; with `resume`, when there is nothing to
        resume or the request differs; when a parameter is not valid.
    NeuralTopicError
        When the images cannot be used; nothing is left behind.
    """
    output = Path(output)
    source = images.path if isinstance(images, Images) else images
    require_output(output, IMAGE_RUN, source=source, force=force, resume=resume)
    model.check_parameters()  # before images are read; `fit`, which has callers of its own, checks them too
    images = _read(images, progress)
    model = prepared(model, output, resume=resume)
    kept = _epochs_kept(model, len(images), epochs_kept)
    # Evenly over the input, since a folder's images come label by label.
    followed = np.linspace(0, len(images) - 1, min(len(images), _FOLLOWED)).round().astype(np.int64)

    request = _request(model, images, kept)
    with new_run(output, IMAGES, request, force=force, resume=resume, command=command, progress=progress) as run:

        def follow(model: ImageVAE, epoch: int) -> None:
            if epoch in kept:
                np.save(_codes_at(run.workspace, epoch), model.transform(images.pixels[followed]))

        checkpoint = run.workspace / CHECKPOINT
        model.fit(images.pixels, progress=run.progress, checkpoint=checkpoint, after_epoch=follow)
        with run.files() as (folder, results):
            at = {epoch: np.load(file) for epoch in kept if (file := _codes_at(run.workspace, epoch)).exists()}
            best = _write_outputs(model, images, folder, at, followed)
            labels = len(set(images.labels)) if images.labels else None
            sizes = {"images": len(images), "pixels": model.n_features_in_, "labels": labels}
            results |= {"sizes": sizes, "epochs": model.n_iter_, "best": best}
    return Run(output, model, run.facts)


def _read(images: Images | str | Path, progress: "Progress | None") -> Images:
    """The images, read if they are a path; raises NeuralTopicError unless there are two."""
    read = images if isinstance(images, Images) else read_images(images, progress=progress)
    if len(read) < 2:
        got = f"{len(read)}"
        raise NeuralTopicError(read.name, expected="two images or more", got=got, hint="Give more images")
    return read


def _write_outputs(
    model: ImageVAE,
    images: Images,
    folder: Path,
    at: dict[int, NDArray[np.float32]],
    followed: NDArray[np.int64],
) -> dict[str, float]:
    """Write the files of a run folder except run.json; return the history of the epoch whose weights are kept.

    Parameters
    ----------
    at : dict
        The codes of the images followed, (F, Z), after each epoch kept.
    followed : int array of shape (F,)
        Which images these are.
    """
    model.save(folder / MODEL_FOLDER)
    # Arrays, also where scikit-learn is set to give tables.
    codes = np.asarray(model.transform(images.pixels))
    columns = {"id": images.ids} | ({"label": images.labels} if images.labels else {})
    write_vectors(folder, columns, [codes], shape=codes.shape, npy="codes.npy", parquet="codes.parquet")
    best = best_epoch(model.history_, keep_best=model.resolved_schedule(len(images)).keep_best)
    at = at | {int(best["epoch"]): codes[followed]}
    write_table(_followed_table(at, images, followed), folder / _EPOCHS, "parquet")
    write_history(folder / "training.jsonl", model.history_)
    return best


def open_image_run(folder: Path, *, device: str = "auto") -> ImageVAE:
    """Load the model of a run folder of images, or of its model folder.

    Raises
    ------
    UsageError
        When `folder` is neither.
    NeuralTopicError
        When it differs from what was written.
    """
    return ImageVAE.load(model_folder_of(Path(folder)), device=device)


def codes_by_epoch(folder: Path) -> tuple[dict[int, NDArray[np.float32]], list[str] | None]:
    """The codes that a run kept at chosen epochs and at its end, each (N, Z), and the label of each of the N images.

    Raises
    ------
    UsageError
        When `folder` is no run folder.
    NeuralTopicError
        When the file is missing or has changed in size.
    """
    import pandas as pd

    table = pd.read_parquet(run_file(Path(folder), _EPOCHS))
    coordinates = [name for name in table.columns if name not in ("epoch", "id", "label")]
    parts = [table[table["epoch"] == epoch] for epoch in table["epoch"].unique()]
    codes = {int(part["epoch"].iloc[0]): part[coordinates].to_numpy(np.float32) for part in parts}
    return codes, parts[-1]["label"].tolist() if "label" in table else None


def _epochs_kept(model: ImageVAE, n_images: int, asked: Sequence[int] | None) -> list[int]:
    """The requested epochs, checked, or those that a picture of two dimensions shows."""
    last = model.resolved_schedule(n_images).max_epochs or 0
    if asked is None:
        return [10**power for power in range(len(str(last))) if 10**power < last] if is_planar(model) else []
    for epoch in asked:
        require_whole("epochs_kept", epoch)
        if epoch > last:
            raise UsageError(
                parameter("epochs_kept"),
                expected=f"epochs of the fit, to {last:,}",
                got=f"{epoch:,}",
                hint="Choose earlier ones, or more epochs",
            )
    return sorted(set(map(int, asked)))


def is_planar(model: ImageVAE) -> bool:
    """Whether a code is a point of the plane."""
    return model.model != "rbm" and model.n_components == 2 and model.n_above is None


def _codes_at(workspace: Path, epoch: int) -> Path:
    return workspace / f"codes-{epoch}.npy"


def _followed_table(at: dict[int, NDArray[np.float32]], images: Images, followed: NDArray[np.int64]) -> "pd.DataFrame":
    """One line per image and epoch, in the order of the epochs."""
    import pandas as pd

    tables = []
    for epoch, codes in sorted(at.items()):
        table = pd.DataFrame(codes, columns=[f"z{k}" for k in range(codes.shape[1])])
        if images.labels:
            table.insert(0, "label", [images.labels[row] for row in followed])
        table.insert(0, "id", [images.ids[row] for row in followed])
        table.insert(0, "epoch", epoch)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _request(model: ImageVAE, images: Images, epochs_kept: list[int]) -> dict[str, Any]:
    """Everything the result depends on, as JSON."""
    return {
        "neuraltopic": __version__,
        "data": {
            "name": images.name,
            "kind": images.kind,
            "part": images.part,
            "images": len(images),
            "shape": list(images.pixels.shape[1:]),
            "sha256": images.sha256(),
        },
        "parameters": model.get_params() | {"hidden": list(model.hidden)},
        "epochs_kept": epochs_kept,
    }
