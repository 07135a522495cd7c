"""From raw text to prose, with counts of the markup that was removed."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from neuraltopic.preprocessing.batches import in_batches
from neuraltopic.preprocessing.cleaning.addresses import without_addresses, without_names
from neuraltopic.preprocessing.cleaning.books import without_licence
from neuraltopic.preprocessing.cleaning.escapes import without_escapes
from neuraltopic.preprocessing.cleaning.marks import Marks
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
    without_uuencoded,
)
from neuraltopic.preprocessing.cleaning.repair import Repair
from neuraltopic.preprocessing.cleaning.signs import signs_of

_JOINED = re.compile(r"_(?<=[^\W\d_]_)[^\W\d_]")
# Name, what takes it out, and signs of which a text with it has one.
_Step: TypeAlias = tuple[str, Callable[[str], str], tuple[str, ...]]
_BEFORE: tuple[_Step, ...] = (
    ("licences of e-books", without_licence, ("***",)),
    ("backslash escapes", without_escapes, ("\\",)),
    ("RTF", without_rich_text, ("{\\",)),
    ("MIME parts", without_mime, ("--",)),
    ("quoted-printable", without_quoted_printable, ("=",)),
    ("uuencoded files", without_uuencoded, ("\n",)),
)
_AFTER: tuple[_Step, ...] = (
    ("Markdown links and code", without_code, ("]", "```", "~~~")),
    ("wiki markup", without_wiki, ("[[",)),
    ("LaTeX", without_latex, ("\\{", "\\[", "\\*")),
    ("reStructuredText", without_restructured_text, ("::",)),
    ("terminal codes", without_terminal_codes, ("\x1b",)),
    ("HTML tags and entities", without_tags_and_entities, ("<", "&", ";")),
    ("BBCode", without_bbcode, ("[/",)),
    ("names between colons", without_named_signs, ("::", ":_", ":+", ":-")),
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
        self._marks = Marks()

    def __call__(self, texts: Iterable[str]) -> Iterator[str]:
        """Yield the prose of each text, mended."""
        for batch in in_batches(texts):
            yield from self.cleaned(batch)[0]

    def cleaned(self, batch: list[str]) -> tuple[list[str], dict[int, str]]:
        """The prose of each text, mended, and at the places of those that may have marks their signs."""
        signs: dict[int, str] = {}
        places = self._marks(batch)
        if places:
            batch = batch.copy()
        for place in places:
            prose, signs[place] = self._prose(batch[place])
            batch[place] = mended = self.repair.mended(prose, signs[place])
            if mended is not prose:
                signs[place] = signs_of(mended)
        return batch, signs

    def of(self, text: str) -> str:
        """The prose of one text, as it is written."""
        return self._prose(text)[0]

    def _prose(self, text: str) -> tuple[str, str]:
        """The prose of one text, and its signs."""
        signs = signs_of(text)
        if "_" in signs and _JOINED.search(text):
            self.joined += 1
        if self.keep:
            return text, signs
        text, message = without_headers(text)
        if message:
            self.found["e-mail headers"] += 1
            signs = signs_of(text)
        text, signs = self._cleaned(text, signs, _BEFORE)
        own = without_replies(text, signs, message=message)
        if own is not text:
            self.found["quoted replies and signatures"] += 1
            signs = signs_of(own)
        text, signs = self._cleaned(own, signs, _AFTER)
        own = without_names(without_addresses(text, signs), signs)
        if own is not text and own != text:
            self.found["addresses and handles"] += 1
            signs = signs_of(own)
        return own, signs

    def add(self, other: "PlainText") -> None:
        """Count what another found in other texts as well."""
        self.found.update(other.found)
        self.joined += other.joined
        self.repair.add(other.repair)

    def _cleaned(self, text: str, signs: str, steps: Iterable[_Step]) -> tuple[str, str]:
        for name, clean, telling in steps:
            for sign in telling:
                if sign in signs:
                    cleaned = clean(text)
                    if cleaned is not text and cleaned != text:
                        self.found[name] += 1
                        text, signs = cleaned, signs_of(cleaned)
                    break
        return text, signs
