"""What is done to the words of a corpus, as one checked object."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from neuraltopic.errors import UsageError

_TYPES: dict[str, tuple[type, ...]] = {
    "language": (str,),
    "lowercase": (bool,),
    "stop_words": (bool,),
    "extra_stop_words": (tuple,),
    "numbers": (bool,),
    "min_length": (int,),
    "max_length": (int,),
    "lemmas": (bool,),
    "phrases": (bool,),
    "min_df": (int, float, type(None)),
    "max_df": (int, float, type(None)),
    "max_vocabulary": (int,),
    "spacy_pipeline": (str, type(None)),
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
        spaCy's code of the language ("en", "de" ...); chooses the stop words and the lemmas.
    lowercase : bool
        Whether "Apple" and "apple" are one word.
    stop_words : bool
        Whether to drop the language's stop words.
    extra_stop_words : tuple of str
        Dropped as well, whatever `stop_words` says.
    numbers : bool
        Whether to keep words with a digit in them. Names such as covid-19 and BRCA1 are kept: see `technical_words`.
    min_length, max_length : int
        Shortest and longest word kept, in characters.
    lemmas : bool
        Whether to put words into their dictionary form (needs `neuraltopic[lemmas]`).
    phrases : bool
        Whether to join pairs such as "new_york" that occur together far more often than by chance.
    min_df, max_df : int, float or None
        Fewest and most documents a word may occur in; a float is a share of the documents. None is 5 and 0.5, and for
        fewer than 100 documents a twentieth of them, 1 at least, and 0.9: see `document_limits`.
    max_vocabulary : int
        Most words kept: those in the most documents.
    spacy_pipeline : str or None
        A spaCy pipeline to cut the text into words (and lemmas), instead of the built-in rule.
    token_pattern : str or None
        A regular expression that matches a word, instead of the built-in rule; of one group, that is the word.
    pretokenised : bool
        Whether the texts are words with blanks between them. They are taken as they are, in their case, whatever
        their length; of the rules above only `extra_stop_words` and those of the vocabulary apply.
    keep_markup : bool
        Whether to leave in what is no prose: HTML, BBCode, headers and quotations of e-mail, domains, handles.
    keep_duplicates : bool
        Whether copies of a text are documents of their own. Else the topics are learnt from one of them, and tables
        count them all.
    split : "paragraphs", int or None
        Learn from passages of the documents: their paragraphs, or parts of about so many tokens.

    Raises
    ------
    UsageError
        When a value has the wrong type or is out of range.
    """

    language: str = "en"
    lowercase: bool = True
    stop_words: bool = True
    extra_stop_words: tuple[str, ...] = ()
    numbers: bool = False
    min_length: int = 3
    max_length: int = 40
    lemmas: bool = False
    phrases: bool = False
    min_df: int | float | None = None
    max_df: int | float | None = None
    max_vocabulary: int = 10_000
    spacy_pipeline: str | None = None
    token_pattern: str | None = None
    pretokenised: bool = False
    keep_markup: bool = False
    keep_duplicates: bool = False
    split: str | int | None = None

    def __post_init__(self) -> None:
        """Check every field."""
        for name, types in _TYPES.items():
            value = getattr(self, name)
            # True is an int to Python, but no count of documents.
            if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
                expected = " or ".join("None" if kind is type(None) else kind.__name__ for kind in types)
                raise _wrong(name, expected, f"{value!r} ({type(value).__name__})")
        if not all(isinstance(word, str) for word in self.extra_stop_words):
            raise _wrong("extra_stop_words", "words", repr(self.extra_stop_words))
        for name in ("min_length", "max_vocabulary"):
            if getattr(self, name) < 1:
                raise _wrong(name, "1 or more", str(getattr(self, name)))
        if self.max_length < self.min_length:
            raise _wrong("max_length", f"min_length ({self.min_length}) or more", str(self.max_length))
        for name in ("min_df", "max_df"):
            _check_document_frequency(name, getattr(self, name))
        if not (self.split is None or self.split == PARAGRAPHS or (isinstance(self.split, int) and self.split > 0)):
            raise _wrong("split", f"{PARAGRAPHS}, or a number of tokens", repr(self.split))
        self._check_cutting()

    def _check_cutting(self) -> None:
        """Refuse two ways to cut a text into words, and what would change words that are cut already."""
        ways = [name for name in ("spacy_pipeline", "token_pattern", "pretokenised") if getattr(self, name)]
        if len(ways) > 1:
            raise _wrong(ways[0], f"it without {ways[1]}", "both")
        for name in ("lemmas", "phrases"):
            if self.pretokenised and getattr(self, name):
                raise _wrong(name, "it only with texts that are yet to be cut", "pretokenised=True")

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
    return UsageError(name, expected=expected, got=got, hint="Correct this setting")
