"""Detection of the languages of a corpus in a sample of its documents.

The script of a document determines most languages. Within a script py3langid proposes one, which must be confirmed by
its function words in the document. Otherwise a list of names would be identified as Latin.
"""

import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, NamedTuple

import regex

from neuraltopic.errors import UsageError
from neuraltopic.preprocessing.languages.language_names import language_code
from neuraltopic.preprocessing.languages.stop_words import stop_word_languages, stop_words
from neuraltopic.preprocessing.normalisation.scripts import language_of_script, script_of, script_of_text
from neuraltopic.preprocessing.normalisation.word_rule import WordRule
from neuraltopic.preprocessing.settings import Preprocessing

_SAMPLE = 512  # documents
_CHARACTERS = 600  # of each
_CLEANED_AT_ONCE = 1 << 22  # characters of texts, which are held until then
# Share of English function words from which on a text in Latin letters is English without asking: German and Dutch
# stay below a fifth, English prose is at a half.
_PLAINLY_ENGLISH = 0.3
# A language is one of the corpus when so many documents, and so large a share of those of its script, are in it.
_FEWEST_DOCUMENTS, _LEAST_SHARE = 3, 0.01
# Minimum number of words of a document, of its function words, and their minimum share.
_FEWEST_WORDS, _FEWEST_FUNCTION_WORDS, _LEAST_COVERED = 4, 2, 0.15
_FEWEST_TOGETHER = 3  # function words, each counted once, of short texts that are looked at as one
# A text of any length is Japanese from this share of kana among its letters on.
_KANA, _HAN_OR_KANA = regex.compile(r"[\p{Hiragana}\p{Katakana}]"), regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}]")
_JAPANESE = 0.2
# Scripts of many languages, and documents from which on one of these is doubted.
_SHARED, _FEWEST_UNSURE = ("Latin", "Cyrillic", "Arabic", "Devanagari"), 5
# A language without a list cannot be confirmed: it must be proposed for most documents, which have few English words.
_MOST_DOCUMENTS, _HARDLY_COVERED = 0.6, 0.1


class Sample:
    """Passes texts on, and keeps the beginnings of some from all of the corpus: every one, then every second ...

    Parameters
    ----------
    batches : iterable of list of str
        The texts in order.
    clean : callable from a list of str to str
        Makes of each of some texts what is kept of it. It is given many at once, which is quicker.
    """

    def __init__(self, batches: Iterable[list[str]], clean: Callable[[list[str]], Iterable[str]] = iter) -> None:
        self._batches = batches
        self._clean = clean
        self._kept: list[str] = []
        self._raw: list[str] = []
        self._n_raw = 0  # characters
        self._every = 1

    @property
    def kept(self) -> list[str]:
        """The beginnings of the texts that are in the sample."""
        if self._raw:
            self._kept += [text[:_CHARACTERS] for text in self._clean(self._raw)]
            self._raw, self._n_raw = [], 0
        return self._kept

    def __iter__(self) -> Iterator[list[str]]:
        """Yield every batch."""
        start = 0  # number of the first text of the batch
        for batch in self._batches:
            number = start + -start % self._every
            while number < start + len(batch):
                if len(self._kept) + len(self._raw) == _SAMPLE:
                    self._halve()
                if number % self._every == 0:
                    self._raw.append(batch[number - start])
                    self._n_raw += len(self._raw[-1])
                    if self._n_raw >= _CLEANED_AT_ONCE:
                        _ = self.kept
                number += self._every - number % self._every
            start += len(batch)
            yield batch

    def _halve(self) -> None:
        """Keep every second text."""
        self._raw = self._raw[len(self._kept) % 2 :: 2]
        self._kept = self._kept[::2]
        self._n_raw = sum(map(len, self._raw))
        self._every *= 2


@dataclass(frozen=True)
class Found:
    """A language of a sample.

    Attributes
    ----------
    code, script : str
    documents : list of list of str
        Its documents as tokens.
    n_told : int
        How many of them confirm it.
    unsure : bool
        Whether most documents neither confirm it nor are it by py3langid: transliterated texts, lists of names.
    """

    code: str
    script: str
    documents: list[list[str]]
    n_told: int
    unsure: bool = False


class _Document(NamedTuple):
    """The text and the tokens of a document, and its language if that is confirmed."""

    text: str
    forms: list[str]
    code: str | None = None


def detect(texts: list[str], tokenise: Callable[[Iterable[str]], Iterable[list[str]]]) -> list[Found]:
    """The languages of a sample, of each script those of more documents first; that of most documents comes first.

    Parameters
    ----------
    texts : list of str
    tokenise : callable
        Cuts texts into forms.
    """
    of_script: dict[str, list[_Document]] = defaultdict(list)
    for text, forms in zip(texts, tokenise(texts), strict=True):
        if forms:
            of_script[script_of_text(text)].append(_Document(text, forms))
    found = [lang for script, them in of_script.items() for lang in _accepted(script, _languages(them, script))]
    return sorted(found, key=lambda language: (-len(language.documents), language.code))


def _languages(documents: list[_Document], script: str) -> list[_Document]:
    """The documents of a script with their languages.

    If it is confirmed for less than half of them, the others are looked at as one text: short answers.
    """
    codes = [_language(document.text, document.forms, script) for document in documents]
    if len(documents) > 1 and 2 * codes.count(None) > len(documents):
        others = sorted(document for code, document in zip(codes, documents, strict=True) if code is None)
        # A Latin letter alone, as in lists and formulas, is a function word of some language.
        forms = [form for document in others for form in document.forms if len(form) > 1 or script != "Latin"]
        together = _language("\n".join(document.text for document in others), forms, script)
        if together is not None and len(_function_words(forms, together)) >= _FEWEST_TOGETHER:
            codes = [code or together for code in codes]
    return [document._replace(code=code) for code, document in zip(codes, documents, strict=True)]


def _accepted(script: str, documents: list[_Document]) -> list[Found]:
    """The languages of the documents of a script; documents without a confirmed language count as the first."""
    usual = language_of_script(script)
    if usual is None:
        return []
    told = Counter(document.code for document in documents if document.code)
    least = max(_LEAST_SHARE * len(documents), min(_FEWEST_DOCUMENTS, len(documents) / 3))
    codes = [code for code, count in sorted(told.items(), key=lambda item: (-item[1], item[0])) if count >= least]
    codes = [
        code for code in codes if code in stop_word_languages() or code == usual or _prevails(told[code], documents)
    ]
    codes = codes or [usual]
    of_code: dict[str, list[_Document]] = {code: [] for code in codes}
    for document in documents:
        of_code[document.code if document.code in of_code else codes[0]].append(document)
    return [
        Found(code, script, [document.forms for document in them], told[code], _is_unsure(code, script, them))
        for code, them in of_code.items()
    ]


def _is_unsure(code: str, script: str, documents: list[_Document]) -> bool:
    """Whether most documents of a language neither confirm it nor are it by py3langid."""
    long = [document for document in documents if len(document.forms) >= _FEWEST_WORDS]
    if script not in _SHARED or len(long) < _FEWEST_UNSURE:
        return False
    if 2 * sum(document.code == code for document in long) >= len(long):
        return False
    return 2 * sum(code in (document.code, _identified(document.text)) for document in long) < len(long)


def _prevails(n_told: int, documents: list[_Document]) -> bool:
    """Whether a language that no list can bear out is that of most documents."""
    return n_told >= max(_FEWEST_DOCUMENTS, _MOST_DOCUMENTS * len(documents))


def _language(text: str, forms: list[str], script: str) -> str | None:
    """The language of a document, None if it is not confirmed."""
    usual = language_of_script(script)
    if script == "Han" and len(_KANA.findall(text)) > _JAPANESE * len(_HAN_OR_KANA.findall(text)):
        return "ja"
    forms = [form for form in forms if script_of(form) == script]
    if usual is None or len(forms) < _FEWEST_WORDS:
        return None
    covered = _covered(forms, usual)
    if usual == "en" and covered >= _PLAINLY_ENGLISH:
        return usual
    code = _identified(text)
    if code == usual or code is None:
        return usual if _bears_out(covered, len(forms)) or usual not in stop_word_languages() else None
    if code not in stop_word_languages():
        return code if covered < _HARDLY_COVERED else None
    of_code = _covered(forms, code)
    return code if of_code > covered and _bears_out(of_code, len(forms)) else None


def _bears_out(covered: float, n_forms: int) -> bool:
    return covered >= _LEAST_COVERED and covered * n_forms >= _FEWEST_FUNCTION_WORDS


def _covered(forms: list[str], code: str) -> float:
    """Share of the forms that are function words of a language; 0 where it has no list."""
    function_words = _function_words(forms, code)
    return sum(form in function_words for form in forms) / len(forms)


def _function_words(forms: list[str], code: str) -> set[str]:
    """Those of the forms that are function words of a language; none where it has no list."""
    return set(filter(_rule(code).is_stop_word, set(forms))) if code in stop_word_languages() else set()


@cache
def _rule(code: str) -> WordRule:
    return WordRule(Preprocessing(), stop_words(code), None, code)


@lru_cache(maxsize=2 * _SAMPLE)
def _identified(text: str) -> str | None:
    """The language code of a text by py3langid, None if the language is unknown here."""
    import py3langid

    try:
        return language_code(py3langid.classify(text)[0])
    except UsageError:
        return None


def release_identifier() -> None:
    """Give back the 75 MiB of py3langid's model. The next text that needs it reads it again in half a second."""
    module: Any = sys.modules.get("py3langid.langid")
    if module is not None:
        module.IDENTIFIER = None
