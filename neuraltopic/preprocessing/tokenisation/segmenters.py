"""Words of scripts that put no space between them."""

import importlib
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version

import regex

from neuraltopic.errors import UsageError, install_hint
from neuraltopic.preprocessing.normalisation.spelling import ordered

_HAN = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Bopomofo}\u3099\u309a\u30fc\uff70\uff9e\uff9f"
_SOUTH_EAST_ASIAN = r"\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_HANGUL = r"\p{Hangul}"
DEFAULT_SEGMENTER = "icu"
_NOT_FULL = regex.compile(r"[\u3099\u309a\uff65-\uff9f\uf900-\ufaff]")
_IDEOGRAPHS = regex.compile(f"[{_HAN}]")

# Text is taken for cut by spaces when it has so many runs or more, of at most so many characters on average: clauses
# of Chinese and Japanese have ten and more, phrases of Thai, Lao, Khmer and Burmese twenty.
_FEWEST_CUT, _LONGEST_MEAN, _LONGEST_MEAN_OF_SYLLABLES = 4, 3.0, 8.0


@dataclass(frozen=True)
class Segmenter:
    """One library that cuts runs of some scripts into words.

    Attributes
    ----------
    name : str
    packages : tuple of str
        Packages to install; the version of the first is saved with a model.
    letters : str
        The characters that it is for, as in a class of a regular expression.
    runs : str
        Regular expression of what is cut at once.
    load : callable
        Gives the function from a run to its words.
    """

    name: str
    packages: tuple[str, ...]
    letters: str
    runs: str
    load: Callable[[], Callable[[str], Iterable[str]]]

    def require_installed(self) -> None:
        """Raise a UsageError unless its packages are there."""
        for package in self.packages:
            try:
                version(package)
            except PackageNotFoundError as error:
                install = install_hint("" if self.name == DEFAULT_SEGMENTER else "segmentation")
                raise UsageError(
                    f"segmenter {self.name}",
                    expected=f"the package {package}",
                    got="none",
                    hint=f"{install}, or leave the segmenter out",
                ) from error

    @property
    def identity(self) -> dict[str, str]:
        """Name and version."""
        return {"name": self.name, "version": version(self.packages[0])}


def _icu() -> Callable[[str], Iterable[str]]:
    breaker = importlib.import_module("icu4py.breakers").WordBreaker
    # The strings, not the offsets, which count in UTF-16. The dictionaries are chosen by script, not by the locale.
    return lambda run: breaker(run, "en")


def _rjieba() -> Callable[[str], Iterable[str]]:
    cut: Callable[[str], Iterable[str]] = importlib.import_module("rjieba").cut
    return cut


def _sudachi() -> Callable[[str], Iterable[str]]:
    sudachi = importlib.import_module("sudachipy")
    dictionary = sudachi.Dictionary(dict="core")
    create = dictionary.tokenizer if hasattr(dictionary, "tokenizer") else dictionary.create  # its name before 0.7
    tokeniser = create(mode=sudachi.SplitMode.B)
    kept = ("名詞", "動詞", "形容詞", "形状詞", "副詞")  # nouns, verbs, adjectives, adverbs, in their dictionary form
    return lambda run: [word.dictionary_form() for word in tokeniser.tokenize(run) if word.part_of_speech()[0] in kept]


def _kiwi() -> Callable[[str], Iterable[str]]:
    kiwi = importlib.import_module("kiwipiepy").Kiwi(num_workers=1)
    # Nouns, verbs and adjectives in their dictionary form (배우다, to learn, is not 배우, an actor), roots, adverbs.
    kept = ("NNG", "NNP", "VV", "VA", "SL", "XR", "MAG")
    return lambda run: [token.lemma for token in kiwi.tokenize(run) if token.tag.split("-")[0] in kept]


_SEGMENTERS = {
    segmenter.name: segmenter
    for segmenter in (
        Segmenter(DEFAULT_SEGMENTER, ("icu4py",), _HAN + _SOUTH_EAST_ASIAN, f"[{_HAN}{_SOUTH_EAST_ASIAN}]+", _icu),
        Segmenter("rjieba", ("rjieba",), r"\p{Han}", r"\p{Han}+", _rjieba),
        Segmenter("sudachi", ("sudachipy", "sudachidict-core"), _HAN, f"[{_HAN}]+", _sudachi),
        Segmenter("kiwi", ("kiwipiepy",), _HANGUL, rf"{_HANGUL}[{_HANGUL} ]*+", _kiwi),
    )
}


def find_segmenter(name: str) -> Segmenter:
    """The segmenter of a name.

    Raises
    ------
    UsageError
        When there is none.
    """
    if name not in _SEGMENTERS:
        raise UsageError(
            "segmenter", expected=f"one of {', '.join(_SEGMENTERS)}", got=repr(name), hint="Name one, or leave it out"
        )
    return _SEGMENTERS[name]


class Segmentation:
    """Puts spaces between the words of scripts that have none; other text stays as it is.

    Parameters
    ----------
    name : str
        The segmenter of the scripts that it is made for; ICU's cuts the others.

    Text that was cut by spaces before is left alone.
    """

    def __init__(self, name: str = DEFAULT_SEGMENTER) -> None:
        first, icu = find_segmenter(name), find_segmenter(DEFAULT_SEGMENTER)
        for segmenter in (first, icu):
            segmenter.require_installed()
        self._parts = [(first, regex.compile(first.runs))]
        if first is not icu:
            rest = regex.compile(rf"[[{icu.letters}]--[{first.letters}]]+", regex.VERSION1)
            self._parts.append((icu, rest))
        self._any = regex.compile(f"[{first.letters}{icu.letters}]")
        self._first = first

    def identity_for(self, forms: Iterable[str]) -> dict[str, str]:
        """Name and version of the segmenter where one of the forms is of a script that it cuts; empty elsewhere."""
        needed = any(not form.isascii() and self._any.search(form) for form in forms)
        return self._first.identity if needed else {}

    def applies(self, text: str) -> bool:
        """Whether a letter of these scripts is in the text."""
        return self._any.search(text) is not None

    def __call__(self, text: str) -> str:
        """Return the text with its words apart."""
        if not self.applies(text):
            return text
        for segmenter, runs in self._parts:
            if runs.search(text) and not _is_cut(text, runs):
                cut = _loaded(segmenter.name)
                text = runs.sub(lambda run, cut=cut: f" {' '.join(cut(_full_width(run.group())))} ", text)
        return text


@cache
def _loaded(name: str) -> Callable[[str], Iterable[str]]:
    return find_segmenter(name).load()


def _full_width(run: str) -> str:
    """Kana of half the width, and vowel signs in any order, as dictionaries have them."""
    return ordered(unicodedata.normalize("NFKC", run) if _NOT_FULL.search(run) else run)


def _is_cut(text: str, runs: regex.Pattern) -> bool:
    """Whether the runs are as short as words and stand between spaces."""
    found = list(runs.finditer(text))
    after_space = sum(text[run.start() - 1 : run.start()].isspace() for run in found)
    length = sum(run.end() - run.start() for run in found) / len(found)
    longest = _LONGEST_MEAN if _IDEOGRAPHS.search(text) else _LONGEST_MEAN_OF_SYLLABLES
    return len(found) >= _FEWEST_CUT and 2 * after_space > len(found) and length <= longest
