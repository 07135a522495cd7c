"""Markup in texts from pages, forums, chats and documentation: HTML, entities, BBCode, wikis, reST."""

import html
import re
from contextlib import suppress

from neuraltopic.errors import UsageError
from neuraltopic.reading.formats.document_files import html_text, rich_text

# An element is known by its closing tag, or as one of those that often stand without: in prose "<" also opens
# addresses, placeholders and smileys.
_OPEN = "a|b|br|center|code|dd|div|dl|dt|em|font|h[1-6]|hr|i|iframe|img|input|li|link|meta|ol|p|pre|small|span|strong"
_TAG = re.compile(
    rf"<(?:/[a-z][\w:.-]*\s*>|(?:{_OPEN}|sub|sup|table|tbody|td|th|tr|u|ul)(?:\s+[\w:-]+\s*=[^<>]*|\s*/?)>"
    r"|!--|!doctype\b|!\[CDATA\[)",
    re.IGNORECASE,
)
_CDATA = re.compile(r"<!\[CDATA\[|\]\]>")
# A parser reads on to the end of these; where that does not come they are words about markup.
_SWALLOWS = ("script", "style", "noscript", "template", "title", "textarea", "iframe", "xmp", "select", "head")
_SWALLOWING = re.compile(rf"<(?=(?P<name>{'|'.join(_SWALLOWS)})\b|(?P<comment>!--))", re.IGNORECASE)

_ENTITY = re.compile(r"&(?:(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});|(?:nbsp|amp|quot)\b)")
# Entities that have lost their ampersand, known by their end.
_HALF_ENTITY_END = re.compile(r";(?<=sp;|mp;|ot;|uo;|ip;|sh;|os;)")
_HALF_ENTITY = re.compile(r"\b(?:nbsp|amp|quot|[lr][sd]quo|hellip|[mn]dash|apos);")

_BB_NAMES = (
    "align|attach|b|center|code|color|email|font|hr|i|img|indent|justify|left|li|list|media|ol|quote|right|s|size|"
    "spoiler|strike|sub|sup|table|td|th|tr|u|ul|url|user|video|youtube"
)
_BB_END = re.compile(rf"\[/(?:{_BB_NAMES})\]", re.IGNORECASE)
_BB_TAG = re.compile(rf"\[(?:/?(?:{_BB_NAMES})(?:[=\s][^\[\]]*)?/?|\*)\]", re.IGNORECASE)
_BB_WORDLESS = re.compile(r"\[(img|attach|media|video|youtube)\b[^\[\]]*\][^\[\]]*\[/\1\]", re.IGNORECASE)

_FENCED = re.compile(r"(?ms)^[ \t]*(?P<fence>```+|~~~+)[^\n`]*\n.*?(?:^[ \t]*(?P=fence)[ \t]*$|\Z)")
# What stands above a page for the program that makes it: names with values, between rules.
_FRONT = re.compile(r"---[ \t]*\r?\n((?:[^\n]*\n){1,99}?)---[ \t]*\r?(?:\n|\Z)")
_FRONT_LINE = re.compile(r"[A-Za-z][\w .-]*:(?:[ \t].*)?\r?|[ \t]+\S.*|[ \t]*-[ \t].*|#.*|[ \t\r]*")
_FRONT_TITLE = re.compile(r"(?im)^(?:title|subtitle|description|summary|excerpt)[ \t]*:[ \t]*(.*)$")
_LINK = re.compile(
    r"\]\((?:https?://|/|#|\.{1,2}/|mailto:|[\w./-]+\.[A-Za-z]{2,5}(?=[\s)#?]))[^\s()]*(?:\s+\"[^\"]*\")?\)"
)

_WIKI_REFERENCE = re.compile(r"<ref\b[^<>]*(?:/>|>[^<]*</ref>)", re.IGNORECASE)
_WIKI_TEMPLATE = re.compile(r"\{\{[^{}]*\}\}|\{\|[^\n]*")
_WIKI_LINK = re.compile(r"\[\[([^\[\]]*)\]\]")
_WIKI_WORDLESS = (
    "file",
    "image",
    "category",
    "datei",
    "bild",
    "kategorie",
    "fichier",
    "catégorie",
    "archivo",
    "categoría",
)

# A name between colons: an emoji of a chat, or before a grave accent a role of reStructuredText.
_NAMED = re.compile(
    r":(?<![\w:]:)(?:[+-]1|[a-z][a-z0-9_+-]*):(?::(?:[+-]1|[a-z][a-z0-9_+-]*):)*(?:[a-z][a-z0-9_+-]*:)*(?!\w)"
)
# The mark and the name of a directive; the blocks of some are no prose.
_DIRECTIVE = re.compile(r"(?m)^[ \t]*\.\. [\w:-]+::")
_BLOCK = re.compile(
    r"(?m)^([ \t]*)\.\. (?:code(?:-block)?|sourcecode|literalinclude|math|toctree|raw|image|contents)::[^\n]*"
    r"(?:\n(?:[ \t]*\r?(?=\n)|\1[ \t]+\S[^\n]*))*"
)

_TERMINAL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")

# Text that was escaped twice is common, three times is not.
_ROUNDS = 3


def without_html(text: str) -> str:
    """The words of a text with tags; a text without any as it is."""
    if "<" not in text or not _TAG.search(text):
        return text
    lowered = text.lower()

    def closed(found: re.Match[str]) -> str:
        end = "-->" if found["comment"] else f"</{found['name'].lower()}"
        return "<" if end in lowered else "&lt;"

    return html_text(_SWALLOWING.sub(closed, _CDATA.sub(" ", text)))


def without_entities(text: str) -> str:
    """The text with the characters that entities such as &amp; or &#233; stand for."""
    return _ENTITY.sub(lambda found: html.unescape(found[0]), text).replace("\xa0", " ") if "&" in text else text


def without_bbcode(text: str) -> str:
    """The text without the tags of forums, [b] or [quote author=me], if one of them is closed."""
    if "[/" not in text or not _BB_END.search(text):
        return text
    return _BB_TAG.sub(" ", _BB_WORDLESS.sub(" ", text))


def without_front_matter(text: str) -> str:
    """A page without the names and values above it, of which the title and a summary are left."""
    found = _FRONT.match(text) if text.startswith("---") else None
    if found is None or not all(map(_FRONT_LINE.fullmatch, found[1].split("\n"))) or not text[found.end() :].strip():
        return text
    titles = [title.strip(" \t\r\"'") for title in _FRONT_TITLE.findall(found[1])]
    return "\n\n".join([*filter(None, titles), text[found.end() :]])


def without_code(text: str) -> str:
    """Markdown without the blocks of code between fences, if anything stands beside them, and the targets of links."""
    if "]" in text and "](" in text:
        text = _LINK.sub("] ", text)
    if ("`" in text and "```" in text) or ("~" in text and "~~~" in text):
        prose = _FENCED.sub("\n", text)
        text = prose if prose.strip() else text
    return text


def without_wiki(text: str) -> str:
    """The text of a page of a wiki, if it has links in double brackets: their words, and no templates or notes."""
    if "[[" not in text or not _WIKI_LINK.search(text):
        return text
    text = _WIKI_REFERENCE.sub(" ", text)
    for _ in range(_ROUNDS):  # from the inside out
        text = _WIKI_LINK.sub(_words_of_link, _WIKI_TEMPLATE.sub(" ", text))
    return text


def _words_of_link(found: re.Match[str]) -> str:
    """What a link is called in the text: what is after its last bar."""
    space = found[1].partition(":")[0].strip().lower()
    return " " if space in _WIKI_WORDLESS else found[1].rpartition("|")[2]


def without_rich_text(text: str) -> str:
    """The text of RTF, if striprtf is installed; other text as it is."""
    if text.lstrip().startswith("{\\rtf"):
        with suppress(UsageError):
            return rich_text(text.lstrip())
    return text


def without_restructured_text(text: str) -> str:
    """The text without the marks of directives in reStructuredText, and without blocks of code and the like."""
    if "::" not in text or ".. " not in text or not _DIRECTIVE.search(text):
        return text
    prose = _BLOCK.sub("", text)
    return _DIRECTIVE.sub("", prose if prose.strip() else text)


def without_named_signs(text: str) -> str:
    """The text without names between colons: :smile:, and roles as :ref:`this`, whose text is left."""
    return _NAMED.sub(" ", text) if ":" in text else text


def without_terminal_codes(text: str) -> str:
    """The text without the codes that colour it in a terminal."""
    return _TERMINAL.sub(" ", text) if "\x1b" in text else text


def without_tags_and_entities(text: str) -> str:
    """The text without tags and entities, which may be escaped twice."""
    for _ in range(_ROUNDS):
        plain = without_entities(without_html(text))
        if plain == text:
            break
        text = plain
    return _HALF_ENTITY.sub(" ", text) if _HALF_ENTITY_END.search(text) else text
