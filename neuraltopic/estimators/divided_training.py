"""Training divided among processes: the function that each of them runs, under torchrun or on a cluster."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from neuraltopic.cluster.process_group import joined
from neuraltopic.core.optimisation.division import require_divisible
from neuraltopic.estimators.document_vae import DocumentVAE
from neuraltopic.estimators.fitting import draw_seed
from neuraltopic.models.recipes import find_recipe
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.storage.atomic import atomic_write
from neuraltopic.storage.formats import CHECKPOINT

if TYPE_CHECKING:
    from neuraltopic.cluster.ray_cluster import Cluster
    from neuraltopic.progress import Progress


def train(
    vae: DocumentVAE,
    counts: Counts,
    *,
    checkpoint: Path,
    embeddings: Any = None,
    progress: "Progress | None" = None,
) -> None:
    """Train a model in one of the processes that torchrun started, or alone.

    Every process calls it with the same model and counts. The first writes the checkpoint after each epoch, and resumes
    from it if it exists; `DocumentVAE.fit` with this checkpoint then gives the fitted model without training.

    Parameters
    ----------
    vae : DocumentVAE
        With a whole number for random_state.
    counts : Counts of shape (D, V)
    checkpoint : Path
        A file on a disk of the first process.
    embeddings : floating-point array of shape (D, C), optional
    progress : callable of (stage, done, total), optional

    Raises
    ------
    NeuralTopicError, UsageError
        As `DocumentVAE.fit` does, and for a recipe whose training cannot be divided.
    """
    with joined():
        vae.train(counts, embeddings=embeddings, progress=progress, checkpoint=checkpoint)


class _Work(NamedTuple):
    vae: DocumentVAE
    counts: Counts
    embeddings: Any


class _State(NamedTuple):
    """The start of a group of processes: the checkpoint, and the seconds that are left for training."""

    checkpoint: bytes | None
    max_seconds: float | None


class _Told(NamedTuple):
    """A message of the first process."""

    stage: str
    done: int
    total: int | None
    checkpoint: bytes | None


def train_on_cluster(
    cluster: "Cluster",
    vae: DocumentVAE,
    counts: Counts,
    *,
    checkpoint: Path,
    embeddings: Any = None,
    progress: "Progress | None" = None,
) -> None:
    """Train a model on a cluster, as `train` does in each of its processes; the checkpoint comes back here.

    A seed is drawn and set if the model has none. When processes die, training resumes from the last checkpoint with
    the processes that the cluster then has.

    Parameters are those of `train`, and it raises what that does, and what `Cluster.run_group` does.
    """
    vae.set_params(random_state=draw_seed(vae.random_state))
    ends = None if vae.max_seconds is None else time.monotonic() + vae.max_seconds
    # Arrays and not maps of files, so that processes of one machine share one copy.
    whole = Counts(np.asarray(counts.indptr), np.asarray(counts.indices), np.asarray(counts.data), counts.shape)

    def state() -> _State:
        left = None if ends is None else max(ends - time.monotonic(), 1e-3)
        return _State(checkpoint.read_bytes() if checkpoint.exists() else None, left)

    def told(message: _Told) -> bool:
        if message.checkpoint is not None:
            with atomic_write(checkpoint) as file:
                file.write(message.checkpoint)
        if progress:
            progress(message.stage, message.done, message.total)
        return message.checkpoint is not None

    cluster.run_group(_train_in_process, _Work(clone(vae), whole, embeddings), state, told)


def fit_on_cluster(
    cluster: "Cluster",
    vae: DocumentVAE,
    counts: Counts,
    *,
    checkpoint: Path | None,
    embeddings: Any = None,
    weights: NDArray[np.floating] | None = None,
    progress: "Progress | None" = None,
) -> NDArray[np.float32]:
    """Train a model on a cluster, and return the vectors, which are inferred there too.

    Parameters are those of `DocumentVAE.fit_transform`, and it raises what `train_on_cluster` does.
    """
    with tempfile.TemporaryDirectory(prefix="neuraltopic-") as folder:
        path = checkpoint or Path(folder) / CHECKPOINT
        train_on_cluster(cluster, vae, counts, checkpoint=path, embeddings=embeddings, progress=progress)
        if vae.max_seconds is not None:
            vae.set_params(max_seconds=1e-3)  # training has ended, and is not continued here
        vectors = vae.fit_transform(
            counts, embeddings=embeddings, weights=weights, progress=progress, checkpoint=path, workers=cluster
        )
        return np.asarray(vectors) if checkpoint else np.array(vectors)  # a copy of what is mapped from the folder


def require_divided(vae: DocumentVAE) -> None:
    """Raise a UsageError for a recipe whose training cannot be divided."""
    require_divisible(find_recipe(vae.recipe).compose(2, max(2, int(vae.n_components)), 1))


def _train_in_process(work: _Work, state: _State, tell: Callable[[_Told], None]) -> None:
    """Train as `train` does, and report progress and each checkpoint."""
    vae = clone(work.vae).set_params(max_seconds=state.max_seconds)
    with tempfile.TemporaryDirectory(prefix="neuraltopic-") as folder:
        checkpoint = Path(folder) / "checkpoint"
        if state.checkpoint is not None:
            checkpoint.write_bytes(state.checkpoint)

        def progress(stage: str, done: int, total: int | None) -> None:
            new = stage == "training" and checkpoint.exists()
            tell(_Told(stage, done, total, checkpoint.read_bytes() if new else None))

        train(vae, work.counts, checkpoint=checkpoint, embeddings=work.embeddings, progress=progress)
