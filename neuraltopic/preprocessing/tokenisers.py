"""Cut texts into the forms that stand in them; what is kept of a form is decided elsewhere, once a form."""

import hashlib
import importlib.util
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import regex

from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.preprocessing.segmenters import DEFAULT_SEGMENTER, Segmentation
from neuraltopic.preprocessing.spelling import APOSTROPHES, GERSHAYIM, ZERO_WIDTH

if TYPE_CHECKING:
    from spacy.language import Language

# A letter or number, then letters, marks (Hindi vowel signs, decomposed accents) and numbers; such runs are
# joined by an apostrophe, a character without width, or between Hebrew letters gershayim.
_RUN = r"[\p{L}\p{N}][\p{L}\p{M}\p{N}]*+"
_BETWEEN = rf"(?:[{APOSTROPHES}]|[{ZERO_WIDTH}]+|(?<=\p{{Hebrew}}[\p{{M}}]?)[{GERSHAYIM}](?=\p{{Hebrew}}))"
_WORD = regex.compile(rf"{_RUN}(?:{_BETWEEN}{_RUN})*+")

# All but letters, digits and apostrophes become a space.
_ASCII = "".join(chr(code) if chr(code).isalnum() or chr(code) == "'" else " " for code in range(128))
_GRAVE = regex.compile(r"(?<=[\p{L}\p{N}])`(?=[\p{L}\p{N}])")

# Addresses are found by the one sign that they must hold, and followed from there to the left (`(?r)` matches
# backwards): a pattern that starts with the name before the sign is tried at every letter of the text.
_URL, _SCHEME = regex.compile(r"""://[^\s<>"]+"""), regex.compile(r"(?r)\b[A-Za-z][A-Za-z0-9+.-]*")
_DOMAIN, _MAILBOX = regex.compile(r"@[\w-]+(?:\.[\w-]+)+"), regex.compile(r"(?r)[\w.%+-]+")
_WWW = re.compile(r"""\b[Ww]{3}\.[^\s<>"]+""")


class Tokeniser(Protocol):
    """Anything that turns texts into lists of forms, in the order in which they stand."""

    @property
    def identity(self) -> dict[str, str]:
        """Name and version: texts give the same forms wherever both are the same."""

    def __call__(self, texts: Iterable[str]) -> Iterator[list[str]]:
        """Yield the forms of each text; an empty list for a text without any."""


class WordTokeniser:
    """Words of any script that puts something between them.

    Letters, marks and numbers make words; an apostrophe inside a word belongs to it, whichever sign stands for it.
    E-mail addresses and URLs are taken out first. Scripts without spaces are cut by a segmenter.

    Parameters
    ----------
    segmenter : str
        As in `Preprocessing`.

    Raises
    ------
    UsageError
        When the segmenter is unknown or not installed.
    """

    identity = {"name": "words", "version": "2"}  # noqa: RUF012  (never changed)

    def __init__(self, segmenter: str = DEFAULT_SEGMENTER) -> None:
        self.segmentation = Segmentation(segmenter)

    def __call__(self, texts: Iterable[str]) -> Iterator[list[str]]:
        """Yield the words of each text."""
        return map(self._words, texts)

    def _words(self, text: str) -> list[str]:
        text = without_addresses(text)
        if "`" in text:
            text = _GRAVE.sub("'", text)
        if text.isascii():
            return ascii_words(text)
        return _WORD.findall(self.segmentation(text))


def ascii_words(text: str) -> list[str]:
    """Return the words of an ASCII text, three times as fast as by the pattern of others."""
    text = text.translate(_ASCII)
    if "'" in text:  # one that is not between two word characters is no part of a word
        text = text.replace("''", "  ").replace("' ", "  ").replace(" '", "  ").strip("'")
    return text.split()


def without_addresses(text: str) -> str:
    """Return the text without URLs and e-mail addresses."""
    if "://" in text:
        text = _cut(text, _URL, _SCHEME)
    if "ww." in text or "WW." in text:
        text = _WWW.sub(" ", text)
    if "@" in text:
        text = _cut(text, _DOMAIN, _MAILBOX)
    return text


def _cut(text: str, sign: regex.Pattern, before: regex.Pattern) -> str:
    """Take out every match of `sign` that `before` matches up to."""
    pieces, kept = [], 0
    for found in sign.finditer(text):
        name = before.match(text, kept, found.start())
        if name:
            pieces.append(text[kept : name.start()])
            kept = found.end()
    pieces.append(text[kept:])
    return " ".join(pieces)


class SpacyTokeniser:
    """The tokens of a spaCy pipeline: their lemmas when the pipeline gives them, else what is written.

    Parameters
    ----------
    pipeline : str
        The name or folder of a trained pipeline, or `blank:` and a language code for its tokeniser alone.
    sha256 : str, optional
        The digest that a folder must have; one with another is not loaded.

    Tokens without a letter or number, e-mail addresses and URLs are left out. Of the pipeline, only what a
    lemma needs is run.

    Raises
    ------
    UsageError
        When the pipeline is not installed or spaCy has no such language.
    NeuralTopicError
        When the folder has changed.
    """

    # What lemmas depend on; a parser or a named-entity recogniser would only cost time.
    _COMPONENTS = frozenset(
        {
            "attribute_ruler",
            "lemmatizer",
            "morphologizer",
            "tagger",
            "tok2vec",
            "trainable_lemmatizer",
            "transformer",
        }
    )

    def __init__(self, pipeline: str, *, sha256: str | None = None) -> None:
        self.pipeline = pipeline
        self._sha256 = _digest(Path(pipeline)) if _is_folder(pipeline) else None
        if sha256 is not None and self._sha256 != sha256:
            raise NeuralTopicError(
                f"spaCy pipeline {pipeline!r}",
                expected=f"the folder of the fit, with the SHA-256 {sha256}",
                got=self._sha256 or "no such folder",
                hint="Restore the folder, or fit again",
            )
        self._nlp = _load(pipeline)
        self._nlp.select_pipes(enable=[name for name in self._nlp.pipe_names if name in self._COMPONENTS])
        # The limit guards the memory of the parser and the recogniser, which are not run.
        self._nlp.max_length = sys.maxsize

    @property
    def identity(self) -> dict[str, str]:
        """The pipeline's name and its own version; of a folder also a digest of what is in it."""
        content = {"sha256": self._sha256} if self._sha256 else {}
        return {"name": self.pipeline, "version": str(self._nlp.meta["version"]), **content}

    def __call__(self, texts: Iterable[str]) -> Iterator[list[str]]:
        """Yield the tokens of each text."""
        for document in self._nlp.pipe(texts):
            # "_" joins the words of a phrase, so it cannot stand inside a word.
            yield [
                part
                for token in document
                if not (token.like_url or token.like_email)
                for part in (token.lemma_ or token.text).replace("_", " ").split()
                if _WORD.search(part)
            ]


def _is_folder(pipeline: str) -> bool:
    # As spacy.load decides: an installed package goes before a folder of its name.
    installed = pipeline.isidentifier() and importlib.util.find_spec(pipeline) is not None
    return not installed and Path(pipeline).is_dir()


def _digest(folder: Path) -> str:
    """SHA-256 of the names and the contents of the files of a folder."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(folder).as_posix()}\0{content}\n".encode())
    return digest.hexdigest()


def _load(pipeline: str) -> "Language":
    import spacy

    try:
        if pipeline.startswith("blank:"):
            return spacy.blank(pipeline.removeprefix("blank:"))
        return spacy.load(pipeline)
    except (OSError, ImportError) as error:
        raise UsageError(
            f"spaCy pipeline {pipeline!r}",
            expected="an installed pipeline, its folder, or blank: and a language code",
            got=f"{type(error).__name__}: {str(error).rstrip('.')}",
            hint="Install it (python -m spacy download NAME) or name another, such as blank:en",
        ) from error
