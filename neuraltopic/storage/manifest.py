"""The manifest of a folder: its format, and the size and SHA-256 of every file, checked before use."""

import hashlib
import os
import re
from pathlib import Path
from typing import Any

from neuraltopic.errors import NeuralTopicError
from neuraltopic.storage.regular import open_regular
from neuraltopic.storage.strict_json import read_json, write_json
from neuraltopic.version import __version__

MANIFEST = "manifest.json"
MAX_MANIFEST_BYTES = 1 << 20
_RESERVED = ("format", "schema_version", "neuraltopic", "files")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_RESTORE = "The folder is damaged or was changed; restore it from a copy or make it again"


def write_manifest(folder: str | os.PathLike[str], *, kind: str, schema_version: int, extra: dict[str, object]) -> None:
    """Write `manifest.json` for the files that lie in `folder`; the last file to be written there.

    Parameters
    ----------
    folder : path-like
        Holds regular files only.
    kind : str
        What the folder is, for example "neuraltopic-model".
    schema_version : int
        From 1; raised whenever an older reader could not understand the folder.
    extra : dict
        Other facts to store, as JSON, under keys that the manifest does not use.

    Raises
    ------
    NeuralTopicError
        The folder holds something other than a regular file, or `extra` uses one of the manifest's own keys.
    """
    folder = Path(folder)
    if clash := sorted(set(extra) & set(_RESERVED)):
        raise NeuralTopicError(
            "extra",
            expected=f"keys other than {', '.join(_RESERVED)}",
            got=", ".join(clash),
            hint="Rename it",
        )
    files = {}
    for name in sorted(os.listdir(folder)):
        if name == MANIFEST:
            continue
        with open_regular(folder / name) as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            files[name] = {"bytes": os.fstat(file.fileno()).st_size, "sha256": digest}
    write_json(
        folder / MANIFEST,
        {
            "format": kind,
            "schema_version": schema_version,
            "neuraltopic": __version__,
            "files": files,
            **extra,
        },
    )


def verify_manifest(
    folder: str | os.PathLike[str], *, kind: str, schema_version: int, content: bool = True
) -> dict[str, Any]:
    """Check that `folder` is the `kind` it should be and holds exactly the files its manifest lists.

    The manifest is read first, then the names, then the sizes, then the content, so that a wrong folder is
    refused as early as possible. Links in the folder are never followed; the folder may be reached by one.

    Parameters
    ----------
    folder : path-like
        The folder that `write_manifest` completed.
    kind : str
        What the folder must be.
    schema_version : int
        The newest version that the caller understands.
    content : bool
        Whether to read every file and compare its SHA-256; without it only names and sizes are checked.

    Returns
    -------
    dict
        The manifest. Its `schema_version` is between 1 and the one asked for.

    Raises
    ------
    NeuralTopicError
        Anything differs. The message names the file and the difference.
    """
    folder = Path(folder)
    _require_manifest(folder, kind)
    manifest = _checked_manifest(folder / MANIFEST, kind=kind, schema_version=schema_version)
    files = manifest["files"]
    present = _names(folder) - {MANIFEST}
    for name in sorted(present ^ set(files)):
        raise NeuralTopicError(
            str(folder / name),
            expected="exactly the files of the manifest",
            got="a file that is not in it" if name in present else "no such file",
            hint="Remove it and try again" if name in present else _RESTORE,
        )
    for name, facts in files.items():
        _require_size(folder / name, facts["bytes"])
    for name, facts in files.items() if content else ():
        _require_digest(folder / name, facts["sha256"])
    return manifest


def _require_size(path: Path, expected: int) -> None:
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
    if size != expected:
        raise NeuralTopicError(str(path), expected=f"{expected:,} bytes", got=f"{size:,} bytes", hint=_RESTORE)


def _require_digest(path: Path, expected: str) -> None:
    with open_regular(path) as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != expected:
        raise NeuralTopicError(str(path), expected=f"the SHA-256 {expected}", got=digest, hint=_RESTORE)


def _require_manifest(folder: Path, kind: str) -> None:
    if not folder.is_dir():
        raise NeuralTopicError(
            str(folder),
            expected=f"a folder of the format {kind}",
            got="a file" if folder.exists() else "nothing of that name",
            hint="Check the path",
        )
    if not os.path.lexists(folder / MANIFEST):
        raise NeuralTopicError(
            str(folder),
            expected=f"a folder of the format {kind}",
            got=f"no {MANIFEST} in it",
            hint="Name a folder that neuraltopic saved",
        )


def _names(folder: Path) -> set[str]:
    try:
        return set(os.listdir(folder))
    except OSError as error:
        raise NeuralTopicError(
            str(folder),
            expected="a folder that can be listed",
            got=error.strerror or str(error),
            hint="Check its permissions",
        ) from error


def _checked_manifest(path: Path, *, kind: str, schema_version: int) -> dict[str, Any]:
    manifest = read_json(path, MAX_MANIFEST_BYTES)
    if not isinstance(manifest, dict) or "format" not in manifest:
        raise _wrong(path, "an object with a format", "something else")
    if manifest["format"] != kind:
        raise NeuralTopicError(
            str(path.parent),
            expected=f"the format {kind}",
            got=f"{manifest['format']!r:.80}",
            hint="Name the folder of the right kind",
        )
    version = manifest.get("schema_version")
    if type(version) is not int or version < 1:
        raise _wrong(path, "a schema_version from 1", f"{version!r:.80}")
    if version > schema_version:
        written_by = manifest.get("neuraltopic")
        raise NeuralTopicError(
            str(path.parent),
            expected=f"schema version {schema_version} or older",
            got=f"version {version}, written by neuraltopic {written_by!r:.40}",
            hint=f"Upgrade neuraltopic (this is {__version__})",
        )
    files = manifest.get("files")
    if not isinstance(files, dict):
        raise _wrong(path, "an object called files", f"{files!r:.80}")
    for name, facts in files.items():
        if name in ("", ".", "..", MANIFEST) or re.search(r"[/\\:\x00-\x1f]", name):
            raise _wrong(path, "plain file names", f"{name!r:.80}")
        if (
            not isinstance(facts, dict)
            or set(facts) != {"bytes", "sha256"}
            or type(facts["bytes"]) is not int
            or not isinstance(facts["sha256"], str)
            or not _SHA256.fullmatch(facts["sha256"])
        ):
            raise _wrong(path, f"the bytes and sha256 of {name!r:.80}", f"{facts!r:.80}")
    return manifest


def _wrong(path: Path, expected: str, got: str) -> NeuralTopicError:
    return NeuralTopicError(str(path), expected=expected, got=got, hint=_RESTORE)
