"""Documents of a plain text file: a line each, or a paragraph each where the lines are wrapped at a column."""

import itertools
import re
import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from neuraltopic.reading.encodings import SAMPLE, Lines
from neuraltopic.reading.formats.dialects import DELIMITERS, OF_SCRIPTS, find_dialect, stands_between_words
from neuraltopic.reading.formats.tagged_records import HYPHENED, PLAIN
from neuraltopic.reading.rows import Row, note

# Characters in the longest line of a text that is wrapped.
_NARROWEST, _WIDEST = 40, 132
# A line is full when the next word would have made it longer than this share of the longest. Words count up to a
# length, since scripts without spaces have a line for a word.
_FULL, _LONGEST_WORD = 0.85, 15
# Pairs of lines of one paragraph that show that a text is wrapped, and the share of full lines among them: where blank
# lines separate paragraphs, and where none do.
_FEWEST_PAIRS, _BETWEEN_BLANKS, _WITHOUT_BLANKS = 20, 0.9, 0.7
# The end of a sentence inside a line, and the share of lines that have one in prose that is wrapped: documents of one
# length in a line each have fewer.
_SENTENCE_END, _FEWEST_ENDS = re.compile(r"[.!?。！？][\"')\]”’»]*\s+\S"), 0.1
# Lines that tell that a text is a table.
_RECORDS = 20
# Tags of Web of Science, which have no hyphen after them, and the beginning of an entry of BibTeX.
_TAGS = frozenset({"FN", "VR", "PT", "AU", "AF", "TI", "SO", "AB", "PY", "ER"})
_MESSAGE = re.compile(r"\u200e?\[?\d{1,4}[./-]\d{1,2}[./-]\d{2,4},? \d{1,2}[:.]\d{2}\b.*?: ")  # of WhatsApp and others
_LABELLED = re.compile(r"__label__|-?\d[\d.]*\s+(?:'\S+\s*)?\|\w*\s")  # of fastText and Vowpal Wabbit
_ARTICLE = re.compile(r"\s*\d+ of \d+ DOCUMENTS\s*$")  # of LexisNexis
# A time before what is said, or after the name of who says it; a name before it.
_TIME_OF_TURN = re.compile(
    r"[\[(]?\d{1,2}:\d\d(?::\d\d)?[.,\d]*[\])]?\s|\D{1,40}\s[\[(]?\d{1,2}:\d\d(?::\d\d)?[\])]?\s*$"
)
_TURN = re.compile(r"([^\W\d_][\w.'’-]*(?: [\w.'’-]+){0,3}) ?: \S")
_QUESTION_OR_ANSWER = re.compile(r"([QA])\d*[.):] \S")
_OFTEN, _FEWEST_TURNS = 0.4, 6
_BAR_ROW = re.compile(r"\s*\|.*\|\s*$|[^|]*\S\s+\|\s+[^|]*|\s*[+|-]?-{2,}[-+|:\s]*$")
_YAML = re.compile(r"(?:- |  +)[A-Za-z_][\w-]*: |- *$|---\s*$")
_YAML_WITHIN = re.compile(r" +[A-Za-z_][\w-]*: ")  # not of a dialogue, whose lines are "- Ann: yes"
_SQL = re.compile(r"(?:INSERT INTO|CREATE TABLE)\s", re.IGNORECASE)
# A word, its lemma and tags in columns, as taggers and treebanks write them; the lines of a sentence are numbered.
_TOKEN_ROW = re.compile(r"\d+\t\S+(?:\t\S+){6,8}$|\S+(?:\t\S+){1,3}$|</?s\b[^>]*>$|\S+ [A-Z$]{1,5} [A-Z-]+$")
_BIB_ENTRY = re.compile(r"@(?:article|book|inproceedings|misc|phdthesis|techreport)\s*\{", re.IGNORECASE)
# The lines around a book of Project Gutenberg, and how many more the first may go on in.
_BOOK_START, _BOOK_END = (
    re.compile(rf"\*\*\* ?{edge} OF (?:THE|THIS) PROJECT GUTENBERG", re.IGNORECASE) for edge in ("START", "END")
)
_TITLE_LINES = 3
_JSON = re.compile(r"\{.*\}\s*$|\[\s*[\"\d].*\]\s*$")
_FIELD = re.compile(r"%\w |[A-Za-z][\w-]*[:;=]")  # of EndNote, of calendars and others
_ID = re.compile(r"(?=\S*\d)\S*[^\W\d]")
# Characters that str.splitlines and other programs take for the end of a line.
_OTHER_ENDS = re.compile("[\x0b\x0c\x85\u2028\u2029]")


class _Line(NamedTuple):
    """A line without its end, its number from 1, and its problem."""

    number: int
    text: str
    problem: str


def text_rows(lines: Lines, name: str) -> Iterator[Row]:
    """Read a document per line; a blank line is an empty document.

    If the lines between blank ones are wrapped at a column, which is decided from the first mebibyte, a document is a
    paragraph, and its id is the number of its first line.

    A line ends as in `Lines`. A vertical tab, form feed, U+0085, U+2028 or U+2029 in a line counts as a space; in a
    file without other line ends these end a line. A note says so in both cases.
    """
    stream = _numbered(lines, name)
    sample = _sample(stream)
    if any(_BOOK_START.match(line.text) for line in sample):
        stream = _book(itertools.chain(sample, stream), name)
        sample = _sample(stream)
    everything = itertools.chain(sample, stream)
    _note_tables([line.text for line in sample], name)
    width = _find_width([line.text for line in sample], name)
    if width is None:
        for number, line, problem in everything:
            yield Row(str(number), None if problem else line, {}, lines.encoding, problem)
        return
    note(
        name,
        f"the lines are wrapped at {width} characters, so a document is a paragraph between blank lines; write each "
        "document in one line to have a document per line",
    )
    for _, group in itertools.groupby(everything, lambda line: bool(line.text.strip())):
        paragraph = list(group)
        if not paragraph[0].text.strip():
            continue
        problem = next((line.problem for line in paragraph if line.problem), "")
        text = None if problem else "\n".join(line.text for line in paragraph)
        first = paragraph[0].number
        yield Row(str(first), text, {}, lines.encoding, problem, first, len(paragraph))


def _numbered(lines: Lines, name: str) -> Iterator[_Line]:
    stream: Iterable[tuple[str, str]] = iter(lines)
    first = list(itertools.islice(stream, 2))
    if len(first) == 1 and not first[0][1] and (end := _OTHER_ENDS.search(first[0][0].strip())):
        note(name, f"the lines end with U+{ord(end[0]):04X}")
        first = [(text, "") for text in first[0][0].removesuffix(end[0]).split(end[0])]
    n_other = first_other = 0
    for number, (line, problem) in enumerate(itertools.chain(first, stream), start=1):
        if not line.isprintable() and _OTHER_ENDS.search(line.strip()):
            n_other += 1
            first_other = first_other or number
        yield _Line(number, line.removesuffix("\r"), problem)
    if n_other:
        have = "1 line has" if n_other == 1 else f"{n_other:,} lines have"
        note(
            name,
            f"{have} a sign inside that some programs take for the end of a line, as U+2028 (the first: line "
            f"{first_other:,}); such a line is read as one document",
        )


def _sample(stream: Iterator[_Line]) -> list[_Line]:
    """The lines of the first mebibyte."""
    sample, size = [], 0
    for line in stream:
        sample.append(line)
        size += len(line.text) + 1
        if size >= SAMPLE:
            break
    return sample


def _book(lines: Iterable[_Line], name: str) -> Iterator[_Line]:
    """The lines of a book of Project Gutenberg, without those before and after it; a note says which these are."""
    stream = iter(lines)
    start = next(line for line in stream if _BOOK_START.match(line.text))
    title = start.text
    for _ in range(_TITLE_LINES):
        if title.rstrip().endswith("***"):
            break
        start = next(stream, start)
        title = start.text
    end = None
    for line in stream:
        if _BOOK_END.match(line.text):
            end = line
            break
        yield line
    before = "the first line" if start.number == 1 else f"the first {start.number:,} lines"
    if end is not None:
        before += f" and those from line {end.number:,} on"
    note(name, f"{before} {'is' if before.endswith('line') else 'are'} about the e-book, and left out")


def _note_tables(texts: Sequence[str], name: str) -> None:
    """Note it if the lines look like records of a table, of JSON or of a bibliography, or like a chat."""
    lines = list(itertools.islice(filter(str.strip, texts), _RECORDS))
    if len(lines) < 2:
        return
    tabs = {line.count("\t") for line in lines}
    if all(map(_JSON.match, lines)):
        _note_look(name, "JSON", "end the name of the file in .jsonl to read fields")
    elif _mostly(_is_tagged, lines):
        _note_look(name, "a bibliography", "end the name of the file in .ris to read fields")
    elif _mostly(_BAR_ROW.match, lines):
        _note_look(name, "a table drawn with bars", "save it as .csv to read columns")
    elif _mostly(_YAML.match, lines) and any(map(_YAML_WITHIN.match, lines)):
        _note_look(name, "YAML", "save it as .jsonl to read fields")
    elif any(map(_SQL.match, lines)):
        _note_look(name, "SQL", "save the table as .csv to read columns")
    elif any(map(_BIB_ENTRY.match, lines)):
        _note_look(name, "BibTeX", "end the name of the file in .bib to read fields")
    elif _mostly(_MESSAGE.match, lines):
        _note_look(name, "messages of a chat", "take out dates and names, which are part of the texts")
    elif any(map(_ARTICLE.match, lines)):
        _note_look(name, "articles of a database", "save them as .rtf or .docx, a file each, or as a table")
    elif _is_transcript(lines):
        _note_look(name, "a transcript", "take out names and times, which are part of the texts")
    elif _mostly(_LABELLED.match, lines) or _have_ids_and_labels(lines):
        _note_look(name, "labelled texts", "take out the labels, which are part of the texts")
    elif (len(tabs) == 1 and tabs != {0}) or any(_are_rows(lines, mark) for mark in DELIMITERS):
        kind = "tsv" if tabs != {0} else "csv"
        _note_look(name, "a table", f"end the name of the file in .{kind} to read columns")
    elif find_dialect([(line, "") for line in lines], expected=",", whole=False).delimiter in OF_SCRIPTS:
        _note_look(name, "a table", "end the name of the file in .csv to read columns")
    elif _mostly(_TOKEN_ROW.match, lines):
        _note_look(name, "annotated words", "write each document in one line, its words separated by blanks")
    elif _are_fields(lines):
        _note_look(name, "records of fields", "save them as .csv or .jsonl to read fields")


def _is_transcript(lines: Sequence[str]) -> bool:
    """Whether times, or the names of a few speakers, stand over the lines or before them."""
    if sum(map(bool, map(_TIME_OF_TURN.match, lines))) >= _OFTEN * len(lines):
        return True
    names = [found[1] for found in map(_TURN.match, lines) if found and not found[1][0].islower()]
    names = names or [found[1] for found in map(_QUESTION_OR_ANSWER.match, lines) if found]
    return len(names) >= max(_FEWEST_TURNS, _OFTEN * len(lines)) and 1 < len(set(names)) <= len(names) / 2


def _are_fields(lines: Sequence[str]) -> bool:
    """Whether a few names come again and again at the beginning of lines, as in a calendar or a log of versions."""
    names = [found[0] for found in map(_FIELD.match, lines) if found]
    return len(names) >= max(_FEWEST_TURNS, _OFTEN * len(lines)) and 1 < len(set(names)) <= len(names) / 2


def _have_ids_and_labels(lines: Sequence[str]) -> bool:
    """Whether lines begin with an id of letters and digits and one of a few labels, as those that MALLET reads."""
    words = [line.split(maxsplit=2) for line in lines]
    if len(lines) < _RECORDS or any(len(each) < 3 or not _ID.match(each[0]) for each in words):
        return False
    ids, labels, _ = (set(column) for column in zip(*words, strict=True))
    return len(ids) == len(lines) and 1 < len(labels) <= len(lines) / 2


def _note_look(name: str, kind: str, advice: str) -> None:
    note(name, f"the lines look like {kind}, and are read as text; {advice}")


def _mostly(holds: Callable[[str], object], lines: Sequence[str]) -> bool:
    return 2 * sum(map(bool, map(holds, lines))) > len(lines)


def _is_tagged(line: str) -> bool:
    plain = PLAIN.match(line)
    return bool(HYPHENED.match(line)) or (plain is not None and plain[1] in _TAGS)


def _are_rows(lines: Sequence[str], mark: str) -> bool:
    """Whether the first line has single words with a mark between them, and the others the mark as often."""
    return stands_between_words(mark, lines[0]) and all(line.count(mark) >= lines[0].count(mark) for line in lines)


def _find_width(texts: Sequence[str], name: str) -> int | None:
    """The column at which the paragraphs between blank lines are wrapped; None if each line is a document.

    Lines that look wrapped but have no blank lines between paragraphs are noted.
    """
    lengths = sorted(len(text) for text in texts if text.strip())
    width = lengths[-1 - len(lengths) // 100] if lengths else 0  # a long word may stick out
    if not _NARROWEST <= width <= _WIDEST:
        return None
    n_pairs = n_full = n_tight = 0
    last_lines = list[int]()
    for line, after in itertools.pairwise([*texts, ""]):
        if line.strip() and after.strip():
            n_pairs += 1
            n_full += _is_full(line, after, _FULL * width)
            n_tight += _is_full(line, after, width)
        elif line.strip():
            last_lines.append(len(line))
    if n_full < _FEWEST_PAIRS or n_full < _WITHOUT_BLANKS * n_pairs:
        return None
    # The last lines of paragraphs are of any length. Texts that were all cut at a length have no such lines.
    ragged = statistics.median(last_lines) < _FULL * width
    if n_full >= _BETWEEN_BLANKS * n_pairs and ragged and len(last_lines) > 1:
        return width
    ends = sum(bool(_SENTENCE_END.search(text)) for text in texts)
    wraps = n_tight >= _WITHOUT_BLANKS * n_pairs and ends >= _FEWEST_ENDS * len(lengths)
    if len(last_lines) == 1 and wraps:
        note(
            name,
            f"the lines look wrapped at {width} characters, with no blank lines between paragraphs; each line is read "
            "as a document. Separate the documents by blank lines, or write each in one line",
        )
    return None


def _is_full(line: str, after: str, width: float) -> bool:
    """Whether the first word of the next line would have made this one longer than the width."""
    word = min(len(after.split(maxsplit=1)[0]), _LONGEST_WORD)
    return len(line.rstrip()) + 1 + word > width
