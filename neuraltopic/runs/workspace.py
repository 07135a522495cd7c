"""The hidden folder in which a fit works until its run is complete, and from which an interrupted fit resumes."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from neuraltopic.errors import NeuralTopicError, UsageError, parameter
from neuraltopic.storage.atomic import atomic_write
from neuraltopic.storage.file_locks import HAS_LOCKS, hold
from neuraltopic.storage.formats import CHECKPOINT, PREPARATION, RUN_FACTS
from neuraltopic.storage.strict_json import read_json, write_json

_REQUEST = "request.json"
_FINISHED = "finished"  # the SHA-256 of the run.json of the run that is about to be in place
_MAX_REQUEST_BYTES = 1 << 24
_READ_AS = "corpus.read_as"  # the group of the options with which a corpus is read


def workspace_of(output: Path) -> Path:
    """The workspace of a fit into `output`: a hidden folder next to it."""
    destination = Path(os.path.abspath(output))
    return destination.with_name(f".{destination.name}.unfinished")


def unfinished_request(output: Path) -> dict[str, Any] | None:
    """The request of the interrupted fit into `output`, or None."""
    path = workspace_of(output) / _REQUEST
    if not path.exists():
        return None
    request = read_json(path, _MAX_REQUEST_BYTES)
    return request if isinstance(request, dict) else None


@contextmanager
def open_workspace(output: Path, request: Mapping[str, Any], *, resume: bool, force: bool = False) -> Iterator[Path]:
    """Yield the workspace of a fit into `output`, locked for this process.

    It is removed when the block ends, and when the block refuses its input by a `NeuralTopicError` before the
    first epoch is done, since there is nothing to resume; any other exception keeps it.

    Parameters
    ----------
    output : Path
        Where the run will be.
    request : mapping
        Everything the result depends on, as JSON.
    resume : bool
        Whether to resume an interrupted fit, which must have had the same request.
    force : bool
        Without `resume`, whether to delete an interrupted fit that could be resumed.

    Raises
    ------
    UsageError
        When another process works there; without `resume` and `force`, when there is an interrupted fit; with `resume`,
        when there is none, or its request differs, naming the setting.
    """
    folder = workspace_of(output)
    clear_finished(output)
    if resume:
        _require_same(output, request)
    with locked(folder):
        if not resume:
            if not force:
                _require_nothing_done(output)
            empty(folder)
            write_json(folder / _REQUEST, request)
        try:
            yield folder
        except NeuralTopicError:
            if not (folder / CHECKPOINT).exists():
                remove(folder)
            raise
        remove(folder)


def mark_finished(folder: Path, facts: Path) -> None:
    """Note in a workspace that its run, with this run.json, is whole and about to be put in place."""
    with atomic_write(folder / _FINISHED) as file:
        file.write(_sha256(facts).encode())


def clear_finished(output: Path) -> None:
    """Remove the workspace that a process left when it was killed just after its run was in place."""
    folder, facts = workspace_of(output), output / RUN_FACTS
    try:
        # An empty one was left by a kill between the last file and the folder.
        if os.listdir(folder) and (folder / _FINISHED).read_text() != _sha256(facts):
            return
        with locked(folder):
            remove(folder)
    except (OSError, UsageError):
        return  # none there, one that is being worked on, or a folder that may only be read


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def progress_of_unfinished(output: Path) -> str:
    """How far the interrupted fit into `output` is, for a message; empty if nothing of it can be resumed."""
    folder = workspace_of(output)
    if (folder / CHECKPOINT).exists():
        from neuraltopic.estimators.checkpoints import epochs_done

        epochs = epochs_done(folder / CHECKPOINT)
        return "a damaged checkpoint" if epochs is None else f"{epochs} epoch{'s' * (epochs != 1)} done"
    return "the documents counted, no epoch done" if (folder / PREPARATION).exists() else ""


def _require_nothing_done(output: Path) -> None:
    reached = progress_of_unfinished(output)
    if reached:
        raise UsageError(
            f"output {output}",
            expected="no unfinished fit of it",
            got=f"one with {reached}",
            hint=f"Continue with {parameter('resume', True)}, or start over with {parameter('force', True)}",
        )


def _require_same(output: Path, request: Mapping[str, Any]) -> None:
    earlier = unfinished_request(output)
    if earlier is None:
        raise UsageError(
            parameter("resume"),
            expected=f"an unfinished fit of {output}",
            got=f"no {workspace_of(output)}",
            hint=f"Leave out {parameter('resume', True)} to start one",
        )
    name, old, new = first_difference(earlier, request)
    if name.startswith("corpus.") and not name.startswith(_READ_AS):
        raise UsageError(
            parameter("resume"),
            expected="the corpus as it was when the fit began",
            got=f"{name.rpartition('.')[2]} {new!r:.200}, which was {old!r:.200}",
            hint=f"Give the same files and columns, or start over with {parameter('force', True)}"
            f" in place of {parameter('resume', True)}",
        )
    if name:
        raise UsageError(
            parameter("resume"),
            expected=f"{named_setting(name)} {_shown(old)}, as when the fit began",
            got=_shown(new),
            hint=f"Ask for the same again, or start over with {parameter('force', True)}"
            f" in place of {parameter('resume', True)}",
        )


def _shown(value: Any) -> str:
    return "the default" if value is None else f"{value!r:.200}"


def first_difference(earlier: Mapping[str, Any], request: Mapping[str, Any]) -> tuple[str, Any, Any]:
    """The first setting, by name, that differs between two requests, and both its values; no name when none does."""
    old, new = _flat(earlier), _flat(json.loads(json.dumps(request)))
    for name in sorted(old | new):
        if old.get(name) != new.get(name):
            return name, old.get(name), new.get(name)
    return "", None, None


def named_setting(name: str) -> str:
    """A setting of a request in the message of an error: parameters are named as such."""
    group, _, last = name.rpartition(".")
    return parameter(last) if group in ("parameters", "preprocessing", _READ_AS) else name


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return flat


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Make the folder and hold it for this process alone.

    Raises
    ------
    UsageError
        When another process holds it.
    """
    folder.mkdir(exist_ok=True)
    if not HAS_LOCKS:  # pragma: no cover  two fits into one output are not kept apart there
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            hold(descriptor)
        except BlockingIOError as error:
            raise _busy(folder) from error
        # The process that had the lock until now may have removed the folder.
        if not folder.exists() or not os.path.samestat(os.fstat(descriptor), folder.stat()):
            raise _busy(folder)
        yield
    finally:
        os.close(descriptor)


def _busy(folder: Path) -> UsageError:
    return UsageError(
        f"workspace {folder}",
        expected="one that no other process works on",
        got="one that is being worked on",
        hint="Wait for it, or choose another output",
    )


def empty(folder: Path) -> None:
    """Remove what a workspace holds."""
    # Without its request the rest means nothing, so that goes first: a kill in between leaves no false trail. The mark
    # of a finished run goes last: by it a folder that is half removed is known.
    (folder / _REQUEST).unlink(missing_ok=True)
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name == _FINISHED):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        else:
            os.unlink(entry.path)


def remove(folder: Path) -> None:
    """Remove a workspace."""
    empty(folder)
    folder.rmdir()
