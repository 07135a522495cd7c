"""The words of models fitted before 2026-12: read by the rules that their vocabulary was made with."""

import unicodedata
from collections.abc import Iterable, Iterator

import regex

from neuraltopic.preprocessing.cleaning.addresses import cut
from neuraltopic.preprocessing.normalisation.spelling import folded
from neuraltopic.preprocessing.normalisation.word_rule import WordRule
from neuraltopic.preprocessing.tokenisation.tokenisers import ascii_words

_RUN = r"[\p{L}\p{N}][\p{L}\p{M}\p{N}]*+"
_WORD = regex.compile(rf"{_RUN}(?:['’\u200c\u200d\u00ad]{_RUN})*+")
_URL, _SCHEME = regex.compile(r"""://[^\s<>"]+"""), regex.compile(r"(?r)\b[A-Za-z][A-Za-z0-9+.-]*")
_HOST, _MAILBOX = regex.compile(r"@[\w-]+(?:\.[\w-]+)+"), regex.compile(r"(?r)[\w.%+-]+")
_WWW = regex.compile(r"""\b[Ww]{3}\.[^\s<>"]+""")


class FirstWordTokeniser:
    """Words of scripts with spaces; a clause of Chinese is one word."""

    identity = {"name": "words", "version": "1"}  # noqa: RUF012  (never changed)

    def __call__(self, texts: Iterable[str]) -> Iterator[list[str]]:
        """Yield the words of each text."""
        return map(_words, texts)


def _words(text: str) -> list[str]:
    if "://" in text:
        text = cut(text, _URL, _SCHEME)
    if "ww." in text or "WW." in text:
        text = _WWW.sub(" ", text)
    if "@" in text:
        text = cut(text, _HOST, _MAILBOX)
    return ascii_words(text) if text.isascii() else _WORD.findall(text)


class FirstWordRule(WordRule):
    """Composed accents, one apostrophe of three, no soft hyphens; nothing else is changed."""

    def _spelt(self, form: str) -> str:
        if form.isascii():
            return form
        form = form.replace("’", "'").replace("ʼ", "'").replace("\u00ad", "")
        return unicodedata.normalize("NFC", form)

    def _is_noun(self, written: str) -> bool:
        return False

    def _key(self, word: str) -> str:
        return folded(word, self.language)

    def _alone(self, word: str) -> str:
        return word

    def _merged(self, word: str) -> str:
        return word

    def _shortest(self, word: str) -> int:
        return self.settings.min_length or 3
