"""The options of preprocessing, and the settings they make."""

import os
import re
from pathlib import Path
from typing import Annotated

import typer

from neuraltopic.errors import UsageError
from neuraltopic.preprocessing.languages.stop_word_files import read_stop_words
from neuraltopic.preprocessing.settings import Preprocessing

_DEFAULTS = Preprocessing()


def settings_of(
    language: Annotated[
        str, typer.Option("--language", metavar="CODE", help="Language of the documents (de or german), or auto.")
    ] = _DEFAULTS.language,
    min_length: Annotated[
        int | None,
        typer.Option("--min-length", metavar="NUMBER", help="Minimum word length in characters. [default: by script]"),
    ] = _DEFAULTS.min_length,
    min_df: Annotated[
        str | None,
        typer.Option("--min-df", metavar="NUMBER", help="Minimum document frequency: count or fraction. [default: 5]"),
    ] = None,
    max_df: Annotated[
        str | None,
        typer.Option(
            "--max-df", metavar="NUMBER", help="Maximum document frequency: count or fraction. [default: 0.5]"
        ),
    ] = None,
    vocabulary_size: Annotated[
        int, typer.Option("--vocabulary-size", help="Maximum vocabulary size.")
    ] = _DEFAULTS.max_vocabulary,
    numbers: Annotated[bool, typer.Option("--numbers", help="Keep words that contain digits.")] = False,
    lemmas: Annotated[
        bool | None, typer.Option("--lemmas/--no-lemmas", help="Lemmatise. [default: for short inflected texts]")
    ] = _DEFAULTS.lemmas,
    phrases: Annotated[bool, typer.Option("--phrases", help="Join frequent word pairs, such as new_york.")] = False,
    segmenter: Annotated[
        str, typer.Option("--segmenter", metavar="NAME", help="Word segmenter for Chinese, Japanese, Thai and others.")
    ] = _DEFAULTS.segmenter,
    spacy: Annotated[
        str | None, typer.Option("--spacy", metavar="PIPELINE", help="Tokenise with this spaCy pipeline (slow).")
    ] = None,
    token_pattern: Annotated[
        str | None, typer.Option("--token-pattern", metavar="REGEX", help="Regular expression that matches a token.")
    ] = None,
    pretokenised: Annotated[bool, typer.Option("--pretokenised", help="Texts are tokens separated by blanks.")] = False,
    keep_markup: Annotated[
        bool, typer.Option("--keep-markup", help="Keep HTML, BBCode, e-mail headers, handles and the like.")
    ] = False,
    keep_duplicates: Annotated[
        bool, typer.Option("--keep-duplicates", help="Keep copies of a text as documents.")
    ] = False,
    split: Annotated[
        str | None,
        typer.Option("--split", metavar="paragraphs|N", help="Learn from paragraphs, or passages of N tokens."),
    ] = None,
    keep_stop_words: Annotated[
        bool, typer.Option("--keep-stop-words", help="Do not remove the stop words of the language.")
    ] = False,
    stop_words: Annotated[
        Path | None, typer.Option("--stop-words", metavar="FILE", help="Additional stop words: text file or JSON list.")
    ] = None,
) -> Preprocessing:
    """The settings of the given options."""
    return Preprocessing(
        language=language,
        stop_words=not keep_stop_words,
        extra_stop_words=read_stop_words(stop_words) if stop_words else (),
        numbers=numbers,
        lemmas=lemmas,
        phrases=phrases,
        min_length=min_length,
        min_df=None if min_df is None else _document_frequency("--min-df", min_df),
        max_df=None if max_df is None else _document_frequency("--max-df", max_df),
        max_vocabulary=vocabulary_size,
        segmenter=segmenter,
        # A folder is found again from anywhere.
        token_pattern=token_pattern,
        pretokenised=pretokenised,
        keep_markup=keep_markup,
        keep_duplicates=keep_duplicates,
        split=int(split) if split and split.isdecimal() else split,
        spacy_pipeline=str(Path(spacy).resolve()) if spacy and os.sep in spacy and Path(spacy).is_dir() else spacy,
    )


def _document_frequency(name: str, text: str) -> int | float:
    """A whole number is documents; with a dot it is a share."""
    if not re.fullmatch(r"\d+|\d*\.\d+", text):
        raise UsageError(
            name,
            expected="a number of documents such as 5, or a share such as 0.5",
            got=repr(text),
            hint="Correct this setting",
        )
    return float(text) if "." in text else int(text)
