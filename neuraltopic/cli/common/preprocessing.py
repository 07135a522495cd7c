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

Language = Annotated[
    str, typer.Option("--language", metavar="CODE", help="Language of the documents (de or german), or auto.")
]
MinLength = Annotated[
    int | None,
    typer.Option("--min-length", metavar="NUMBER", help="Minimum word length in characters. [default: by script]"),
]
MinDf = Annotated[
    str | None,
    typer.Option("--min-df", metavar="NUMBER", help="Minimum document frequency: count or fraction. [default: 5]"),
]
MaxDf = Annotated[
    str | None,
    typer.Option("--max-df", metavar="NUMBER", help="Maximum document frequency: count or fraction. [default: 0.5]"),
]
VocabularySize = Annotated[int, typer.Option("--vocabulary-size", help="Maximum vocabulary size.")]
Numbers = Annotated[bool, typer.Option("--numbers", help="Keep words that contain digits.")]
Lemmas = Annotated[
    bool | None, typer.Option("--lemmas/--no-lemmas", help="Lemmatise. [default: for short inflected texts]")
]
Phrases = Annotated[bool, typer.Option("--phrases", help="Join frequent word pairs, such as new_york.")]
Segmenter = Annotated[
    str, typer.Option("--segmenter", metavar="NAME", help="Word segmenter for Chinese, Japanese, Thai and others.")
]
Spacy = Annotated[
    str | None, typer.Option("--spacy", metavar="PIPELINE", help="Tokenise with this spaCy pipeline (slow).")
]
TokenPattern = Annotated[
    str | None, typer.Option("--token-pattern", metavar="REGEX", help="Regular expression that matches a token.")
]
Pretokenised = Annotated[bool, typer.Option("--pretokenised", help="Texts are tokens separated by spaces.")]
KeepMarkup = Annotated[
    bool, typer.Option("--keep-markup", help="Keep HTML, BBCode, e-mail headers, handles and the like.")
]
KeepDuplicates = Annotated[bool, typer.Option("--keep-duplicates", help="Keep copies of a text as documents.")]
Split = Annotated[
    str | None,
    typer.Option("--split", metavar="paragraphs|N", help="Learn from paragraphs, or passages of N tokens."),
]
KeepStopWords = Annotated[bool, typer.Option("--keep-stop-words", help="Do not remove the stop words of the language.")]
StopWords = Annotated[
    Path | None, typer.Option("--stop-words", metavar="FILE", help="Additional stop words: text file or JSON list.")
]


def settings_of(
    language: Language = _DEFAULTS.language,
    min_length: MinLength = _DEFAULTS.min_length,
    min_df: MinDf = None,
    max_df: MaxDf = None,
    vocabulary_size: VocabularySize = _DEFAULTS.max_vocabulary,
    numbers: Numbers = False,
    lemmas: Lemmas = _DEFAULTS.lemmas,
    phrases: Phrases = False,
    segmenter: Segmenter = _DEFAULTS.segmenter,
    spacy: Spacy = None,
    token_pattern: TokenPattern = None,
    pretokenised: Pretokenised = False,
    keep_markup: KeepMarkup = False,
    keep_duplicates: KeepDuplicates = False,
    split: Split = None,
    keep_stop_words: KeepStopWords = False,
    stop_words: StopWords = None,
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
        token_pattern=token_pattern,
        pretokenised=pretokenised,
        keep_markup=keep_markup,
        keep_duplicates=keep_duplicates,
        split=int(split) if split and split.isdecimal() else split,
        # An absolute path, since a run may be opened from another working directory.
        spacy_pipeline=str(Path(spacy).resolve()) if spacy and os.sep in spacy and Path(spacy).is_dir() else spacy,
    )


def _document_frequency(name: str, text: str) -> int | float:
    """A whole number is a count of documents; a number with a dot is a fraction."""
    if not re.fullmatch(r"\d+|\d*\.\d+", text):
        raise UsageError(
            name,
            expected="a number of documents such as 5, or a share such as 0.5",
            got=repr(text),
            hint="Correct this setting",
        )
    return float(text) if "." in text else int(text)
