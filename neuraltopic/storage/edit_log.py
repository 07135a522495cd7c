"""The log of edits of topics on disk: edits.jsonl, a line that identifies its topics, then one line per edit."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from neuraltopic.errors import NeuralTopicError
from neuraltopic.storage.atomic import atomic_write
from neuraltopic.storage.regular import open_regular
from neuraltopic.storage.strict_json import parse_json

EDIT_LOG = "edits.jsonl"
EDIT_LOG_KIND = "neuraltopic-edits"
EDIT_LOG_SCHEMA_VERSION = 1
_MAX_BYTES = 1 << 30
_HEADER = {"format", "schema_version", "topics_sha256"}
_RESTORE = "Restore it from a copy, or remove it to have the topics of the fit"


def write_edit_log(path: Path, entries: Sequence[dict[str, Any]], topics_sha256: str) -> None:
    """Write the log, complete or not at all.

    Parameters
    ----------
    path : Path
    entries : sequence of dict
        As JSON can hold them.
    topics_sha256 : str
        Digest of the topics that are edited.
    """
    header = {"format": EDIT_LOG_KIND, "schema_version": EDIT_LOG_SCHEMA_VERSION, "topics_sha256": topics_sha256}
    with atomic_write(path) as file:
        for line in (header, *entries):
            file.write(json.dumps(line, ensure_ascii=False, allow_nan=False).encode("utf-8") + b"\n")


def read_edit_log(path: Path, topics_sha256: str | None = None) -> list[dict[str, Any]]:
    """The entries of a log, oldest first.

    Parameters
    ----------
    path : Path
    topics_sha256 : str, optional
        Of the topics that it must be of.

    Raises
    ------
    NeuralTopicError
        When it is not as it was written, or the log of other topics.
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > _MAX_BYTES:
            raise _wrong(path, f"at most {_MAX_BYTES:,} bytes", f"{size:,}")
        content = file.read(size)
    if not content.endswith(b"\n"):
        raise _wrong(path, "a line feed at the end", "a line that is cut off" if content else "nothing")
    lines = [parse_json(line, f"{path}, line {n}") for n, line in enumerate(content[:-1].split(b"\n"), start=1)]
    header: Any = lines[0]
    if not isinstance(header, dict) or set(header) != _HEADER or header["format"] != EDIT_LOG_KIND:
        raise _wrong(path, f"a first line of the format {EDIT_LOG_KIND}", f"{header!r:.80}")
    version = header["schema_version"]
    if type(version) is not int or not 1 <= version <= EDIT_LOG_SCHEMA_VERSION:
        raise NeuralTopicError(
            str(path),
            expected=f"schema version {EDIT_LOG_SCHEMA_VERSION} or older",
            got=f"{version!r:.40}",
            hint="Upgrade neuraltopic",
        )
    if topics_sha256 is not None and header["topics_sha256"] != topics_sha256:
        raise _wrong(path, "the edits of these topics", "those of others")
    entries: list[dict[str, Any]] = []
    for number, entry in enumerate(lines[1:], start=2):
        if not isinstance(entry, dict):
            raise _wrong(path, f"an object in line {number}", f"{entry!r:.80}")
        entries.append(entry)
    return entries


def _wrong(path: Path, expected: str, got: str) -> NeuralTopicError:
    return NeuralTopicError(str(path), expected=expected, got=got, hint=_RESTORE)
