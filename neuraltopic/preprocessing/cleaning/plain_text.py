"""From raw text to prose, with counts of the markup that was removed."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import reduce
from operator import or_
from typing import TypeAlias

from neuraltopic.preprocessing.batches import in_batches
from neuraltopic.preprocessing.cleaning.addresses import ADDRESSES, NAMES, without_addresses, without_names
from neuraltopic.preprocessing.cleaning.batch_signs import signs_of_batch
from neuraltopic.preprocessing.cleaning.books import without_licence
from neuraltopic.preprocessing.cleaning.escapes import without_escapes
from neuraltopic.preprocessing.cleaning.latex import with_latex_letters, without_latex
from neuraltopic.preprocessing.cleaning.markup import (
    without_bbcode,
    without_code,
    without_front_matter,
    without_named_signs,
    without_restructured_text,
    without_rich_text,
    without_tags_and_entities,
    without_terminal_codes,
    without_wiki,
)
from neuraltopic.preprocessing.cleaning.messages import (
    REPLIES,
    without_headers,
    without_mime,
    without_quoted_printable,
    without_replies,
    without_uuencoded,
)
from neuraltopic.preprocessing.cleaning.repair import MENDING, Repair
from neuraltopic.preprocessing.cleaning.signs import Sign, signs_of

_JOINED = re.compile(r"_(?<=[^\W\d_]_)[^\W\d_]")
# Name, what takes it out, and signs of which a text with it has one.
_Step: TypeAlias = tuple[str, Callable[[str], str], int]
_BEFORE: tuple[_Step, ...] = (
    ("licences of e-books", without_licence, Sign.BOOK),
    ("uuencoded files", without_uuencoded, Sign.UUENCODED),
    ("front matter", without_front_matter, Sign.PARTS),
    ("letters of LaTeX", with_latex_letters, Sign.BACKSLASH),
    ("backslash escapes", without_escapes, Sign.BACKSLASH),
    ("RTF", without_rich_text, Sign.RICH_TEXT),
    ("MIME parts", without_mime, Sign.PARTS),
    ("quoted-printable", without_quoted_printable, Sign.QUOTED_PRINTABLE),
)
_AFTER: tuple[_Step, ...] = (
    ("Markdown links and code", without_code, Sign.CODE),
    ("wiki markup", without_wiki, Sign.WIKI),
    ("LaTeX", without_latex, Sign.LATEX),
    ("reStructuredText", without_restructured_text, Sign.DIRECTIVE),
    ("terminal codes", without_terminal_codes, Sign.TERMINAL),
    ("HTML tags and entities", without_tags_and_entities, Sign.HTML),
    ("BBCode", without_bbcode, Sign.BBCODE),
    ("names between colons", without_named_signs, Sign.NAMED),
)
_OF_BEFORE, _OF_AFTER = (reduce(or_, (sign for _, _, sign in steps)) for steps in (_BEFORE, _AFTER))
_OF_ANY = _OF_BEFORE | REPLIES | _OF_AFTER | ADDRESSES | NAMES


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
        for batch in in_batches(texts):
            yield from self.cleaned(batch)[0]

    def cleaned(self, batch: list[str]) -> tuple[list[str], list[int]]:
        """The prose of each text, mended, and the signs that it may have: see `Sign`."""
        texts, signs = self._prose(batch)
        for place, of_text in enumerate(signs):
            if of_text & MENDING:
                prose = texts[place]
                texts[place] = mended = self.repair.mended(prose, of_text)
                if mended is not prose:
                    signs[place] = signs_of(mended)
        return texts, signs

    def of(self, text: str) -> str:
        """The prose of one text, as it is written."""
        return self._prose([text])[0][0]

    def _prose(self, batch: list[str]) -> tuple[list[str], list[int]]:
        """The prose of each text, and its signs."""
        self.joined += sum("_" in text and _JOINED.search(text) is not None for text in batch)
        if self.keep:
            return batch.copy(), signs_of_batch(batch)
        texts, messages = self._bodies(batch)
        signs = signs_of_batch(texts)
        for place, of_text in enumerate(signs):
            if of_text & _OF_ANY or place in messages:
                text, left = self._without_markup(texts[place], of_text, message=place in messages)
                texts[place], signs[place] = self._without_addresses(text, left)
        return texts, signs

    def _bodies(self, batch: list[str]) -> tuple[list[str], set[int]]:
        """The texts, of those with the headers of a message the subject and the body, and the places of these."""
        texts, messages = batch.copy(), set[int]()
        for place, text in enumerate(batch):
            if "\n" in text:
                texts[place], is_message = without_headers(text)
                if is_message:
                    messages.add(place)
        return texts, messages

    def _without_markup(self, text: str, signs: int, *, message: bool) -> tuple[str, int]:
        """The text without markup and quotations, and its signs."""
        if message:
            self.found["e-mail headers"] += 1
        if signs & _OF_BEFORE:
            text, signs = self._without(text, signs, _BEFORE)
        if message or signs & REPLIES:
            own = without_replies(text, signs, message=message)
            if own is not text:
                self.found["quoted replies and signatures"] += 1
                # Else whole lines are gone, and no sign is new.
                text, signs = own, signs_of(own) if signs & Sign.ORIGINAL else signs
        if signs & _OF_AFTER:
            text, signs = self._without(text, signs, _AFTER)
        return text, signs

    def _without(self, text: str, signs: int, steps: Iterable[_Step]) -> tuple[str, int]:
        for name, clean, telling in steps:
            if signs & telling:
                cleaned = clean(text)
                if cleaned is not text and cleaned != text:
                    self.found[name] += 1
                    text, signs = cleaned, signs_of(cleaned)
        return text, signs

    def _without_addresses(self, text: str, signs: int) -> tuple[str, int]:
        """The text without addresses, domains and handles, and its signs."""
        if not signs & (ADDRESSES | NAMES):
            return text, signs
        own = without_addresses(text, signs)
        # A blank is in the place of each, which a handle may follow.
        own = without_names(own, signs if own is text else signs | Sign.HANDLE)
        if own is text or own == text:
            return text, signs & ~ADDRESSES  # they are not looked for again
        self.found["addresses and handles"] += 1
        # By the other signs no blank stands, and no letter or digit beside an address.
        return own, signs | Sign.SPACED | (Sign.CUT_WORD if "- " in own else 0)

    def add(self, other: "PlainText") -> None:
        """Count what another found in other texts as well."""
        self.found.update(other.found)
        self.joined += other.joined
        self.repair.add(other.repair)
