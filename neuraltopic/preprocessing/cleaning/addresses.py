"""Addresses in running text: URLs, e-mail addresses, domains, handles.

They are found by the one sign that they must hold, and followed from there to both sides (`(?r)` matches backwards): a
pattern that starts with the name before the sign is tried at every letter of the text.
"""

import re
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import regex

from neuraltopic.preprocessing.cleaning.signs import Sign

Pattern: TypeAlias = re.Pattern[str] | regex.Pattern

# Scripts without spaces between words. Their letters are never part of an address next to them.
_UNSPACED = (
    r"\p{Han}\p{Hiragana}\p{Katakana}\p{Bopomofo}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
    r"\u3000-\u303f\uff00-\uffef\u2018-\u201f\u2026"  # and their punctuation, full-width forms, quotation marks
)
# A domain without a scheme ends in one of these, or in two letters before a path. Countries whose two letters are a
# common word (in, is, it, me, no, to ...) need the path.
_GENERIC = "com|org|net|edu|gov|mil|int|info|biz|io"
_COUNTRIES = "au|br|ca|ch|cn|cz|de|dk|eu|fi|fr|gr|hk|hu|ie|jp|kr|nl|nz|pl|ru|tr|tw|ua|uk|za"


class _Patterns(NamedTuple):
    """What follows the sign of an address, from that sign on; of a mailbox also what is before it."""

    url: Pattern
    host: Pattern
    mailbox: Pattern
    www: Pattern
    domain: Pattern


def _compiled(compiled: Callable[[str], Pattern], unspaced: str) -> _Patterns:
    """The patterns of texts that may have letters of these scripts."""
    # Blanks, brackets, quotation marks and what separates fields end an address. Brackets in pairs are part of it.
    inside = rf"[^\s<>\"'`|\\{{}}\[\](),;{unspaced}]"
    tail = rf"(?:{inside}|\([^\s<>\"()]*\))"
    apart = f"(?![{unspaced}])" if unspaced else ""
    name = rf"(?:{apart}[\w-])+"
    return _Patterns(
        url=compiled(rf"://{tail}++"),
        host=compiled(rf"@{name}(?:\.{name})+"),
        mailbox=regex.compile(rf"(?r)(?:{apart}[\w.%+-])+"),
        www=compiled(rf"(?<![A-Za-z0-9])[Ww]{{3}}\.{tail}++"),
        domain=compiled(
            rf"\.(?=[a-z])(?:(?:co|com|org|net|ac|gov|edu)\.[a-z]{{2}}|{_GENERIC}|{_COUNTRIES}"
            rf"|[a-z]{{2}}(?=/[A-Za-z0-9]))(?![A-Za-z0-9_@-])(?::\d+)?(?:[/?#]{tail}*+)?"
        ),
    )


# The standard library is faster where its patterns do.
_ASCII, _ANY = _compiled(re.compile, ""), _compiled(regex.compile, _UNSPACED)
_SCHEME = regex.compile(r"(?r)(?<![A-Za-z])[A-Za-z][A-Za-z0-9+.-]*")
_WWW_END = re.compile(r"\.(?<=[Ww]{2}\.)")
_SCHEME_END = re.compile(r":(?<=[ptos]:)(?:(?<=ttp:)|(?<=tps:)|(?<=lto:))", re.IGNORECASE)
_SCHEME_ALONE = re.compile(r"\b(?:https?:/*|mailto:)(?=\s|$)", re.IGNORECASE)
_LABELS = regex.compile(rf"(?r)(?<!(?![{_UNSPACED}])[\w.-])(?:[A-Za-z0-9-]+\.)*[A-Za-z0-9][A-Za-z0-9-]*")
ADDRESSES, NAMES = Sign.URL | Sign.WWW | Sign.MAILBOX | Sign.SCHEME, Sign.HANDLE | Sign.DOMAIN
_TECHNOLOGIES = frozenset({"ado", "asp", "ml", "vb"})  # .NET
_HANDLE = regex.compile(r"(?<![A-Za-z0-9_.])@(?:[A-Za-z0-9_]+|[\w-]{1,30}(?=[\s:：]|$))")


def without_addresses(text: str, signs: int) -> str:
    """The text without URLs and e-mail addresses.

    Parameters
    ----------
    text : str
    signs : int
        Those of the text, see `Sign`.
    """
    patterns = _ASCII if text.isascii() else _ANY
    if signs & Sign.URL:
        text = cut(text, patterns.url, _SCHEME)
    if signs & Sign.WWW and _WWW_END.search(text):
        text = patterns.www.sub(" ", text)
    if signs & Sign.MAILBOX:
        text = cut(text, patterns.host, patterns.mailbox)
    if signs & Sign.SCHEME and _SCHEME_END.search(text):
        text = _SCHEME_ALONE.sub(" ", text)
    return text


def without_names(text: str, signs: int) -> str:
    """The text without bare domains (example.org/page) and handles (@someone), after `without_addresses`."""
    if signs & Sign.HANDLE and "@" in text:
        text = _HANDLE.sub(" ", text)
    domain = (_ASCII if text.isascii() else _ANY).domain
    return cut(text, domain, _LABELS, spared=_TECHNOLOGIES) if signs & Sign.DOMAIN else text


def cut(text: str, sign: Pattern, before: regex.Pattern, spared: frozenset[str] = frozenset()) -> str:
    """Take out every match of `sign` that `before` matches up to, unless that is one of `spared`."""
    pieces, kept = [], 0
    for found in sign.finditer(text):
        name = before.match(text, kept, found.start())
        if name and name[0].lower() not in spared:
            pieces.append(text[kept : name.start()])
            kept = found.end()
    if not kept:
        return text
    pieces.append(text[kept:])
    return " ".join(pieces)
