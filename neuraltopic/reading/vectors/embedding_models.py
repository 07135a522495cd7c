"""Sentence embeddings of documents by a local model of sentence-transformers or model2vec.

Nothing is downloaded and no code of the folder is run: weights are safetensors. Axes: N input rows, C dimensions.
"""

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuraltopic.errors import NeuralTopicError, UsageError, install_hint, parameter
from neuraltopic.reading.readers import StandardInput
from neuraltopic.reading.rows import Corpus
from neuraltopic.reading.vectors.embedding_files import EmbeddingSource

# Texts that are encoded between two reports of progress; the library makes its own batches of them.
_AT_ONCE = 256
_WEIGHTS = "model.safetensors"

Encode = Callable[[list[str]], NDArray[np.float32]]


class EmbeddingModel:
    """A sentence-embedding model in a folder.

    Parameters
    ----------
    folder : Path
        As the library's save wrote it, with weights as safetensors.
    device : str, default "auto"
        For a sentence-transformers model; model2vec uses NumPy only.

    Raises
    ------
    UsageError
        When the folder is missing or holds neither.
    """

    def __init__(self, folder: str | Path, *, device: str = "auto") -> None:
        self.folder = Path(folder)
        self.device = device
        self.kind = self._kind()

    @property
    def name(self) -> str:
        """Its name in error messages."""
        return f"embedding model {self.folder}"

    @cached_property
    def sha256(self) -> str:
        """Digest of all files of the folder."""
        digest = hashlib.sha256()
        for path in sorted(path for path in self.folder.rglob("*") if path.is_file()):
            digest.update(path.relative_to(self.folder).as_posix().encode() + b"\0")
            with open(path, "rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        return digest.hexdigest()

    @cached_property
    def encode(self) -> Encode:
        """Embeddings of texts, float32 (n, C), each a function of its text alone.

        Raises
        ------
        UsageError
            When the library is not installed.
        NeuralTopicError
            When the model cannot be loaded.
        """
        try:
            return self._sentence_transformer() if self.kind == "sentence-transformers" else self._static_model()
        except ImportError as error:
            raise UsageError(
                self.name,
                expected=f"the package {self.kind}, which reads it",
                got=str(error),
                hint=install_hint("embeddings"),
            ) from error
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise NeuralTopicError(
                self.name,
                expected="a whole model with weights as safetensors",
                got=str(error)[:300],
                hint="Save it again by the library that made it",
            ) from error

    def _kind(self) -> str:
        modules, config = (self._json(name) for name in ("modules.json", "config.json"))
        first = modules[0] if isinstance(modules, list) and modules else None
        kind = str(first.get("type", "")) if isinstance(first, dict) else ""
        # model2vec writes a modules.json too, of one module in the folder itself.
        if isinstance(config, dict) and (config.get("model_type") == "model2vec" or kind.endswith("StaticEmbedding")):
            return "model2vec"
        if kind:
            return "sentence-transformers"
        missing = "a file" if self.folder.is_file() else "no such folder"
        raise UsageError(
            self.name,
            expected="a folder with the modules.json of sentence-transformers, or the config.json of model2vec",
            got="a folder with neither" if self.folder.is_dir() else missing,
            hint="Pass the folder that the library's save wrote; nothing is downloaded",
        )

    def _json(self, name: str) -> Any:
        """The JSON of a file of the folder; None if there is no such file or no JSON in it."""
        try:
            return json.loads((self.folder / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def _sentence_transformer(self) -> Encode:
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        # Its own bar of the weights would be printed among our lines, also where --quiet asks for none.
        shown = logging.is_progress_bar_enabled()
        logging.disable_progress_bar()
        try:
            model = SentenceTransformer(
                str(self.folder.resolve()),
                device=None if self.device == "auto" else self.device,
                local_files_only=True,
                trust_remote_code=False,
                model_kwargs={"use_safetensors": True},
            )
        finally:
            if shown:
                logging.enable_progress_bar()

        def encode(texts: list[str]) -> NDArray[np.float32]:
            return np.asarray(model.encode(texts, show_progress_bar=False, convert_to_numpy=True), np.float32)

        return encode

    def _static_model(self) -> Encode:
        from model2vec import StaticModel

        if not (self.folder / _WEIGHTS).is_file():
            raise FileNotFoundError(f"no {_WEIGHTS}")
        model = StaticModel.from_pretrained(self.folder.resolve())
        return lambda texts: np.asarray(model.encode(texts, use_multiprocessing=False), np.float32)


class EmbeddingsByModel(EmbeddingSource):
    """Embeddings of a corpus by a model, computed when they are first read, with the interface of those of a file.

    Parameters
    ----------
    model : EmbeddingModel
    corpus : Corpus
        Every row's text is embedded, before any preprocessing. A row that could not be read has zeros.

    The array is mapped from a temporary file, which is deleted with it.

    Raises
    ------
    UsageError
        When the corpus is standard input, which cannot be read a second time.
    """

    def __init__(self, model: EmbeddingModel, corpus: Corpus) -> None:
        if isinstance(corpus, StandardInput):
            raise UsageError(
                parameter("embed_with"),
                expected="documents in files, which are read for their words and again for their embeddings",
                got="standard input",
                hint="Write them to a file first",
            )
        self.model = model
        self.corpus = corpus
        self.path = model.folder

    @property
    def values(self) -> NDArray[np.float32]:
        """float32 (N, C)."""
        return self._made

    @cached_property
    def n_dimensions(self) -> int:
        """C, for which one text is embedded."""
        return self.model.encode([""]).shape[1]

    def facts(self) -> dict[str, Any]:
        """The model's folder, kind and digest, as JSON can hold them."""
        return {"model": str(self.model.folder), "kind": self.model.kind, "sha256": self.model.sha256}

    @cached_property
    def _made(self) -> NDArray[np.float32]:
        n_rows = 0
        with tempfile.TemporaryFile(prefix="neuraltopic-embeddings-") as file:
            for block in self._blocks():
                n_rows += len(block)
                file.write(block.tobytes())
                if self._progress:
                    self._progress("embedding", n_rows, None)
            if not n_rows:
                return np.zeros((0, self.n_dimensions), np.float32)
            # The map keeps the unnamed file until the map is deleted.
            return np.memmap(file, np.float32, "r", shape=(n_rows, self.n_dimensions))

    def _blocks(self) -> Iterator[NDArray[np.float32]]:
        rows = iter(self.corpus)
        while some := list(islice(rows, _AT_ONCE)):
            block = np.array(self.model.encode([row.text or "" for row in some]), np.float32)
            block[[row.text is None for row in some]] = 0.0
            yield block

    @property
    def _name(self) -> str:
        return self.model.name
