"""Plain text files: a line per document, a paragraph where lines are wrapped, and every sign for a line end."""

import io
import random
import re
import sys
import textwrap
import warnings

import pytest

from neuraltopic.errors import NeuralTopicWarning
from neuraltopic.reading.readers import open_corpus

WORDS = ["river", "bank", "loan", "oven", "flour", "sugar", "market", "tide", "harbour", "lantern", "copper", "meadow"]


def prose(n_paragraphs, n_words=60, seed=0):
    rng = random.Random(seed)
    return [" ".join(rng.choices(WORDS, k=rng.randrange(n_words // 2, n_words))) for _ in range(n_paragraphs)]


def read(tmp_path, content, **options):
    """Rows and notes."""
    path = tmp_path / "a.txt"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", NeuralTopicWarning)
        rows = list(open_corpus(path, **options))
    return rows, [str(warning.message).partition(": ")[2] for warning in caught]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("width", [60, 72, 100])
def test_a_wrapped_file_is_its_paragraphs(tmp_path, width, end):
    paragraphs = prose(30)
    content = "\n\n".join(textwrap.fill(paragraph, width) for paragraph in paragraphs).replace("\n", end)
    rows, notes = read(tmp_path, content)
    assert [" ".join(row.text.split()) for row in rows] == paragraphs
    assert [int(row.id) for row in rows] == [row.line for row in rows]
    lines = content.replace("\r", "").split("\n")
    for row in rows:  # all lines but the blank ones are in one row
        assert lines[row.line - 1 : row.line - 1 + row.n_lines] == row.text.split("\n")
    assert sum(row.n_lines for row in rows) + 29 == len(lines)
    assert len(notes) == 1
    assert "so a document is a paragraph between blank lines" in notes[0]


def test_a_wrapped_file_without_blank_lines_is_noted(tmp_path):
    sentences = [re.sub(r"((?:\w+ ){8}\w+) ", r"\1. ", paragraph) for paragraph in prose(30, 200)]
    content = "\n".join(textwrap.fill(paragraph, 72) for paragraph in sentences)
    rows, notes = read(tmp_path, content)
    assert len(rows) == content.count("\n") + 1
    assert [note.partition(" at ")[0] for note in notes] == ["the lines look wrapped"]


def test_documents_of_one_length_are_no_wrapped_text(tmp_path):
    lines = [f"headline of the day number {number:03} about the river" for number in range(100)]
    rows, notes = read(tmp_path, "\n".join(lines))
    assert [row.text for row in rows] == lines
    assert not notes


@pytest.mark.parametrize(
    "lines",
    [
        prose(400, 12),  # of all lengths
        [line[:80] for line in prose(400, 60)],  # cut at a length, with empty documents among them
        [*["roses are red", "violets are blue", ""] * 50, "x"],
        ["the tide is in"] * 100,
        prose(100, 300),
    ],
)
def test_a_document_a_line_stays_one(tmp_path, lines):
    lines = [line for number, line in enumerate(lines) for line in ([line, ""] if number % 7 == 5 else [line])]
    rows, _ = read(tmp_path, "\n".join(lines))
    assert [row.text for row in rows] == lines
    assert rows[0].n_lines == 0


def test_a_bad_byte_costs_its_paragraph_alone(tmp_path):
    paragraphs = [textwrap.fill(paragraph, 72) for paragraph in prose(30)]
    content = "\n\n".join(paragraphs).encode().replace(b"river", b"riv\xe9r", 1)
    rows, _ = read(tmp_path, content, encoding="utf-8")
    assert [row.problem for row in rows].count("") == 29
    assert rows[0].problem.startswith("undecodable: byte 0xe9")


def test_paragraphs_come_through_standard_input(monkeypatch):
    content = "\n\n".join(textwrap.fill(paragraph, 72) for paragraph in prose(30))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content.encode())))
    with pytest.warns(NeuralTopicWarning, match="wrapped at"):
        assert len(list(open_corpus("-"))) == 30


@pytest.mark.parametrize("sign", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c"])
def test_other_line_ends_inside_a_line_are_blanks_and_noted(tmp_path, sign):
    rows, notes = read(tmp_path, f"one{sign}two\nthree\nfour{sign}five\n")
    assert [row.text for row in rows] == [f"one{sign}two", "three", f"four{sign}five"]
    assert [note.partition(" a sign")[0] for note in notes] == ["2 lines have"]
    assert "(the first: line 1); such a line is read as one document" in notes[0]


@pytest.mark.parametrize("sign", ["\u2028", "\u2029", "\x85"])
def test_other_line_ends_end_lines_where_there_are_no_others(tmp_path, sign):
    rows, notes = read(tmp_path, sign.join(["one", "two", "three", ""]))
    assert [row.text for row in rows] == ["one", "two", "three"]
    assert notes == [f"the lines end with U+{ord(sign):04X}"]


@pytest.mark.parametrize(
    ("line", "kind"), [('{{"text": "a {}"}}', "JSON"), ("{}\tsome text", "a table"), ("{} some text", None)]
)
def test_tables_that_are_called_text_are_noted(tmp_path, line, kind):
    rows, notes = read(tmp_path, "\n".join(map(line.format, range(30))))
    assert len(rows) == 30
    assert [note.partition(",")[0] for note in notes] == ([f"the lines look like {kind}"] if kind else [])


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ("My list\nTY  - JOUR\nTI  - Rain\nER  - \n", "a bibliography"),
        ("FN A program\nVR 1.0\nPT J\nAU Smith\n   Doe\nTI Rain\n", "a bibliography"),
        ("My list\n@article{a1,\n  title = {Rain},\n}\n", "BibTeX"),
        (
            "Our chat\n12/01/24, 10:02 - Ann: Hello\n12/01/24, 10:03 - Bob: Yes\nand more\n12/01/24, 10:04 - Ann: No\n",
            "messages of a chat",
        ),
        ("Our chat\n[12.01.2024, 10:02:01] Ann: Hello\n[12.01.2024, 10:03:11] Bob: Yes\n", "messages of a chat"),
        ("__label__food soup\n__label__sport bikes\n", "labelled texts"),
    ],
)
def test_records_of_other_programs_are_noted(tmp_path, content, kind):
    path = tmp_path / "a.txt"
    path.write_text(content)
    with pytest.warns(NeuralTopicWarning, match=f"the lines look like {kind}, and are read as text"):
        assert len(list(open_corpus(path))) == content.count("\n")


@pytest.mark.parametrize("mark", [",", "|", ";"])
def test_names_of_columns_in_a_text_file_are_noted(tmp_path, mark):
    rows, notes = read(tmp_path, f"id{mark}text\n" + "".join(f"{number}{mark}late, too late\n" for number in range(5)))
    assert len(rows) == 6
    assert notes == [
        "the lines look like a table, and are read as text; end the name of the file in .csv to read columns"
    ]


def test_documents_of_like_length_are_not_noted(tmp_path):
    rng = random.Random(3)
    rows, notes = read(tmp_path, "\n".join(" ".join(rng.choices(WORDS, k=12)) for _ in range(300)))
    assert (len(rows), notes) == (300, [])


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        (["| id | text |", "|---|---|", "| 1 | a train |", "| 2 | soup |"], "a table drawn with bars"),
        ([" id |  text", "----+-------", "  1 | a train", "  2 | soup", "(2 rows)"], "a table drawn with bars"),
        (["- id: 1", "  text: a train", "- id: 2", "  text: soup"], "YAML"),
        (["INSERT INTO posts VALUES", "(1, 'a train'),", "(2, 'soup');"], "SQL"),
        (
            ["# text = Soup", "1\tSoup\tsoup\tNOUN\t_\t_\t0\troot\t_\t_", "2\t.\t.\tPUNCT\t_\t_\t1\tpunct\t_\t_"],
            "annotated",
        ),
        (
            ["7 of 120 DOCUMENTS", "The Daily News", "LENGTH: 300 words", "The train was late."],
            "articles of a database",
        ),
        ([f"{n} |text the train was late" for n in range(6)], "labelled texts"),
        ([f"doc{n} {'bad' if n % 2 else 'good'} A train came." for n in range(20)], "labelled texts"),
        (["Ann Lee  0:00", "The train was late.", "Bob  1:02:10", "The soup was cold."], "a transcript"),
        (["[00:00:12] Ann: The train was late.", "[00:00:19] Bob: Soup!"], "a transcript"),
        (["Ann Lee: The train was late.", "Bob: Soup!", "Ann Lee: Wine."] * 3, "a transcript"),
        (["BEGIN:VEVENT", "UID:7", "SUMMARY:Soup", "END:VEVENT"] * 3, "records of fields"),
        (["%0 Journal Article", "%T Trains", "%X The trains are late.", "%D 2001"] * 2, "records of fields"),
        (["commit 1f", "Author: Ann", "Date:   Mon Jan 1", "    A late train"] * 5, "records of fields"),
        (["Q. Was the train late?", "A. It was."] * 3, "a transcript"),
        (['[1, "A train."]', '[2, "Soup."]'], "JSON"),
        (['["A", "train"]', '["Soup"]'], "JSON"),
        (["<s>", "The\tDT\tthe", "soup\tNN\tsoup", "</s>"], "annotated words"),
        (["The DT O", "soup NN O", "", "Leeds NNP B-LOC"], "annotated words"),
    ],
)
def test_what_looks_like_another_format_is_noted(tmp_path, lines, kind):
    path = tmp_path / "notes.txt"
    path.write_text("\n".join(lines) + "\n")
    with pytest.warns(NeuralTopicWarning, match=f"the lines look like {kind}"):
        assert [row.text for row in open_corpus(path)] == lines


def test_the_licence_before_and_after_a_book_is_left_out(tmp_path):
    around = ["The Project Gutenberg eBook of Soup", "", "*** START OF THE PROJECT GUTENBERG EBOOK", "SOUP ***"]
    book = ["", "Boil the soup.", "Eat it.", ""]
    after = ["*** END OF THE PROJECT GUTENBERG EBOOK SOUP ***", "", "Section 1. Terms of use"]
    rows, notes = read(tmp_path, "\n".join([*around, *book, *after]))
    assert [(row.id, row.text) for row in rows] == [("5", ""), ("6", "Boil the soup."), ("7", "Eat it."), ("8", "")]
    [note] = notes
    assert note.endswith("the first 4 lines and those from line 9 on are about the e-book, and left out")
    rows, [note] = read(tmp_path, "\n".join([around[2] + " SOUP ***", *book]))
    assert [row.id for row in rows] == ["2", "3", "4"]
    assert note.endswith("the first line is about the e-book, and left out")


def test_prose_with_bars_and_dashes_looks_like_nothing_else(tmp_path):
    path = tmp_path / "notes.txt"
    for lines in (["- a train", "- soup: hot", "rock|pop", "Title: one", "Bread OR soup", "--"], ["- Ann: yes"] * 6):
        path.write_text("\n".join(lines) + "\n")
        assert [row.text for row in open_corpus(path)] == lines
