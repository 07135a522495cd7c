"""From raw text to prose, with counts of the markup that was removed."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from neuraltopic.preprocessing.cleaning.addresses import without_addresses, without_names
from neuraltopic.preprocessing.cleaning.escapes import without_escapes
from neuraltopic.preprocessing.cleaning.marks import looked_through
from neuraltopic.preprocessing.cleaning.markup import (
    without_bbcode,
    without_code,
    without_latex,
    without_named_signs,
    without_restructured_text,
    without_rich_text,
    without_tags_and_entities,
    without_terminal_codes,
    without_wiki,
)
from neuraltopic.preprocessing.cleaning.messages import (
    without_headers,
    without_mime,
    without_quoted_printable,
    without_replies,
)
from neuraltopic.preprocessing.cleaning.repair import Repair

_JOINED = re.compile(r"_(?<=[^\W\d_]_)[^\W\d_]")
_BEFORE: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("backslash escapes", without_escapes),
    ("RTF", without_rich_text),
    ("MIME parts", without_mime),
    ("quoted-printable", without_quoted_printable),
)
_AFTER: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("Markdown links and code", without_code),
    ("wiki markup", without_wiki),
    ("LaTeX", without_latex),
    ("reStructuredText", without_restructured_text),
    ("terminal codes", without_terminal_codes),
    ("HTML tags and entities", without_tags_and_entities),
    ("BBCode", without_bbcode),
    ("names between colons", without_named_signs),
    ("addresses and handles", lambda text: without_names(without_addresses(text))),
)


class PlainText:
    """Takes markup, headers and quotations of messages, addresses, domains and handles out of texts, and mends them.

    Parameters
    ----------
    keep : bool
        Whether to leave all of it in, and only count.

    Attributes
    ----------
    found : Counter of str
        Texts in which each was found.
    joined : int
        Texts with words that "_" joins.
    repair : Repair
        What mends the texts afterwards.
    """

    def __init__(self, *, keep: bool = False) -> None:
        self.found: Counter[str] = Counter()
        self.joined = 0
        self.repair = Repair()
        self.keep = keep

    def __call__(self, texts: Iterable[str]) -> Iterator[str]:
        """Yield the prose of each text, mended."""
        for text, is_marked in looked_through(texts):
            yield self.repair.mended(self.of(text)) if is_marked else text

    def of(self, text: str) -> str:
        """The prose of one text, as it is written."""
        if "_" in text and _JOINED.search(text):
            self.joined += 1
        if self.keep:
            return text
        text, message = without_headers(text)
        if message:
            self.found["e-mail headers"] += 1
        text = self._cleaned(text, _BEFORE)
        own = without_replies(text, message=message)
        if own is not text:
            self.found["quoted replies and signatures"] += 1
        return self._cleaned(own, _AFTER)

    def add(self, other: "PlainText") -> None:
        """Count what another found in other texts as well."""
        self.found.update(other.found)
        self.joined += other.joined
        self.repair.add(other.repair)

    def _cleaned(self, text: str, steps: Iterable[tuple[str, Callable[[str], str]]]) -> str:
        for name, clean in steps:
            cleaned = clean(text)
            if cleaned is not text and cleaned != text:
                self.found[name] += 1
                text = cleaned
        return text
