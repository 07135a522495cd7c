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
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from neuraltopic.errors import NeuralTopicError, NeuralTopicWarning, UsageError, parameter
from neuraltopic.preprocessing.preparation import reopen
from neuraltopic.preprocessing.preprocessor import PASSAGES
from neuraltopic.preprocessing.settings import Preprocessing
from neuraltopic.reading.rows import Corpus
from neuraltopic.storage.atomic import atomic_folder, remove_path
from neuraltopic.storage.formats import PREPARATION
from neuraltopic.version import __version__

if TYPE_CHECKING:
    from neuraltopic.progress import Progress


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
            When what was kept is damaged: it is removed.
        """
        kept = self._place(corpus, settings)
        if kept is None or not kept.exists() or (workspace / PREPARATION).exists():
            return 0
        parts = _parts(settings)
        try:
            for part in parts:
                _link(kept / part, workspace / part)
            preparation = reopen(workspace)
            if preparation is not None:
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

    def keeping(self, corpus: Corpus, settings: Preprocessing, workspace: Path, progress: "Progress") -> "Progress":
        """A progress of a fit that forwards every call, and keeps what the fit prepares once all of it is there.

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
                _keep(workspace, place, _parts(settings))
            progress(stage, done, total)

        return forward

    def _place(self, corpus: Corpus, settings: Preprocessing) -> Path | None:
        """Folder of a cached corpus; None if the corpus is not a file or folder, or with a spaCy pipeline, which may
        change under its name."""
        if corpus.path is None or settings.spacy_pipeline is not None:
            return None
        # Words and lemmas may come from any package that is installed.
        packages = sorted({(package.name, package.version) for package in metadata.distributions()})
        said = [corpus.options, settings.to_dict(), packages, __version__]
        digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode())
        for name, file in _files(corpus.path):
            with open(file, "rb") as content:
                digest.update(f"{name}\0{hashlib.file_digest(content, 'sha256').hexdigest()}\0".encode())
        return self.folder / digest.hexdigest()


def _files(path: Path) -> Iterator[tuple[str, Path]]:
    """The files of a corpus, by their path in it, in order; hidden ones are no part of it."""
    if path.is_file():
        yield path.suffix, path
        return
    for folder, folders, names in os.walk(path, followlinks=True):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(name for name in names if not name.startswith(".")):
            file = Path(folder) / name
            if file.is_file():
                yield file.relative_to(path).as_posix(), file


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


def _keep(workspace: Path, place: Path, parts: list[str]) -> None:
    """Put parts of a workspace into a folder of the cache, unless another fit has."""
    if place.exists():
        return
    try:
        with atomic_folder(place) as unfinished:
            for part in parts:
                _link(workspace / part, unfinished / part)
    except (NeuralTopicError, OSError) as error:
        if not place.exists():
            warnings.warn(f"{parameter('cache')}: nothing was kept: {error}", NeuralTopicWarning, stacklevel=3)
