"""The facts of a run folder or model folder, read from its JSON alone; nothing heavy is imported."""

import hashlib
import os
from pathlib import Path
from typing import Any

from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.runs.workspace import clear_finished
from neuraltopic.storage.edit_log import EDIT_LOG, read_edit_log
from neuraltopic.storage.formats import (
    IMAGE_MODEL_KIND,
    MODEL_FOLDER,
    MODEL_KIND,
    MODEL_OF_RUN,
    MODEL_VERSIONS,
    RUN_FACTS,
    RUN_VERSIONS,
)
from neuraltopic.storage.manifest import MANIFEST, verify_manifest
from neuraltopic.storage.regular import open_regular
from neuraltopic.storage.strict_json import read_json

_MAX_FACTS_BYTES = 1 << 24
_MAX_VOCABULARY_BYTES = 1 << 28
_RESTORE = "The folder is damaged or was changed; restore it from a copy or fit again"


def model_folder_of(folder: Path) -> Path:
    """The model folder: `folder` itself, or the one in it when it is a run.

    Raises
    ------
    UsageError
        When `folder` is neither.
    """
    if (folder / RUN_FACTS).exists():
        clear_finished(folder)
        return folder / MODEL_FOLDER
    if (folder / MANIFEST).exists():
        return folder
    missing = (
        f"neither {RUN_FACTS} nor {MANIFEST} in it"
        if folder.is_dir()
        else "a file"
        if folder.exists()
        else "no such folder"
    )
    raise UsageError(
        str(folder),
        expected="a run folder or a model folder",
        got=missing,
        hint="Name the folder that neuraltopic fit wrote",
    )


def read_run_facts(folder: Path, *, verify: bool = False) -> dict[str, Any]:
    """Describe a run folder or a model folder.

    Parameters
    ----------
    folder : Path
    verify : bool
        Whether to read every file and compare its SHA-256; sizes are always compared.

    Returns
    -------
    dict
        folder, kind ("run" or "model"), of ("documents" or "images"), checked ("sizes" or "sizes and SHA-256"), run
        (run.json, None for a model folder), model (versions, epochs, and for documents recipe, topics, words, documents
        and updates, for images dimensions, image_shape and images), edits (the name of each edit of the topics in the
        log, oldest first) and files (bytes of each by its path in the folder).

    Raises
    ------
    UsageError
        When the folder is neither.
    NeuralTopicError
        When a file is missing or is not as it was written.
    """
    model_folder = model_folder_of(folder)
    run, files = None, {}
    if model_folder != folder:
        run = _read_run(folder)
        listed = run.pop("files")
        for name, written in listed.items():
            _check_file(folder / name, written, content=verify)
            files[name] = written["bytes"]
    kind = _kind_of_model(model_folder) if run is None else MODEL_OF_RUN[run["format"]]
    manifest: Any = verify_manifest(model_folder, kind=kind, schema_version=MODEL_VERSIONS[kind], content=verify)
    prefix = "" if model_folder == folder else f"{MODEL_FOLDER}/"
    files |= {prefix + name: written["bytes"] for name, written in manifest["files"].items()}
    return {
        "folder": str(folder),
        "kind": "model" if run is None else "run",
        "of": "images" if kind == IMAGE_MODEL_KIND else "documents",
        "checked": "sizes and SHA-256" if verify else "sizes",
        "run": run,
        "model": _model_facts(model_folder, manifest, kind),
        "edits": _edits(folder, model_folder),
        "files": files,
    }


def _edits(folder: Path, model_folder: Path) -> list[str]:
    log = next((place / EDIT_LOG for place in (folder, model_folder) if (place / EDIT_LOG).exists()), None)
    return [] if log is None else [str(entry.get("op")) for entry in read_edit_log(log)]


def run_file(folder: Path, name: str) -> Path:
    """The path of a file of a run folder, its size checked.

    Raises
    ------
    UsageError
        When `folder` is a model folder, which holds nothing of the documents, or neither.
    NeuralTopicError
        When the file is missing or has changed in size.
    """
    if model_folder_of(folder) == folder:
        raise UsageError(
            str(folder),
            expected="a run folder",
            got="a model folder, which holds nothing of the documents",
            hint="Name the run that it came from, or embed the documents again",
        )
    files = _read_run(folder)["files"]
    if name not in files:
        raise _damaged(folder / RUN_FACTS, f"{name} among the files", "no such entry")
    _check_file(folder / name, files[name], content=False)
    return folder / name


def _read_run(folder: Path) -> dict[str, Any]:
    path = folder / RUN_FACTS
    facts = read_json(path, _MAX_FACTS_BYTES)
    kind = facts.get("format") if isinstance(facts, dict) else None
    if not isinstance(facts, dict) or not isinstance(kind, str) or kind not in RUN_VERSIONS:
        raise _damaged(path, f"the format {' or '.join(RUN_VERSIONS)}", "another")
    version = facts.get("schema_version")
    if type(version) is not int or not 1 <= version <= RUN_VERSIONS[kind]:
        raise NeuralTopicError(
            str(path),
            expected=f"schema version {RUN_VERSIONS[kind]} or older",
            got=f"{version!r:.40}",
            hint="Upgrade neuraltopic",
        )
    files = facts.get("files")
    if not isinstance(files, dict) or not all(_is_plain(name, of) for name, of in files.items()):
        raise _damaged(path, "the bytes and sha256 of each file", f"{files!r:.80}")
    return facts


def _is_plain(name: str, written: object) -> bool:
    return (
        Path(name).name == name
        and "\0" not in name
        and isinstance(written, dict)
        and type(written.get("bytes")) is int
        and isinstance(written.get("sha256"), str)
    )


def _check_file(path: Path, written: dict[str, Any], *, content: bool) -> None:
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size != written["bytes"]:
            raise _damaged(path, f"{written['bytes']:,} bytes", f"{size:,} bytes")
        if content and (digest := hashlib.file_digest(file, "sha256").hexdigest()) != written["sha256"]:
            raise _damaged(path, f"the SHA-256 {written['sha256']}", digest)


def _kind_of_model(folder: Path) -> str:
    """The format that the manifest of a model folder names; that of documents if it is unknown."""
    manifest: Any = read_json(folder / MANIFEST, _MAX_FACTS_BYTES)
    images = isinstance(manifest, dict) and manifest.get("format") == IMAGE_MODEL_KIND
    return IMAGE_MODEL_KIND if images else MODEL_KIND


def _model_facts(folder: Path, manifest: dict[str, Any], kind: str) -> dict[str, Any]:
    config: Any = read_json(folder / "config.json", _MAX_FACTS_BYTES)
    try:
        parameters, history = config["parameters"], config["history"]
        facts = {"schema_version": manifest["schema_version"], "neuraltopic": manifest["neuraltopic"]}
        if kind == IMAGE_MODEL_KIND:
            return facts | {
                "likelihood": parameters["likelihood"],
                "dimensions": parameters["n_components"],
                "hidden": parameters["hidden"],
                "image_shape": config["image_shape"],
                "images": config["n_images"],
                "epochs": len(history),
            }
        facts |= _seed_words(folder, parameters)
        return facts | {
            "recipe": parameters["recipe"],
            "topics": parameters["n_components"],
            "words": config["n_words"],
            "documents": config["n_documents"],
            "epochs": len(history),
            "corpus_sha256": config["corpus_sha256"],
            "updates": config.get("updates", []),
        }
    except (KeyError, TypeError) as error:
        raise _damaged(folder / "config.json", "the facts of a model", f"{type(error).__name__} {error}") from error


def _seed_words(folder: Path, parameters: dict[str, Any]) -> dict[str, dict[str, list[str]]]:
    """The seed words by topic, where there are any: config.json has their columns."""
    seeds = parameters.get("seed_words")
    if not seeds:
        return {}
    path = folder / "preprocessing.json"
    preprocessing: Any = read_json(path, _MAX_VOCABULARY_BYTES)
    try:
        words = preprocessing["words"]
        return {"seed_words": {topic: [words[column] for column in columns] for topic, columns in seeds.items()}}
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise _damaged(path, "the seed words of config.json", f"{type(error).__name__} {error}") from error


def _damaged(path: Path, expected: str, got: str) -> NeuralTopicError:
    return NeuralTopicError(str(path), expected=expected, got=got, hint=_RESTORE)
