"""The parts that all fits of run folders share: the workspace, the folder that is written atomically, and run.json."""

import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

import numpy as np
from sklearn.base import clone

from neuraltopic.errors import UsageError, parameter
from neuraltopic.estimators.devices import choose_device
from neuraltopic.estimators.fitting import draw_seed
from neuraltopic.estimators.state import Stored
from neuraltopic.reading.rows import printable
from neuraltopic.runs.machine import describe_machine, peak_memory_bytes
from neuraltopic.runs.workspace import mark_finished, open_workspace, unfinished_request
from neuraltopic.storage.atomic import atomic_folder
from neuraltopic.storage.edit_log import EDIT_LOG
from neuraltopic.storage.formats import RUN_FACTS
from neuraltopic.storage.outputs import OutputKind, check_output
from neuraltopic.storage.strict_json import write_json

if TYPE_CHECKING:
    from neuraltopic.progress import Progress


ModelT = TypeVar("ModelT", bound=Stored)


@dataclass(frozen=True)
class RunKind:
    """A kind of run: of documents, or of images.

    Attributes
    ----------
    output : OutputKind
        What may be replaced with `force`.
    format : str
        As run.json calls it.
    schema_version : int
    """

    output: OutputKind
    format: str
    schema_version: int


@dataclass(frozen=True)
class Run(Generic[ModelT]):
    """A finished fit.

    Attributes
    ----------
    folder : Path
    model : estimator
    facts : dict
        What run.json holds.
    """

    folder: Path
    model: ModelT
    facts: dict[str, Any]


def prepared(model: ModelT, output: Path, *, resume: bool) -> ModelT:
    """An unfitted copy of the model, with the device and the seed of the fit into `output` as parameters."""
    parameters: Any = model
    copy: Any = clone(parameters)
    copy.set_params(
        device=str(choose_device(parameters.device)),
        random_state=_seed_of(parameters.random_state, unfinished_request(output) if resume else None),
    )
    return cast(ModelT, copy)


def require_output(
    output: Path, kind: OutputKind, *, source: str | Path | None, force: bool, resume: bool = False
) -> None:
    """Refuse, before any work is done, a run folder that may not be written.

    Raises
    ------
    UsageError
        As `check_output` does; with `resume` and without `force`, when the fit into `output` is finished.
    """
    if resume and not force and output.is_dir() and kind.entries(output):
        raise UsageError(
            parameter("resume"),
            expected=f"an unfinished fit of {output}",
            got="a finished run",
            hint=f"Open it as it is, or replace it with {parameter('force', True)}",
        )
    check_output(output, kind, force=force, source=source)


@dataclass
class RunWriter:
    """A run being made: the workspace of its fit, and then its folder, which is written as a whole.

    Attributes
    ----------
    output, kind, request, force, resumed, command
        As for `new_run`.
    workspace : Path
        Folder of the files of the fit, also of those that an interrupted fit left.
    progress : callable of (stage, done, total)
        For the fit; it forwards every call, and adds up the seconds of each stage.
    facts : dict
        What run.json holds, after `files`.
    """

    output: Path
    kind: RunKind
    request: Mapping[str, Any]
    workspace: Path
    progress: "_StageClock"
    force: bool
    resumed: bool
    command: Sequence[str]
    facts: dict[str, Any] = field(default_factory=dict)

    @contextmanager
    def files(self) -> Iterator[tuple[Path, dict[str, Any]]]:
        """Yield a folder for the files of the run and a dict for its results; then write run.json and put it in place.

        Results go into run.json, which is written last: it lists the files.
        """
        with atomic_folder(self.output, force=self.force, why_not=self.kind.output.why_not) as unfinished:
            results: dict[str, Any] = {}
            yield unfinished, results
            self.progress.lap("writing")
            self.facts = {
                "format": self.kind.format,
                "schema_version": self.kind.schema_version,
                "finished": datetime.now(UTC).isoformat(timespec="seconds"),
                "command": [printable(part) for part in self.command],
                "resumed": self.resumed,
                **self.request,
                **results,
                "seconds": {stage: round(seconds, 3) for stage, seconds in self.progress.seconds.items()},
                "peak_memory_bytes": peak_memory_bytes(),
                "machine": describe_machine(),
                "files": {path.name: _fingerprint(path) for path in sorted(unfinished.iterdir()) if _is_fixed(path)},
            }
            write_json(unfinished / RUN_FACTS, self.facts)
            mark_finished(self.workspace, unfinished / RUN_FACTS)


@contextmanager
def new_run(
    output: Path,
    kind: RunKind,
    request: Mapping[str, Any],
    *,
    force: bool,
    resume: bool,
    command: Sequence[str],
    progress: "Progress | None",
) -> Iterator[RunWriter]:
    """Open a workspace next to `output` for a fit and its run folder; it is removed when the run is in place.

    Parameters
    ----------
    output : Path
    kind : RunKind
    request : mapping
        Everything the result depends on, as JSON.
    force, resume, command, progress
        As for `runs.fit_run`.
    """
    clock = _StageClock(progress)
    with open_workspace(output, request, resume=resume, force=force) as workspace:
        yield RunWriter(output, kind, request, workspace, clock, force, resume, command)


def _is_fixed(path: Path) -> bool:
    """Whether it is a file that does not change; the log of edits does."""
    return path.is_file() and path.name != EDIT_LOG


def _seed_of(random_state: Any, earlier: Mapping[str, Any] | None) -> int:
    """The given seed, else that of the fit to resume, else a random one."""
    if (
        not isinstance(random_state, int | np.integer)
        and earlier is not None
        and type(seed := earlier.get("parameters", {}).get("random_state")) is int
    ):
        return seed
    return draw_seed(random_state)


def write_history(path: Path, history: list[dict[str, float]]) -> None:
    """A line of JSON an epoch."""
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        for entry in history:
            file.write(json.dumps(entry, allow_nan=False) + "\n")


def _fingerprint(path: Path) -> dict[str, Any]:
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return {"bytes": os.fstat(file.fileno()).st_size, "sha256": digest}


class _StageClock:
    """A progress that forwards every call, and adds up the seconds of each stage."""

    def __init__(self, progress: "Progress | None") -> None:
        self.seconds: dict[str, float] = {}
        self._progress = progress
        self._last = time.monotonic()

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        self.lap(stage)
        if self._progress:
            self._progress(stage, done, total)

    def lap(self, stage: str) -> None:
        """Count the time since the last call to the stage."""
        now = time.monotonic()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._last
        self._last = now
