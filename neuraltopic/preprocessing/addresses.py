"""Addresses in running text: URLs, e-mail addresses, domains, handles.

They are found by the one sign that they must hold, and followed from there to both sides (`(?r)` matches backwards): a
pattern that starts with the name before the sign is tried at every letter of the text.
"""

import re

import regex

# Scripts that write no space between words: none of their letters is part of an address beside which they stand.
_UNSPACED = (
    r"\p{Han}\p{Hiragana}\p{Katakana}\p{Bopomofo}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
    r"\u3000-\u303f\uff00-\uffef\u2018-\u201f\u2026"  # and their punctuation, full-width forms, quotation marks
)
# What ends an address: blanks, brackets, quotation marks, what separates fields. Brackets in pairs are part of it.
_INSIDE = rf"[^\s<>\"'`|\\{{}}\[\](),;{_UNSPACED}]"
_TAIL = rf"(?:{_INSIDE}|\([^\s<>\"()]*\))"
_NAME = rf"(?:(?![{_UNSPACED}])[\w-])+"

_URL, _SCHEME = regex.compile(rf"://{_TAIL}++"), regex.compile(r"(?r)(?<![A-Za-z])[A-Za-z][A-Za-z0-9+.-]*")
_HOST, _MAILBOX = regex.compile(rf"@{_NAME}(?:\.{_NAME})+"), regex.compile(rf"(?r)(?:(?![{_UNSPACED}])[\w.%+-])+")
_WWW = regex.compile(rf"(?<![A-Za-z0-9])[Ww]{{3}}\.{_TAIL}++")
_SCHEME_ALONE = re.compile(r"\b(?:https?:/*|mailto:)(?=\s|$)", re.IGNORECASE)

# A domain without a scheme ends in one of these, or in two letters before a path. Countries whose two letters are a
# common word (in, is, it, me, no, to ...) need the path.
_GENERIC = "com|org|net|edu|gov|mil|int|info|biz|io"
_COUNTRIES = "au|br|ca|ch|cn|cz|de|dk|eu|fi|fr|gr|hk|hu|ie|jp|kr|nl|nz|pl|ru|tr|tw|ua|uk|za"
_DOMAIN = regex.compile(
    rf"\.(?:(?:co|com|org|net|ac|gov|edu)\.[a-z]{{2}}|{_GENERIC}|{_COUNTRIES}|[a-z]{{2}}(?=/[A-Za-z0-9]))"
    rf"(?![A-Za-z0-9_@-])(?::\d+)?(?:[/?#]{_TAIL}*+)?"
)
_LABELS = regex.compile(r"(?r)(?<![\w.@-]|(?=[^\x00-\x7f])\w)(?:[A-Za-z0-9-]+\.)*[A-Za-z0-9][A-Za-z0-9-]*")
_TECHNOLOGIES = frozenset({"ado", "asp", "ml", "vb"})  # .NET
_HANDLE = regex.compile(r"(?<![A-Za-z0-9_.])@(?:[A-Za-z0-9_]+|[\w-]{1,30}(?=[\s:：]|$))")


def without_addresses(text: str) -> str:
    """The text without URLs and e-mail addresses."""
    if "://" in text:
        text = cut(text, _URL, _SCHEME)
    if "ww." in text or "WW." in text:
        text = _WWW.sub(" ", text)
    if "@" in text:
        text = cut(text, _HOST, _MAILBOX)
    if "ttp" in text or "ailto" in text or "TTP" in text:
        text = _SCHEME_ALONE.sub(" ", text)
    return text


def without_names(text: str) -> str:
    """The text, whose addresses are out, also without bare domains (example.org/page) and handles (@someone)."""
    if "@" in text:
        text = _HANDLE.sub(" ", text)
    return cut(text, _DOMAIN, _LABELS, spared=_TECHNOLOGIES) if "." in text else text


def cut(text: str, sign: regex.Pattern, before: regex.Pattern, spared: frozenset[str] = frozenset()) -> str:
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
