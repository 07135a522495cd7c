"""Which folders an output may replace: an empty one, or an earlier output of the same kind and nothing else."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from neuraltopic.errors import NeuralTopicError, UsageError, parameter
from neuraltopic.storage.atomic import check_destination
from neuraltopic.storage.edit_log import EDIT_LOG
from neuraltopic.storage.formats import (
    AUTOENCODER_KIND,
    DOCUMENT_VAE_KIND,
    IMAGE_MODEL_KIND,
    IMAGE_RUN_KIND,
    INDEX_FACTS,
    INDEX_KIND,
    MODEL_FOLDER,
    MODEL_KIND,
    MODEL_OF_RUN,
    REPORT,
    RUN_FACTS,
    RUN_KIND,
)
from neuraltopic.storage.manifest import MANIFEST
from neuraltopic.storage.strict_json import read_json

_MAX_BYTES = 1 << 24
INDEX_LOCK = "writer.lock"


@dataclass(frozen=True)
class OutputKind:
    """A kind of folder that neuraltopic writes.

    Attributes
    ----------
    name : str
        Its name in messages.
    entries : callable of a Path
        The names that a folder of this kind holds; none when the folder is of another kind.
    """

    name: str
    entries: Callable[[Path], set[str]]

    def why_not(self, folder: Path) -> str:
        """Say why `folder` may not be replaced by an output of this kind; empty when it may."""
        found = set(os.listdir(folder))
        if not found:
            return ""
        own = self.entries(folder)
        if not own:
            return f"a folder that is not {self.name}"
        strange = sorted(found - own)
        return f"{self.name} that also holds {strange[0]}" if strange else ""


def check_output(output: str | Path, kind: OutputKind, *, force: bool, source: str | Path | None = None) -> None:
    """Refuse, before any work is done, a folder that may not be written.

    Parameters
    ----------
    output : path
    kind : OutputKind
    force : bool
        Replace a folder of this kind.
    source : path, optional
        The file or folder to read. An output that equals it, holds it or lies in it is refused, also with `force`.

    Raises
    ------
    UsageError
    """
    if source is not None:
        written, read = Path(output).resolve(), Path(source).resolve()
        if read.is_relative_to(written) or written.is_relative_to(read):
            raise UsageError(
                f"output {output}",
                expected="a folder apart from the data",
                got="one that is, holds or lies in what is read",
                hint="Choose another path",
            )
    check_destination(output, force=force, why_not=kind.why_not)


def check_new_file(path: Path, *, force: bool) -> None:
    """Refuse a file that exists.

    Raises
    ------
    UsageError
        Unless `force`.
    """
    if path.exists() and not force:
        raise UsageError(
            f"output {path}",
            expected="a path that does not exist yet",
            got="one that does",
            hint=f"Choose another path, or replace it with {parameter('force', True)}",
        )


def _entries_of_run(folder: Path, kind: str, more: frozenset[str] = frozenset()) -> set[str]:
    facts = _read(folder / RUN_FACTS)
    files = facts.get("files")
    model = _entries_of_model(folder / MODEL_FOLDER, MODEL_OF_RUN[kind])
    if facts.get("format") != kind or not isinstance(files, dict) or not model:
        return set()
    return {*files, RUN_FACTS, MODEL_FOLDER, REPORT, *more}


def _entries_of_model(folder: Path, kind: str) -> set[str]:
    manifest = _read(folder / MANIFEST)
    files = manifest.get("files")
    if manifest.get("format") != kind or not isinstance(files, dict):
        return set()
    return {*files, MANIFEST}


def _entries_of_vectors(folder: Path) -> set[str]:
    names = {"vectors.npy", "vectors.parquet", "ledger.csv"}
    return names if names <= set(os.listdir(folder)) else set()


def _entries_of_index(folder: Path) -> set[str]:
    facts = _read(folder / INDEX_FACTS)
    files = facts.get("files")
    if facts.get("format") != INDEX_KIND or not isinstance(files, dict):
        return set()
    return {INDEX_FACTS, INDEX_LOCK, *(name.split("/")[0] for name in files)}


def _read(path: Path) -> dict[str, object]:
    try:
        value = read_json(path, _MAX_BYTES)
    except NeuralTopicError:
        return {}
    return value if isinstance(value, dict) else {}


RUN = OutputKind("a run folder", partial(_entries_of_run, kind=RUN_KIND))
# A run with edits of its topics, which exist nowhere else: its replacement must have them too.
_EDITED_RUN = OutputKind(RUN.name, partial(_entries_of_run, kind=RUN_KIND, more=frozenset({EDIT_LOG})))
MODEL = OutputKind("a model folder", partial(_entries_of_model, kind=MODEL_KIND))
IMAGE_RUN = OutputKind("a run folder of images", partial(_entries_of_run, kind=IMAGE_RUN_KIND))
IMAGE_MODEL = OutputKind("a model folder of images", partial(_entries_of_model, kind=IMAGE_MODEL_KIND))
DOCUMENT_VAE = OutputKind("a folder of a DocumentVAE", partial(_entries_of_model, kind=DOCUMENT_VAE_KIND))
AUTOENCODER = OutputKind("a folder of an Autoencoder", partial(_entries_of_model, kind=AUTOENCODER_KIND))
INDEX = OutputKind("an index", _entries_of_index)
VECTORS = OutputKind("a folder that embed wrote", _entries_of_vectors)


def update_output(run: Path, output: Path) -> OutputKind:
    """The output that an update of a run may replace: also the run itself if its topics were edited, since the update
    has the edits too."""
    return _EDITED_RUN if Path(run).resolve() == Path(output).resolve() else RUN
