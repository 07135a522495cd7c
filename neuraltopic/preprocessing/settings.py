"""What is done to the words of a corpus, as one checked object."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from neuraltopic.errors import UsageError, parameter
from neuraltopic.preprocessing.languages.language_names import AUTO, language_code
from neuraltopic.preprocessing.tokenisation.segmenters import DEFAULT_SEGMENTER, find_segmenter

_TYPES: dict[str, tuple[type, ...]] = {
    "language": (str,),
    "lowercase": (bool,),
    "stop_words": (bool,),
    "extra_stop_words": (tuple,),
    "numbers": (bool,),
    "min_length": (int, type(None)),
    "max_length": (int,),
    "lemmas": (bool, type(None)),
    "phrases": (bool,),
    "min_df": (int, float, type(None)),
    "max_df": (int, float, type(None)),
    "max_vocabulary": (int,),
    "spacy_pipeline": (str, type(None)),
    "segmenter": (str,),
    "token_pattern": (str, type(None)),
    "pretokenised": (bool,),
    "keep_markup": (bool,),
    "keep_duplicates": (bool,),
    "split": (str, int, type(None)),
}
PARAGRAPHS = "paragraphs"


@dataclass(frozen=True)
class Preprocessing:
    """Settings of a `Preprocessor`.

    Parameters
    ----------
    language : str
        "auto", or the code or English name of a language ("de", "de-DE", "german"), which is taken for that of all
        documents. It chooses the stop words, the lemmas, and what is written together with a word (l', 's). With "auto"
        it is detected, for each document.
    lowercase : bool
        Whether "Apple" and "apple" are one word.
    stop_words : bool
        Whether to drop the language's stop words. Those of a language without a list are found in the documents.
    extra_stop_words : tuple of str
        Dropped as well, whatever `stop_words` says.
    numbers : bool
        Whether to keep words with a digit in them. Names such as covid-19 and BRCA1 are kept: see `technical_words`.
    min_length : int or None
        Shortest word kept, in characters. With None it depends on the script: 1 for Chinese characters, 2 for Korean,
        kana, Thai, Lao, Khmer and Burmese, 3 for alphabets.
    max_length : int
        Longest word kept, in characters.
    lemmas : bool or None
        Whether to put words into their dictionary form. With None short texts are, of inflected languages.
    phrases : bool
        Whether to join pairs such as "new_york" that occur together far more often than by chance.
    min_df, max_df : int, float or None
        Fewest and most documents a word may occur in; a float is a share of the documents. None is 5 and 0.5, and for
        fewer than 100 documents a twentieth of them, 1 at least, and 0.9: see `document_limits`.
    max_vocabulary : int
        Most words kept: those in the most documents.
    spacy_pipeline : str or None
        A spaCy pipeline to cut the text into words (and lemmas), instead of the built-in rule.
    segmenter : str
        What cuts scripts without spaces into words: "icu", or for one language "rjieba" (Chinese), "sudachi" (Japanese)
        or "kiwi" (Korean), which must be installed.
    token_pattern : str or None
        A regular expression that matches a word, instead of the built-in rule; of one group, that is the word.
    pretokenised : bool
        Whether the texts are words with blanks between them. They are taken as they are, in their case, whatever
        their length; of the rules above only `extra_stop_words` and those of the vocabulary apply.
    keep_markup : bool
        Whether to keep markup in the text: HTML, BBCode, headers and quotations of e-mail, domains, handles.
    keep_duplicates : bool
        Whether to learn from every copy of a text. By default the model learns from one copy, and tables count all.
    split : "paragraphs", int or None
        Learn from passages of the documents: their paragraphs, or parts of about so many tokens.

    Raises
    ------
    UsageError
        When a value has the wrong type or is out of range.
    """

    language: str = AUTO
    lowercase: bool = True
    stop_words: bool = True
    extra_stop_words: tuple[str, ...] = ()
    numbers: bool = False
    min_length: int | None = None
    max_length: int = 40
    lemmas: bool | None = None
    phrases: bool = False
    min_df: int | float | None = None
    max_df: int | float | None = None
    max_vocabulary: int = 10_000
    spacy_pipeline: str | None = None
    segmenter: str = DEFAULT_SEGMENTER
    token_pattern: str | None = None
    pretokenised: bool = False
    keep_markup: bool = False
    keep_duplicates: bool = False
    split: str | int | None = None

    def __post_init__(self) -> None:
        """Check every field; the language becomes its code."""
        for name, types in _TYPES.items():
            value = getattr(self, name)
            # True is an int to Python, but no count of documents.
            if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
                expected = " or ".join("None" if kind is type(None) else kind.__name__ for kind in types)
                raise _wrong(name, expected, f"{value!r} ({type(value).__name__})")
        if not all(isinstance(word, str) for word in self.extra_stop_words):
            raise _wrong("extra_stop_words", "words", repr(self.extra_stop_words))
        for name in ("min_length", "max_vocabulary"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise _wrong(name, "1 or more", str(value))
        if self.max_length < (self.min_length or 1):
            least = f"{parameter('min_length')} ({self.min_length or 1}) or more"
            raise _wrong("max_length", least, str(self.max_length))
        find_segmenter(self.segmenter)
        object.__setattr__(self, "language", language_code(self.language))
        for name in ("min_df", "max_df"):
            _check_document_frequency(name, getattr(self, name))
        if not (self.split is None or self.split == PARAGRAPHS or (isinstance(self.split, int) and self.split > 0)):
            raise _wrong("split", f"{PARAGRAPHS}, or a number of tokens", repr(self.split))
        self._check_cutting()

    def _check_cutting(self) -> None:
        """Refuse two ways to cut a text into words, and what would change words that are cut already."""
        ways = [name for name in ("spacy_pipeline", "token_pattern", "pretokenised") if getattr(self, name)]
        if len(ways) > 1:
            raise _wrong(ways[0], f"either it or {parameter(ways[1])}", "both")
        for name in ("lemmas", "phrases"):
            if self.pretokenised and getattr(self, name):
                raise _wrong(
                    name,
                    "no value, as it applies only to texts that are not tokenised",
                    parameter("pretokenised", True),
                )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON can hold them."""
        return {**asdict(self), "extra_stop_words": list(self.extra_stop_words)}

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any]) -> Self:
        """Make the settings from what `to_dict` gave; fields left out keep their defaults.

        Raises
        ------
        UsageError
            When a field is unknown, of the wrong type or out of range.
        """
        known = [field.name for field in fields(cls)]
        for name in settings:
            if name not in known:
                raise _wrong("preprocessing", f"only {', '.join(known)}", f"a setting {name!r}")
        words = settings.get("extra_stop_words", ())
        return cls(**{**settings, "extra_stop_words": tuple(words) if isinstance(words, list) else words})


def _check_document_frequency(name: str, value: int | float | None) -> None:
    if isinstance(value, int) and value < 1:
        raise _wrong(name, "1 document or more, or a share such as 0.01", str(value))
    if isinstance(value, float) and not 0 <= value <= 1:
        raise _wrong(name, "a share from 0.0 to 1.0, or a whole number of documents", str(value))


def _wrong(name: str, expected: str, got: str) -> UsageError:
    return UsageError(parameter(name), expected=expected, got=got, hint="Correct this setting")
