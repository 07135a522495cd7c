"""E-mail and news in texts: headers, MIME, quoted-printable, uuencoded files, quoted replies, signatures."""

import email
import email.errors
import email.header
import email.policy
import quopri
import re
from contextlib import suppress

from neuraltopic.preprocessing.cleaning.signs import Sign
from neuraltopic.reading.formats.document_files import message_text

_HEADERS = re.compile(
    r"\s*(?:From [^\n]*\n)?((?:[A-Za-z][A-Za-z0-9-]*:(?:[ \t][^\n]*)?\r?\n(?:[ \t]+\S[^\n]*\n)*){2,})"
    r"(?:[ \t]*\r?\n|\Z)?"
)
# Patterns that begin with one character are looked for fast; ^ in the middle of a text is not.
_HEADER_NAME = re.compile(r"\n([a-z][a-z0-9-]*):")  # in lower case
_SUBJECT = re.compile(r"\n(?=[Ss])(?i:subject):[ \t]*([^\n]*(?:\n[ \t]+[^\n]*)*)")
# Two of these say that lines of the form "name: value" are the headers of a message.
_TELLING = frozenset(
    {"from", "to", "cc", "subject", "date", "sent", "message-id", "newsgroups", "received", "reply-to"}
)
_OF_PARTS = ("content-type", "content-transfer-encoding")
_ENCODED = ("multipart/", "quoted-printable", "base64")
_PART = re.compile(
    r"(?m)^--(?P<boundary>[^\s-][^\n]{0,69}|-{2,}[^\s-][^\n]{0,67}?)[ \t]*\r?\n(?:Content-[\w-]+:[^\n]*\n)+"
)

# Soft line ends, and bytes that prose in ASCII has no need to write so.
_QUOPRI = re.compile(r"=(?:3D|20|09|0[AD]|[89A-F][0-9A-F]|(?<![\s=]=)\r?\n)")
_ENOUGH = 3

# Full lines begin with M, the length, and have no small letters; what is left of a file is in one shorter line.
_UUENCODED = re.compile(
    r"\n(?:begin [0-7]{3,4} [^\n]*\n)?M[ -`]{60}\r?(?:\nM[ -`]{60}\r?){2,}(?=\n|\Z)(?:\n[!-L][ -`]{1,59}\r?(?=\n|\Z))?"
    r"(?:\n[ `]?\r?(?=\nend))?(?:\nend\r?(?=\n|\Z))?"
)

# A line with the mark of a quotation in its first eight characters, and those that follow it.
_QUOTED = r"(?=[^>\n]{0,7}+>)[ \t]*+[A-Za-z]{0,3}+>[^\n]*"
_QUOTATION = re.compile(rf"\n{_QUOTED}(?:\n{_QUOTED})*")
_LINES_OF_ATTRIBUTION = 4  # two, and two empty ones after them
_VERBS = ("writes", "wrote", "said", "says", "schrieb", "a écrit", "escribió", "ha scritto", "schreef", "escreveu")
_SAID = re.compile(rf"\b(?:{'|'.join(_VERBS)})\b[^\n]{{0,60}}:?\s*$", re.IGNORECASE)
_WHEN = re.compile(r"\s*(?:In article|In message|In <|On|Am|Le|El|Il|Op|Em)\b")
_HYPHEN_LETTER = re.compile(r"-[ \t]*[fmouFMOU]")  # as the next two begin
_ORIGINAL = re.compile(
    r"-[ \t]*(?:original message|ursprüngliche nachricht|message d'origine|mensaje original|messaggio originale)"
    r"[ \t]*-",
    re.IGNORECASE,
)
_FORWARDED = re.compile(r"-[ \t]*forwarded (?:message|by)\b[^\n]*\n", re.IGNORECASE)
# The headers that some programs set above the message that is answered.
_ANSWERED = re.compile(
    r"\n[ \t*]*(?:From|Von|De|Da|Van):[^\n]+\n"
    r"(?:[^\n]+\n){0,3}?[ \t*]*(?:Sent|Gesendet|Envoyé|Enviado|Inviato|Verzonden):[^\n]+\n"
    r"(?:[^\n]+\n){0,4}?[ \t*]*(?:Subject|Betreff|Objet|Assunto|Asunto|Oggetto|Onderwerp):"
)
_SENT_END = re.compile(r":(?:(?<=ent:)|(?<=det:)|(?<=oyé:)|(?<=ado:)|(?<=ato:)|(?<=den:))")  # faster to look for
REPLIES = Sign.ORIGINAL | Sign.ANSWERED | Sign.QUOTED
_SIGNATURE = re.compile(r"-- \r?\n")


def without_headers(text: str) -> tuple[str, bool]:
    """The subject and the body of a text that begins with the headers of a message, and whether it does.

    A body in parts or in a transfer encoding is decoded, the plain one of several taken.
    """
    found = _HEADERS.match(text) if ":" in text[:200] else None
    if found is None:
        return text, False
    block = "\n" + found[1]
    lowered = block.lower()
    names = set(_HEADER_NAME.findall(lowered))
    if len(names & _TELLING) < 2:
        return text, False
    if not names.isdisjoint(_OF_PARTS) and any(encoding in lowered for encoding in _ENCODED):
        decoded = _decoded(text.lstrip())
        if decoded is not None:
            return decoded, True
    subject = _SUBJECT.search(block)
    return f"{_plain_header(subject[1]) if subject else ''}\n\n{text[found.end() :]}", True


def without_mime(text: str) -> str:
    """The plain part of a body in MIME parts that has lost its headers."""
    found = _PART.search(text) if "Content-" in text else None
    if found is None:
        return text
    boundary = found["boundary"].strip().replace('"', "")
    decoded = _decoded(f'Content-Type: multipart/mixed; boundary="{boundary}"\n\n{text}')
    return text if decoded is None else f"{text[: found.start()]}\n{decoded}"


def without_quoted_printable(text: str) -> str:
    """The text with the characters that =E9 and the like stand for, if there are some."""
    if "=" not in text or len(_QUOPRI.findall(text)) < _ENOUGH:
        return text
    # Characters that are decoded already stay; a lone surrogate is no UTF-8.
    data = quopri.decodestring(text.encode("utf-8", "surrogatepass"))
    with suppress(UnicodeDecodeError):
        return data.decode("utf-8")
    return data.decode("cp1252", "replace") if text.isascii() else text


def without_uuencoded(text: str) -> str:
    """The text without files that are written in letters by uuencode."""
    if "\nM" not in text:
        return text
    return _UUENCODED.sub("\n", f"\n{text}")[1:]


def without_replies(text: str, signs: int, *, message: bool) -> str:
    """A message without quotations and signature, unless nothing else is left.

    Parameters
    ----------
    text : str
    signs : int
        Those of the text, see `Sign`.
    message : bool
        Whether it is known for one; else a line such as "On Monday Ann wrote:" over the quotation makes it one.
    """
    if signs & Sign.ORIGINAL and "--" in text:
        text, message = _own_message(text, message) if _HYPHEN_LETTER.search(text) else (text, message)
    answered = _ANSWERED.search(text) if signs & Sign.ANSWERED and _SENT_END.search(text) else None
    if answered and any(map(str.isalnum, text[: answered.start()])):
        return _without_signature(text[: answered.start()])
    if not message and not signs & Sign.QUOTED:
        return text
    own, attributed = _without_quotations(text) if signs & Sign.QUOTED else (text, False)
    if not (message or attributed):
        return text
    own = _without_signature(own)
    return own if own != text and any(map(str.isalnum, own)) else text


def _own_message(text: str, message: bool) -> tuple[str, bool]:
    """The text above the message that it answers, without a line on its forwarding; whether it is a message."""
    original = _ORIGINAL.search(text)
    if original and any(map(str.isalnum, text[: original.start()])):
        text, message = text[: original.start()], True
    return _FORWARDED.sub("\n", text), message


def _without_signature(text: str) -> str:
    """The text above the first line that is two hyphens and a blank, if there is any."""
    if "-- " in text:
        for found in _SIGNATURE.finditer(text):
            above = text[: found.start()]
            if not above or above.endswith("\n"):
                return above if above.strip() else text
    return text


def _without_quotations(text: str) -> tuple[str, bool]:
    """The lines that are not quoted, and whether a line attributes the quotation to someone."""
    own: list[str] = []  # in pieces; every line has its line end before it
    attributed, end, text = False, 0, f"\n{text}"
    for found in _QUOTATION.finditer(text):
        piece, end = text[end : found.start()], found.end()
        while own and piece.count("\n") < _LINES_OF_ATTRIBUTION:
            piece = own.pop() + piece
        above, *lines = piece.rsplit("\n", _LINES_OF_ATTRIBUTION)
        if _drop_attribution(lines):
            piece, attributed = "\n".join([above, *lines]), True
        own.append(piece)
    own.append(text[end:])
    return "".join(own)[1:], attributed


def _drop_attribution(lines: list[str]) -> bool:
    """Remove "On Monday Ann wrote:" from the end, over one line or two; whether it is there."""
    last = len(lines) - 1
    while last >= 0 and last >= len(lines) - 2 and not lines[last].strip():
        last -= 1
    if last < 0:
        return False
    begins = next((row for row in (last, last - 1) if row >= 0 and _WHEN.match(lines[row])), None)
    if not ((begins is not None and lines[last].rstrip().endswith(":")) or _says_who(lines[last])):
        return False
    del lines[last if begins is None else begins :]
    return True


def _says_who(line: str) -> bool:
    """Whether a line ends in a verb that attributes what follows, and a few words."""
    if line.isascii():  # where a verb has one spelling in small letters, and is fast to look for
        lowered = line.lower()
        for verb in _VERBS:
            if verb in lowered:
                break
        else:
            return False
    return _SAID.search(line) is not None


def _decoded(message: str) -> str | None:
    """Subject and body as the standard library decodes them; None where it cannot."""
    # Malformed messages fail in many ways, and are read as they are.
    with suppress(LookupError, ValueError, TypeError, KeyError, AttributeError, email.errors.MessageError):
        data = message.encode("utf-8", "surrogatepass")
        text = message_text(email.message_from_bytes(data, policy=email.policy.default))
        return text if text.strip() else None
    return None


def _plain_header(value: str) -> str:
    value = " ".join(value.split())
    if "=?" not in value:
        return value
    with suppress(LookupError, ValueError, email.errors.MessageError):
        return str(email.header.make_header(email.header.decode_header(value)))
    return value
