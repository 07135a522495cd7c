"""A cache of prepared corpora in a folder of the user, keyed by the content of the corpus and the settings.

A second fit of the same files with the same preprocessing reads the counts from it, with any other settings.
"""

import hashlib
import json
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuraltopic.errors import NeuralTopicError, NeuralTopicWarning, UsageError, parameter
from neuraltopic.preprocessing.preparation import reopen
from neuraltopic.preprocessing.preprocessor import PASSAGES
from neuraltopic.preprocessing.settings import Preprocessing
from neuraltopic.reading.content import files_sha256
from neuraltopic.reading.rows import Corpus
from neuraltopic.storage.atomic import atomic_folder, remove_path
from neuraltopic.storage.formats import PREPARATION
from neuraltopic.storage.strict_json import read_json, write_json
from neuraltopic.version import __version__

if TYPE_CHECKING:
    from neuraltopic.progress import Progress

# What was said while a corpus was prepared, of a cached corpus.
_NOTES, _MAX_NOTES_BYTES = "notes.json", 1 << 24


def _parts(settings: Preprocessing) -> list[str]:
    """What `prepare` writes into a workspace; the last marks the rest as complete."""
    passages = [] if settings.split is None else [PASSAGES]
    return ["counts", *passages, "ledger.parquet", "position.npy", PREPARATION]


class PreparationCache:
    """A folder of prepared corpora.

    Parameters
    ----------
    folder : Path
        Made when missing. It holds the counts, ids and other columns of every corpus that was fitted with it, until the
        user removes it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def make(self) -> None:
        """Make the folder, unless it is there.

        Raises
        ------
        UsageError
            When nothing can be written into it.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=self.folder).close()
        except OSError as error:
            raise UsageError(
                parameter("cache"),
                expected="a folder that can be written, or made",
                got=f"{self.folder}: {error.strerror}",
                hint="Name another folder, or leave it out",
            ) from error

    def take(self, corpus: Corpus, settings: Preprocessing, workspace: Path) -> int:
        """Copy a cached corpus into an empty workspace; return its number of rows, 0 where there was none.

        Warns
        -----
        NeuralTopicWarning
            Of all that the fit was told that prepared it; when what was kept is damaged: it is removed.
        """
        kept = self._place(corpus, settings)
        if kept is None or not kept.exists() or (workspace / PREPARATION).exists():
            return 0
        parts = _parts(settings)
        try:
            for part in parts:
                _link(kept / part, workspace / part)
            notes, preparation = _read_notes(kept / _NOTES), reopen(workspace)
            if preparation is not None:
                for note in notes:
                    warnings.warn(NeuralTopicWarning(note), stacklevel=2)
                return len(preparation.ledger)
            damage = f"no {PREPARATION}"
        except (NeuralTopicError, FileNotFoundError) as error:
            damage = f"{error.__cause__ or error}"[:200]
        for part in parts:
            remove_path(workspace / part)
        remove_path(kept)
        warnings.warn(
            f"{parameter('cache')}: {kept} is damaged ({damage}); the corpus is prepared again",
            NeuralTopicWarning,
            stacklevel=2,
        )
        return 0

    @contextmanager
    def keeping(
        self, corpus: Corpus, settings: Preprocessing, workspace: Path, progress: "Progress"
    ) -> Iterator["Progress"]:
        """Yield a progress for a fit, which forwards every call, and keeps what the fit prepares once all of it is
        there, with the notes that were shown until then.

        The corpus is kept by the content that it has when this is called, before it is read.

        Warns
        -----
        NeuralTopicWarning
            When it cannot be written.
        """
        place = self._place(corpus, settings)
        tried = False

        def forward(stage: str, done: int, total: int | None) -> None:
            nonlocal tried
            if place is not None and not tried and (workspace / PREPARATION).exists():
                tried = True
                _keep(workspace, place, _parts(settings), list(shown))
            progress(stage, done, total)

        with _notes_shown() as shown:
            yield forward

    def _place(self, corpus: Corpus, settings: Preprocessing) -> Path | None:
        """Folder of a cached corpus; None if the corpus is not a file or folder, or with a spaCy pipeline, which may
        change under its name."""
        if corpus.path is None or settings.spacy_pipeline is not None:
            return None
        # Words and lemmas may come from any package that is installed.
        packages = sorted({(package.name, package.version) for package in metadata.distributions()})
        said: list[Any] = [corpus.options, settings.to_dict(), packages, __version__]
        said.append(files_sha256(corpus.path))
        return self.folder / hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _link(source: Path, destination: Path) -> None:
    """The same files under another name, or copies of them where the file system has no links."""

    def link(one: str, other: str) -> None:
        try:
            os.link(one, other)
        except OSError:
            shutil.copy2(one, other)

    if source.is_dir():
        shutil.copytree(source, destination, copy_function=link)
    else:
        link(str(source), str(destination))


@contextmanager
def _notes_shown() -> Iterator[list[str]]:
    """Yield a list to which the notes of this library are added, each once, as they are shown."""
    with warnings.catch_warnings():
        show, shown = warnings.showwarning, list[str]()

        def add(message: Warning | str, *where: Any, **more: Any) -> None:
            if isinstance(message, NeuralTopicWarning) and message.template not in shown:
                shown.append(message.template)
            show(message, *where, **more)

        warnings.showwarning = add
        yield shown


def _read_notes(path: Path) -> list[str]:
    notes = read_json(path, _MAX_NOTES_BYTES)
    if not (isinstance(notes, list) and all(isinstance(note, str) for note in notes)):
        raise NeuralTopicError(str(path), expected="a list of notes", got=type(notes).__name__, hint="Delete it")
    return notes


def _keep(workspace: Path, place: Path, parts: list[str], notes: list[str]) -> None:
    """Put parts of a workspace, and notes, into a folder of the cache, unless another fit has."""
    if place.exists():
        return
    try:
        with atomic_folder(place) as unfinished:
            for part in parts:
                _link(workspace / part, unfinished / part)
            write_json(unfinished / _NOTES, notes)
    except (NeuralTopicError, OSError) as error:
        if not place.exists():
            warnings.warn(f"{parameter('cache')}: nothing was kept: {error}", NeuralTopicWarning, stacklevel=3)
