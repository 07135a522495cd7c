"""Cut texts into the forms that stand in them; what is kept of a form is decided elsewhere, once a form."""

import hashlib
import importlib.util
import itertools
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import regex

from neuraltopic.errors import NeuralTopicError, UsageError, parameter
from neuraltopic.preprocessing.cleaning.addresses import ADDRESSES, without_addresses
from neuraltopic.preprocessing.cleaning.signs import Sign, signs_of
from neuraltopic.preprocessing.normalisation.spelling import APOSTROPHES, GERSHAYIM, ZERO_WIDTH
from neuraltopic.preprocessing.normalisation.technical_words import (
    SHOW,
    TECHNICAL,
    has_hidden_signs,
    with_signs_hidden,
)
from neuraltopic.preprocessing.tokenisation.segmenters import DEFAULT_SEGMENTER, Segmentation

if TYPE_CHECKING:
    from spacy.language import Language

# A letter or number, then letters, marks (Hindi vowel signs, decomposed accents) and numbers; such runs are
# joined by an apostrophe, a character without width, between Hebrew letters gershayim or two apostrophes, or in l·l a
# middle dot. A joiner after a mark at the end makes the last letter of Malayalam and Bengali words.
_RUN = r"[\p{L}\p{N}][\p{L}\p{M}\p{N}]*+"
_BETWEEN = (
    rf"(?:[{APOSTROPHES}]|[{ZERO_WIDTH}]+|(?<=\p{{Hebrew}}[\p{{M}}]?)(?:[{GERSHAYIM}]|[{APOSTROPHES}]{{2}})(?=\p{{Hebrew}})"
    r"|(?<=[lL\u0140])[\u00b7\u2027\u2219\u22c5](?=[lL]))"
)
_LAST_JOINER = r"(?:(?<=\p{M})\u200d)?+"
_WORD = regex.compile(rf"{_RUN}(?:{_BETWEEN}{_RUN})*+{_LAST_JOINER}")

# All but letters, digits and apostrophes become a space.
_ASCII = "".join(chr(code) if chr(code).isalnum() or chr(code) == "'" else " " for code in range(128))
_GRAVE = regex.compile(r"(?<=[\p{L}\p{N}])`(?=[\p{L}\p{N}])")

# The signs of technical words, which `with_signs_hidden` turns into control characters, are part of words.
_SIGNED_RUN = r"[\p{L}\p{N}\x01-\x05][\p{L}\p{M}\p{N}\x01-\x05]*+"
_SIGNED_WORD = regex.compile(rf"{_SIGNED_RUN}(?:{_BETWEEN}{_SIGNED_RUN})*+{_LAST_JOINER}")
_SIGNED_ASCII = "".join(chr(SHOW.get(code, ord(character))) for code, character in enumerate(_ASCII))

# Signs without one of which `WordTokeniser.prepared` leaves a text as it is.
PREPARING = ADDRESSES | Sign.GRAVE | TECHNICAL


class Tokeniser(Protocol):
    """Anything that turns texts into lists of forms, in the order in which they stand."""

    @property
    def identity(self) -> dict[str, str]:
        """Name and version: texts give the same forms wherever both are the same."""

    def __call__(self, texts: Iterable[str]) -> Iterator[list[str]]:
        """Yield the forms of each text; an empty list for a text without any."""


class WordTokeniser:
    """Words of any script that puts something between them.

    Letters, marks and numbers make words; an apostrophe inside a word belongs to it, whichever sign stands for it, and
    technical words keep their signs (see `technical_words`). E-mail addresses and URLs are taken out first. Scripts
    without spaces are cut by a segmenter.

    Parameters
    ----------
    segmenter : str
        As in `Preprocessing`.

    Raises
    ------
    UsageError
        When the segmenter is unknown or not installed.
    """

    identity = {"name": "words", "version": "8"}  # noqa: RUF012  (never changed)

    def __init__(self, segmenter: str = DEFAULT_SEGMENTER) -> None:
        self.segmentation = Segmentation(segmenter)

    def __call__(self, texts: Iterable[str]) -> Iterator[list[str]]:
        """Yield the words of each text."""
        return (self.words(self.prepared(text, signs_of(text))) for text in texts)

    def prepared(self, text: str, signs: int) -> str:
        """The text, of which the signs are given, without addresses, its technical words with their signs hidden."""
        text = without_addresses(text, signs)
        if signs & Sign.GRAVE:
            text = _GRAVE.sub("'", text)
        return with_signs_hidden(text, signs)

    def words(self, prepared: str) -> list[str]:
        """The words of a prepared text."""
        if prepared.isascii():
            return ascii_words(prepared, _SIGNED_ASCII)
        found: list[str] = []
        # Words do not go on after a line end, and most lines of some long texts are ASCII.
        lines = prepared.split("\n")
        if self.segmentation.applies("\n".join(line for line in lines if not line.isascii())):
            lines = self.segmentation(prepared).split("\n")
        for in_ascii, together in itertools.groupby(lines, str.isascii):
            part = "\n".join(together)
            found += ascii_words(part, _SIGNED_ASCII) if in_ascii else _any_words(part)
        return found


def _any_words(text: str) -> list[str]:
    if has_hidden_signs(text):
        return [form.translate(SHOW) for form in _SIGNED_WORD.findall(text)]
    return _WORD.findall(text)


class PatternTokeniser:
    """What a regular expression of the module `regex` matches: its first group where it has one.

    Raises
    ------
    UsageError
        When it is no regular expression, matches nothing at all, or has several groups.
    """

    def __init__(self, pattern: str) -> None:
        try:
            self._pattern = regex.compile(pattern)
        except regex.error as error:
            raise _bad_pattern(pattern, str(error)) from error
        if self._pattern.groups > 1:
            raise _bad_pattern(pattern, f"{self._pattern.groups} groups")
        if self._pattern.fullmatch(""):
            raise _bad_pattern(pattern, "one that matches an empty text")
        self.identity = {"name": "pattern", "version": pattern}

    def __call__(self, texts: Iterable[str]) -> Iterator[list[str]]:
        """Yield the matches in each text."""
        for text in texts:
            yield [match for match in self._pattern.findall(text) if match]


class BlankTokeniser:
    """What stands between blanks: the words of texts that were cut before."""

    identity = {"name": "blanks", "version": "1"}  # noqa: RUF012  (never changed)

    def __call__(self, texts: Iterable[str]) -> Iterator[list[str]]:
        """Yield the words of each text."""
        return map(str.split, texts)


def ascii_words(text: str, letters: str = _ASCII) -> list[str]:
    """Return the words of an ASCII text, three times as fast as by the pattern of others.

    `letters` has for each character what becomes of it.
    """
    text = text.translate(letters)
    if "'" in text:  # one that is not between two word characters is no part of a word
        text = text.replace("''", "  ").replace("' ", "  ").replace(" '", "  ").strip("'")
    return text.split()


def _bad_pattern(pattern: str, got: str) -> UsageError:
    return UsageError(
        parameter("token_pattern", repr(pattern)),
        expected="a regular expression that matches a word, with one group at most",
        got=got,
        hint=r"Try \S+ for all between blanks",
    )


class SpacyTokeniser:
    """The tokens of a spaCy pipeline: their lemmas when the pipeline gives them, else what is written.

    Parameters
    ----------
    pipeline : str
        The name or folder of a trained pipeline, or `blank:` and a language code for its tokeniser alone.
    sha256 : str, optional
        The digest that a folder must have; one with another is not loaded.

    compounds : bool
        Whether a token of several words, as a pipeline with merge_entities gives them, is one word, joined by "_", and
        "_" in a token stays. Models that were saved without have them cut.

    Tokens without a letter or number, e-mail addresses and URLs are left out. Of the pipeline, only what a
    lemma or a compound needs is run.

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

    # What makes compounds, and what these are made of.
    _MERGERS = frozenset({"merge_entities", "merge_noun_chunks", "merge_subtokens"})
    _MERGED = frozenset({"ner", "entity_ruler", "span_ruler", "parser"})

    def __init__(self, pipeline: str, *, sha256: str | None = None, compounds: bool = True) -> None:
        self.pipeline = pipeline
        self._compounds = compounds
        self._sha256 = _digest(Path(pipeline)) if _is_folder(pipeline) else None
        if sha256 is not None and self._sha256 != sha256:
            raise NeuralTopicError(
                f"spaCy pipeline {pipeline!r}",
                expected=f"the folder of the fit, with the SHA-256 {sha256}",
                got=self._sha256 or "no such folder",
                hint="Restore the folder, or fit again",
            )
        self._nlp = _load(pipeline)
        names, wanted = self._nlp.pipe_names, self._COMPONENTS
        if compounds and self._MERGERS & set(names):
            wanted |= self._MERGERS | self._MERGED
        self._nlp.select_pipes(enable=[name for name in names if name in wanted])
        # The limit guards the memory of the parser and the recogniser, which are not run.
        self._nlp.max_length = sys.maxsize

    @property
    def identity(self) -> dict[str, str]:
        """The pipeline's name and its own version; of a folder also a digest of what is in it."""
        content = {"sha256": self._sha256} if self._sha256 else {}
        if self._compounds:
            content["compounds"] = "1"
        return {"name": self.pipeline, "version": str(self._nlp.meta["version"]), **content}

    def __call__(self, texts: Iterable[str]) -> Iterator[list[str]]:
        """Yield the tokens of each text."""
        for document in self._nlp.pipe(texts):
            yield [
                part
                for token in document
                if not (token.like_url or token.like_email)
                for part in self._parts(token.lemma_ or token.text)
                if _WORD.search(part)
            ]

    def _parts(self, token: str) -> list[str]:
        return ["_".join(token.split())] if self._compounds else token.replace("_", " ").split()


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
