"""Scripts of words and texts, by the Unicode property of their letters."""

from collections import Counter
from functools import cache

import regex

# The letters of each script, and its default language. Han and kana are one script here, since Japanese has both.
_SCRIPTS = {
    "Latin": (r"\p{Latin}", "en"),
    "Han": (r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Bopomofo}\u30fc\uff70]", "zh"),
    "Arabic": (r"\p{Arabic}", "ar"),
    "Cyrillic": (r"\p{Cyrillic}", "ru"),
    "Devanagari": (r"\p{Devanagari}", "hi"),
    "Hangul": (r"\p{Hangul}", "ko"),
    "Greek": (r"\p{Greek}", "el"),
    "Hebrew": (r"\p{Hebrew}", "he"),
    "Thai": (r"\p{Thai}", "th"),
    "Lao": (r"\p{Lao}", "lo"),
    "Khmer": (r"\p{Khmer}", "km"),
    "Myanmar": (r"\p{Myanmar}", "my"),
    "Tamil": (r"\p{Tamil}", "ta"),
    "Telugu": (r"\p{Telugu}", "te"),
    "Bengali": (r"\p{Bengali}", "bn"),
    "Gujarati": (r"\p{Gujarati}", "gu"),
    "Gurmukhi": (r"\p{Gurmukhi}", "pa"),
    "Kannada": (r"\p{Kannada}", "kn"),
    "Malayalam": (r"\p{Malayalam}", "ml"),
    "Oriya": (r"\p{Oriya}", "or"),
    "Sinhala": (r"\p{Sinhala}", "si"),
    "Tibetan": (r"\p{Tibetan}", "bo"),
    "Ethiopic": (r"\p{Ethiopic}", "am"),
    "Georgian": (r"\p{Georgian}", "ka"),
    "Armenian": (r"\p{Armenian}", "hy"),
    "Thaana": (r"\p{Thaana}", "dv"),
}
OTHER = "other"

_RUNS = regex.compile("|".join(f"(?P<{name}>{letters}+)" for name, (letters, _) in _SCRIPTS.items()))
# A character of Chinese or Japanese says about as much as three letters.
_WEIGHT = {"Han": 3}

_HAN_ALONE = regex.compile(r"\p{Han}+")
_SYLLABLES = regex.compile(r"[\p{Hangul}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")


def script_of(word: str) -> str:
    """Script of the first letter of a word; "other" where it is of none that is known."""
    if word.isascii():
        return "Latin"
    found = _RUNS.search(word)
    return found.lastgroup or OTHER if found else OTHER


def script_of_text(text: str) -> str:
    """Script of most of the text; "other" where it has no letter."""
    if text.isascii():
        return "Latin"
    letters: Counter[str] = Counter()
    for run in _RUNS.finditer(text):
        name = run.lastgroup or OTHER
        letters[name] += (run.end() - run.start()) * _WEIGHT.get(name, 1)
    return max(letters, key=letters.__getitem__, default=OTHER)


@cache
def language_of_script(script: str) -> str | None:
    """The language that most texts of a script are in."""
    return _SCRIPTS[script][1] if script in _SCRIPTS else None


def shortest_word(word: str) -> int:
    """Fewest characters at which a word of this script says something: 1 Han, 2 syllables, 3 letters of an alphabet."""
    if word.isascii():
        return 3
    if _HAN_ALONE.fullmatch(word):
        return 1
    return 2 if _SYLLABLES.search(word) else 3
