"""Rows of exported chats: a message begins with a date and its author, and may go on in the next lines."""

import re
from collections.abc import Iterator
from typing import Any

from neuraltopic.reading.encodings import Lines
from neuraltopic.reading.rows import Row

# "12/01/24, 10:02 - Ann: Hello" of Android, "[12.01.24, 10:02:01] Ann: Hello" of iOS; "[12-Jan-24 10:02 AM] ann#12" of
# Discord stands in a line of its own.
_DATE = (
    r"\d{1,4}[./-](?:\d{1,2}|[A-Z][a-z]{2})[./-]\d{2,4},?[ \u202f]\d{1,2}[:.]\d{2}(?:[:.]\d{2})?"
    r"(?:[ \u00a0\u202f][ap]\.?[ \u00a0\u202f]?m\.?)?"
)
_HEAD = rf"\u200e?(?:\[{_DATE}\]|{_DATE} -) "
_TITLE = r"(?:={9,}\r?\n(?:.*\n){1,6}?={9,}\r?\n\s*)?"
CHAT = re.compile(rf"{_TITLE}{_HEAD}.*\n(?:.*\n){{0,9}}?{_HEAD}", re.IGNORECASE)
_MESSAGE = re.compile(
    rf"\u200e?(?:\[(?P<ios>{_DATE})\]|(?P<android>{_DATE}) -) (?:(?P<author>[^:]{{1,60}}): )?(?P<text>.*)",
    re.IGNORECASE,
)
# What stands for a picture, or is said by the program: "<Media omitted>" of Android; iOS marks it.
_NO_TEXT = re.compile(r"<[^<>]+>|\u200e.*|[\w-]+\.\w{3,4} \([^()]+\)")
# What Discord's exporter writes below a message, and below the last.
_NO_WORDS = re.compile(r"\{(?:Attachments|Reactions|Stickers)\}\n.*|={9,}\nExported .*", re.DOTALL)


def chat_rows(lines: Lines) -> Iterator[Row]:
    """Read a row per message: id is the number of its first line, author and date are metadata.

    What the program says, without an author, and what stands for a picture are empty documents. A name alone after
    the date is the author of the lines below it.
    """
    message: list[str] = []
    metadata: dict[str, Any] = {}
    problem, first = "", 0
    for number, (line, wrong) in enumerate(lines, start=1):
        content = line.removesuffix("\r").removesuffix("\n")
        found = _MESSAGE.match(content)
        if found is None:
            message.append(content)
            problem = problem or wrong
            continue
        if first:
            yield _row(message, metadata, lines.encoding, problem, first)
        said = "" if _NO_TEXT.fullmatch(found["text"]) else found["text"]
        metadata = {"author": found["author"] or "", "date": found["ios"] or found["android"]}
        message, problem, first = [said], wrong, number
    if first:
        yield _row(message, metadata, lines.encoding, problem, first)


def _row(message: list[str], metadata: dict[str, Any], encoding: str, problem: str, first: int) -> Row:
    text = "\n".join(message).rstrip()
    if not metadata["author"]:
        author, _, below = text.partition("\n")
        text = _NO_WORDS.sub("", below).strip()
        metadata["author"] = author if below else ""
    return Row(str(first), None if problem else text, metadata, encoding, problem, first, len(message))
