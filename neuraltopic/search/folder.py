"""The folder of an index, and how it changes: whole or not at all, one writer, any number of readers.

index.json              the generation: its segments, their deleted documents, size and SHA-256 of every file
model-N/                the model folder that queries are read with
segment-N/              see `segments`; never changed once index.json names it
embedding_topics-N.npy  float32 (C + 1, K), see `EmbeddingTopics`; not without embeddings nor in earlier versions
deleted-N.npy           int64 (n, 2): segment by its place in index.json, document by its place in the segment
writer.lock             locked while a process changes the index

A change writes new files, then index.json in one step. What no index.json names was left by a process that was killed,
and goes with the next change. A reader that has opened a generation keeps it.
"""

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.storage.formats import INDEX_FACTS, INDEX_KIND, INDEX_SCHEMA_VERSION
from neuraltopic.storage.lock import only_writer
from neuraltopic.storage.outputs import INDEX_LOCK
from neuraltopic.storage.regular import open_regular
from neuraltopic.storage.strict_json import read_json, write_json
from neuraltopic.version import __version__

_MAX_FACTS_BYTES = 1 << 24
# Of the model that made the embeddings.
EMBEDDER_FACTS = ("model", "kind", "sha256")
_RESTORE = "The index is damaged or was changed; restore it from a copy or build it again"


@dataclass(frozen=True)
class Generation:
    """What index.json says.

    Attributes
    ----------
    number : int
        Raised by every change, and in the names of the files that it writes.
    model : str
        Name of the model folder.
    n_words, n_topics : int
        V and K.
    keeps_text : bool
    n_dimensions : int or None
        C, of the embeddings that are kept; None where none are.
    embedder : dict or None
        The model that made them, as `EmbeddingModel.facts` gives it; None where they came from a file.
    segments : dict of str to int
        Documents of each segment folder.
    embedding_topics : str or None
        Name of the file of the topics that embeddings suggest; None without embeddings, and in indexes of earlier
        versions.
    learned_from : int
        Documents of the segments from which these were learned.
    deleted : str or None
        Name of the file of deleted documents.
    files : dict of str to dict
        bytes and sha256 of each file, by its path in the index.
    """

    number: int
    model: str
    n_words: int
    n_topics: int
    keeps_text: bool
    n_dimensions: int | None = None
    embedder: dict[str, str] | None = None
    embedding_topics: str | None = None
    learned_from: int = 0
    segments: dict[str, int] = field(default_factory=dict)
    deleted: str | None = None
    files: dict[str, dict[str, Any]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """What index.json holds."""
        return {
            "format": INDEX_KIND,
            "schema_version": INDEX_SCHEMA_VERSION,
            "neuraltopic": __version__,
            "generation": self.number,
            "model": self.model,
            "words": self.n_words,
            "topics": self.n_topics,
            "keeps_text": self.keeps_text,
            "dimensions": self.n_dimensions,
            "embedder": self.embedder,
            "embedding_topics": self.embedding_topics,
            "learned_from": self.learned_from,
            "segments": self.segments,
            "deleted": self.deleted,
            "files": self.files,
        }

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The generation that index.json names now.

        Raises
        ------
        UsageError
            When the folder is no index.
        NeuralTopicError
            When index.json is not as it was written.
        """
        path = folder / INDEX_FACTS
        if not path.exists():
            raise UsageError(
                str(folder),
                expected="an index",
                got=f"no {INDEX_FACTS} in it" if folder.is_dir() else "a file" if folder.exists() else "no such folder",
                hint="Name the folder that neuraltopic index wrote",
            )
        facts: Any = read_json(path, _MAX_FACTS_BYTES)
        kind = facts.get("format") if isinstance(facts, dict) else None
        if kind != INDEX_KIND:
            raise _damaged(path, f"the format {INDEX_KIND}", f"{kind!r:.40}")
        version = facts.get("schema_version")
        if type(version) is not int or not 1 <= version <= INDEX_SCHEMA_VERSION:
            raise NeuralTopicError(
                str(path),
                expected=f"schema version {INDEX_SCHEMA_VERSION} or older",
                got=f"{version!r:.40}",
                hint="Upgrade neuraltopic",
            )
        try:
            generation = cls(
                number=facts["generation"],
                model=facts["model"],
                n_words=facts["words"],
                n_topics=facts["topics"],
                keeps_text=facts["keeps_text"],
                n_dimensions=facts["dimensions"] if version > 1 else None,
                embedder=facts["embedder"] if version > 1 else None,
                embedding_topics=facts["embedding_topics"] if version > 2 else None,
                learned_from=facts["learned_from"] if version > 2 else 0,
                segments=facts["segments"],
                deleted=facts["deleted"],
                files=facts["files"],
            )
            if not _as_written(generation):
                raise TypeError("a member of another kind")
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise _damaged(path, "the members of an index", f"{type(error).__name__} {error}") from error
        return generation

    def with_files(self, folder: Path, names: Iterable[str]) -> Self:
        """The same with the files under these names, each a file or a folder, and of the others those still in use."""
        kept = {path: facts for path, facts in self.files.items() if path.split("/")[0] in self.in_use()}
        for name in names:
            top = folder / name
            for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
                if path.is_file():
                    kept[path.relative_to(folder).as_posix()] = _fingerprint(path)
        return replace(self, files=kept)

    def in_use(self) -> set[str]:
        """The names at the top of the folder, but for index.json and the lock."""
        return {self.model, *self.segments, *(name for name in (self.embedding_topics, self.deleted) if name)}

    def verify(self, folder: Path) -> None:
        """Compare the size and SHA-256 of every file.

        Raises
        ------
        NeuralTopicError
            When one is missing or differs.
        """
        for name, written in self.files.items():
            path = folder / name
            with open_regular(path) as file:
                size = os.fstat(file.fileno()).st_size
                if size != written["bytes"]:
                    raise _damaged(path, f"{written['bytes']:,} bytes", f"{size:,} bytes")
                if (digest := hashlib.file_digest(file, "sha256").hexdigest()) != written["sha256"]:
                    raise _damaged(path, f"the SHA-256 {written['sha256']}", digest)

    def write(self, folder: Path) -> None:
        """Make this the generation of the folder."""
        write_json(folder / INDEX_FACTS, self.to_dict())


@contextlib.contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Keep other writers out, and remove what an earlier one left unfinished, before and after.

    Raises
    ------
    UsageError
        When another process is writing.
    """
    if not (folder / INDEX_FACTS).exists():
        Generation.read(folder)  # says that it is no index
    (folder / INDEX_LOCK).touch(0o666)
    with only_writer(folder / INDEX_LOCK, thing=str(folder), expected="an index that nobody is changing"):
        _clean(folder)
        try:
            yield
        finally:
            _clean(folder)


def _clean(folder: Path) -> None:
    """Remove what index.json does not name."""
    kept = Generation.read(folder).in_use() | {INDEX_FACTS, INDEX_LOCK}
    with os.scandir(folder) as entries:
        strange = [entry for entry in entries if entry.name not in kept]
    for entry in strange:
        # Only what a writer names so: anything else is not ours to remove.
        if entry.name.startswith(("model-", "segment-", "embedding_topics-", "deleted-", f".{INDEX_FACTS}.")):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
            else:
                os.unlink(entry.path)


def _as_written(generation: Generation) -> bool:
    sizes = (*generation.segments.values(), generation.learned_from)
    numbers = (generation.number, generation.n_words, generation.n_topics, *sizes)
    optional = [name for name in (generation.embedding_topics, generation.deleted) if name is not None]
    names = [generation.model, *generation.segments, *optional]
    return (
        all(type(number) is int and number >= 0 for number in numbers)
        and type(generation.keeps_text) is bool
        and (generation.n_dimensions is None or type(generation.n_dimensions) is int)
        and (generation.embedder is None or all(type(generation.embedder[name]) is str for name in EMBEDDER_FACTS))
        and all(isinstance(name, str) and _plain(name) for name in names)
        and isinstance(generation.files, dict)
        and all(_is_file(path, facts) for path, facts in generation.files.items())
        and {path.split("/")[0] for path in generation.files} == generation.in_use()
    )


def _is_file(path: str, facts: Mapping[str, Any]) -> bool:
    named = all(map(_plain, path.split("/")))
    return named and set(facts) == {"bytes", "sha256"} and type(facts["bytes"]) is int and type(facts["sha256"]) is str


def _plain(name: str) -> bool:
    return name not in ("", ".", "..") and not set(name) & set("/\\:\0")


def _fingerprint(path: Path) -> dict[str, Any]:
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return {"bytes": os.fstat(file.fileno()).st_size, "sha256": digest}


def _damaged(path: Path, expected: str, got: str) -> NeuralTopicError:
    return NeuralTopicError(str(path), expected=expected, got=got, hint=_RESTORE)
