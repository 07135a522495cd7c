"""Tables of lines: each written by a known convention, and read back row by row."""

import csv
import io
import re
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuraltopic.errors import NeuralTopicError, NeuralTopicWarning, UsageError
from neuraltopic.reading.formats import dialects
from neuraltopic.reading.formats.dialects import Dialect, Quoting, find_dialect
from neuraltopic.reading.readers import open_corpus
from neuraltopic.reading.rows import value_problem

SENTENCES = [
    "We talked about the oven, and that is why the flour mattered.",
    "Is the tomato still good; without the seed?",
    "My neighbour said that her telescope needs a mirror",
    "After the loan came the deposit, nobody expected the teller.",
]


def read(path, **options):
    """The rows of a file, and the notes; every line of the file is in one row, or the header, or blank."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", NeuralTopicWarning)
        rows = list(open_corpus(path, **options))
    notes = [str(warning.message).partition(": ")[2] for warning in caught]
    ends = "\r\n|\n|\r" if any("carriage returns alone" in said for said in notes) else "\n"
    lines = re.split(ends, path.read_bytes().decode("utf-8"))
    for row in rows:
        for line in range(row.line - 1, row.line - 1 + row.n_lines):
            assert lines[line] is not None  # no line is in two rows
            lines[line] = None
    left = [line for line in lines if line and line.strip()]
    return rows, notes, left


def write(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content.encode("utf-8"))
    return path


def of_content(tmp_path, name, content):
    return read(write(tmp_path, name, content))


def texts(tmp_path, name, content, **options):
    rows, notes, _ = read(write(tmp_path, name, content), **options)
    return [row.text for row in rows], notes


def table(*texts, head="id\ttext", mark="\t"):
    return "\n".join([head, *(f"{number}{mark}{text}" for number, text in enumerate(texts)), ""])


# Quotation marks that are text


@pytest.mark.parametrize("every", [2, 7, 50])
@pytest.mark.parametrize("opening", ['"', '"Inches" are text: ', '5" pipes, and '])
def test_stray_quotes_in_a_dump_are_text(tmp_path, every, opening):
    written = [(opening if n % every == 1 else "") + SENTENCES[n % 4] for n in range(300)]
    rows, _, left = read(write(tmp_path, "dump.tsv", table(*written)))
    assert [row.text for row in rows] == written
    assert [(row.id, row.line, row.n_lines) for row in rows[-2:]] == [("298", 300, 1), ("299", 301, 1)]
    assert left == ["id\ttext"]


def test_a_quote_that_another_row_closes_joins_no_rows(tmp_path):
    written = [*SENTENCES, '"It was great', *SENTENCES, 'She said "yes"', *SENTENCES, '12"', *SENTENCES]
    for name, mark in (("a.tsv", "\t"), ("a.csv", ",")):
        written = [text.replace(",", "") for text in written] if mark == "," else written
        found, notes = texts(tmp_path, name, table(*written, head=f"id{mark}text", mark=mark))
        assert found == written
        assert notes == ["quotes are read as text, since they do not pair up to quoted fields"]


def test_a_stray_quote_beyond_the_beginning_joins_no_rows_and_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("neuraltopic.reading.formats.delimited.SAMPLE", 1000)
    written = [f"plain text number {n}" for n in range(100)]
    written[60] = '"cut short'
    written[80] = 'and ends with a "quote"'
    written[90] = '"another'
    written[95] = 'closed"'
    found, notes = texts(tmp_path, "late.csv", table(*written, head="id,text", mark=","))
    assert found == written
    assert notes == [
        "2 rows open a quote that is not closed rightly, the first in line 62; such a quote is read as text, "
        "and each line as a row"
    ]


def test_a_broken_row_of_a_quoted_file_costs_that_row_alone(tmp_path):
    rows = [f'{n},"a, ""b"" and\nc {n}",x' for n in range(50)]
    rows[20] = '20,"never closed, x'
    found, notes, left = read(write(tmp_path, "a.csv", "\n".join(["id,text,label", *rows, ""])))
    assert len(found) == 50
    assert [row.text for row in found if row.id != "20"] == [f'a, "b" and\nc {n}' for n in range(50) if n != 20]
    assert found[20].text == '"never closed'
    assert left == ["id,text,label"]
    assert notes == [
        "1 row opens a quote that is not closed rightly, the first in line 42; such a quote is read as text, "
        "and each line as a row"
    ]


def test_a_record_of_many_lines_is_noted(tmp_path):
    long = "\n".join(["line"] * 150)
    found, notes = texts(tmp_path, "a.csv", f'id,text\n1,"{long}"\n2,"a, b"\n')
    assert found == [long, "a, b"]
    assert notes == ["1 row spans more than 100 lines; the longest begins in line 2 and has 150"]


def test_a_quote_that_never_closes_ends_at_the_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(dialects, "FIELD_LIMIT", 100)
    written = ["a, b", *["plain"] * 40]
    content = table('"a, b"', '"open', *["plain"] * 40, head="id,text", mark=",")
    found, notes = texts(tmp_path, "a.csv", content)
    assert found == [written[0], '"open', *written[1:]]
    assert len(notes) == 1


# Backslashes


def test_backslash_escapes_in_quoted_fields(tmp_path):
    content = 'id,text\n1,"say \\"hi\\", then"\n2,"a \\\\ b"\n3,plain\n4,"two\nlines, \\"x\\""\n5,"C:\\dir"\n'
    assert texts(tmp_path, "a.csv", content) == (
        ['say "hi", then', "a \\ b", "plain", 'two\nlines, "x"', "C:\\dir"], [],
    )  # fmt: skip


def test_the_dump_of_a_database(tmp_path):
    content = table("one\\ntwo", 'a\\ttab and "', "back\\\\slash", "\\N", "over\\\ntwo lines", "x\\\ty")
    rows, _, left = read(write(tmp_path, "a.tsv", content))
    assert [row.text for row in rows] == ["one\ntwo", 'a\ttab and "', "back\\slash", "", "over\ntwo lines", "x\ty"]
    assert [row.n_lines for row in rows] == [1, 1, 1, 1, 2, 1]
    assert left == ["id\ttext"]


def test_latex_is_not_an_escape(tmp_path):
    written = ["the \\nabla of \\theta", "\\alpha and \\beta", "C:\\new\\text", *SENTENCES]
    assert texts(tmp_path, "a.tsv", table(*written)) == (written, [])


# Separators


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_the_separator_is_decided_from_many_lines(tmp_path, mark):
    out = io.StringIO()
    writer = csv.writer(out, delimiter=mark)
    writer.writerows([["id", "text", "answer (yes, no; maybe)"], *([n, SENTENCES[n % 4], "yes"] for n in range(40))])
    for name in ("a.csv", "a.tsv"):
        found, notes = texts(tmp_path, name, out.getvalue())
        assert found == [SENTENCES[n % 4] for n in range(40)]
        assert notes == []


@pytest.mark.parametrize("mark", ["^", "~", "\x01", "\x1f", "¦", "§"])
def test_rare_separators_between_the_names_are_taken(tmp_path, mark):
    texts = [f"the bank of river {number}, wide, slow{', deep' * (number % 3)}" for number in range(40)]
    lines = [f"id{mark}text{mark}year", *(f"d{n}{mark}{text}{mark}20{n:02}" for n, text in enumerate(texts))]
    path = tmp_path / "a.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    rows = list(open_corpus(path))
    assert [row.text for row in rows] == texts
    assert (rows[3].id, rows[3].metadata) == ("d3", {"year": "2003"})


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line", ["sep={}", '"sep={}"', "SEP={}\r"])
def test_a_first_line_may_name_the_separator(tmp_path, mark, line):
    rows, _, left = read(write(tmp_path, "a.csv", f"{line.format(mark)}\nid{mark}text\n1{mark}a b\n"))
    assert [(row.id, row.text, row.line) for row in rows] == [("1", "a b", 3)]
    assert left == [line.format(mark), f"id{mark}text"]


def test_unquoted_commas_belong_to_the_last_column(tmp_path):
    found, notes = texts(tmp_path, "a.csv", table(*SENTENCES * 3, head="id,text", mark=","))
    assert found == SENTENCES * 3
    assert notes == [
        "6 rows have more values than there are columns; the surplus is read as part of the field before it"
    ]


def test_unquoted_commas_before_a_blank_belong_to_the_field_before_them(tmp_path):
    found, notes, _ = of_content(
        tmp_path, "a.csv", "id,text,label\n" + "1,good,x\n2,good, and late,y\n3,bad,or so,x\n" * 3
    )
    assert [(row.text, row.metadata.get("label"), row.problem) for row in found[:3]] == [
        ("good", "x", ""),
        ("good, and late", "y", ""),
        (None, "or so", "4 values for 3 columns"),
    ]
    assert "3 rows have more values than there are columns; the surplus is read as part of the field before it" in notes


def test_a_file_of_one_column_is_not_cut_at_commas(tmp_path):
    assert texts(tmp_path, "a.csv", "\n".join(["text", *SENTENCES, "He said, \"no\", and left"])) == (
        [*SENTENCES, 'He said, "no", and left'], [],
    )  # fmt: skip
    assert texts(tmp_path, "b.csv", 'text\n"a, b"\n"two\nlines"\nplain\n') == (["a, b", "two\nlines", "plain"], [])
    assert texts(tmp_path, "c.csv", 'text\n"stray, b\nplain, c\nends"\nplain, d\n')[0] == [
        '"stray, b', "plain, c", 'ends"', "plain, d",
    ]  # fmt: skip


def test_spaces_before_a_quote(tmp_path):
    content = "id, text, year\n" + "".join(f'{n}, "{SENTENCES[n % 4]}", 2001\n' for n in range(8))
    assert texts(tmp_path, "a.csv", content)[0] == [SENTENCES[n % 4] for n in range(8)]


def test_a_separator_at_the_end_of_each_line(tmp_path):
    rows, notes, _ = read(write(tmp_path, "a.csv", "id;text\n1;a b;\n2;c d;\n"))
    assert [(row.id, row.text, row.problem) for row in rows] == [("1", "a b", ""), ("2", "c d", "")]
    assert notes == []


# Headers


def test_a_file_without_a_header(tmp_path):
    content = "\n".join(f"{n}\t{SENTENCES[n % 4]}" for n in range(8))
    rows, notes, left = read(write(tmp_path, "a.tsv", content))
    assert [row.text for row in rows] == [SENTENCES[n % 4] for n in range(8)]
    assert rows[0].metadata == {"column 1": "0"}
    assert left == []
    assert notes == [
        "the first line reads like the others, so it is taken as a row and not as a header; "
        "its columns are called column 1, column 2"
    ]
    found, notes = texts(tmp_path, "b.csv", "\n".join(SENTENCES * 3))
    assert found == SENTENCES * 3
    assert len(notes) == 1
    labels = "\n".join(f"{'kitchen' if n % 2 else 'garden'}|{SENTENCES[n % 4]}" for n in range(8))
    assert texts(tmp_path, "c.csv", labels, text="column 2")[0] == [SENTENCES[n % 4] for n in range(8)]


def test_what_was_asked_for_is_not_in_a_file_without_a_header(tmp_path):
    path = write(tmp_path, "a.tsv", "\n".join(f"{n}\t{SENTENCES[n % 4]}" for n in range(8)))
    with pytest.raises(ValueError, match=r"got columns column 1, column 2\. .* the first line reads like the others"):
        list(open_corpus(path, text="text"))


def test_a_header_in_doubt_is_noted(tmp_path):
    found, notes = texts(tmp_path, "a.csv", "good\nbad\nokay\nfine\nnot good\nbad\nso so\n")
    assert len(found) == 6
    assert notes == ["the first line is taken as the header, so 'good' is the name of the text and no document"]


def test_the_question_of_a_survey_is_a_header(tmp_path):
    question = "What did you like best about our service, and what should we do better?"
    content = "\n".join([f'"{question}"', *["The food was good", '"Nothing at all, really, to be honest"'] * 4])
    assert texts(tmp_path, "a.csv", content)[0] == ["The food was good", "Nothing at all, really, to be honest"] * 4


@pytest.mark.parametrize("head", ["ID,Text,Date", "id, text ,date", "\ufeffId,TEXT,date", "iD,T ext,date"])
def test_names_of_columns_may_differ_in_case_and_blanks(tmp_path, head):
    content = f"{head}\n" + "".join(f"x{n},words of {n},2021\n" for n in range(3))
    rows, notes, _ = read(write(tmp_path, "a.csv", content))
    assert [(row.id, row.text) for row in rows] == [(f"x{n}", f"words of {n}") for n in range(3)]
    assert notes == []


def test_an_ambiguous_name_is_not_guessed(tmp_path):
    path = write(tmp_path, "a.csv", "Body,body ,n\na,b,1\n")
    with pytest.raises(ValueError, match="expected a column 'BODY'; got columns Body, body , n"):
        list(open_corpus(path, text="BODY"))
    assert [row.text for row in open_corpus(path, text="Body")] == ["a"]


def test_columns_without_a_name(tmp_path):
    rows, _, _ = read(write(tmp_path, "a.csv", ",text,\n0,a b,\n1,c d,\n"))
    assert [row.text for row in rows] == ["a b", "c d"]
    assert rows[0].metadata == {"column 1": "0", "column 3": ""}


def test_row_names_of_r(tmp_path):
    rows, _, _ = read(write(tmp_path, "a.csv", '"text" "n"\n'.replace(" ", ",") + '"1","a b",5\n"2","c d",6\n'))
    assert [(row.text, row.metadata) for row in rows] == [
        ("a b", {"column 1": "1", "n": "5"}),
        ("c d", {"column 1": "2", "n": "6"}),
    ]


def test_a_comma_of_prose_is_no_row_name_of_r(tmp_path):
    content = "number,text\n" + "".join(f"{n},It rained all day, said {word}\n" for n, word in enumerate("abcdef"))
    found, notes = texts(tmp_path, "prose.csv", content)
    assert found == [f"It rained all day, said {word}" for word in "abcdef"]
    assert notes == [
        "6 rows have more values than there are columns; the surplus is read as part of the field before it"
    ]
    quoted = "id,text\n" + "".join(f"{n},'It rained,isn''t it'\n" for n in range(6))
    assert texts(tmp_path, "quoted.csv", quoted)[0] == ["'It rained,isn''t it'"] * 6


@pytest.mark.parametrize(("names", "rows"), [(",", ";"), (";", ","), ("\t", "|")])
def test_names_may_be_separated_by_another_mark_than_the_rows(tmp_path, names, rows):
    sentence = "rain, and wind" if rows == ";" else "rain and wind"
    content = names.join(["id", "text", "score"]) + "\n"
    content += "".join(f"{n}{rows}{sentence} {word}{rows}3\n" for n, word in enumerate("abcdef"))
    found, notes = texts(tmp_path, "two.csv", content)
    assert found == [f"{sentence} {word}" for word in "abcdef"]
    assert notes == [f"the first line separates the names by {names!r}, and the others by {rows!r}"]


def test_a_header_that_comes_again_is_no_document(tmp_path):
    rows, _, left = read(write(tmp_path, "joined.csv", "id,text\n1,one\n2,two\nid,text\n3,three\n"))
    assert [(row.text, row.problem) for row in rows] == [
        ("one", ""),
        ("two", ""),
        (None, "the header again"),
        ("three", ""),
    ]
    assert left == ["id,text"]


def test_titles_above_the_header(tmp_path):
    content = "Survey of 2021\n\nid;text\n" + "".join(f"{n};some words {n}\n" for n in range(9))
    rows, notes, left = read(write(tmp_path, "a.csv", content))
    assert [row.text for row in rows] == [f"some words {n}" for n in range(9)]
    assert rows[0].line == 4
    assert left == ["Survey of 2021", "id;text"]
    assert notes == ["the first line is left out, as a title"]


# Ids


@pytest.mark.parametrize(
    "above",
    ["Answers of May,,\n,,\n", "# exported on Monday\n# by Ann, from the shop, again\n", "# one, two, three\n", "\n\n"],
)
def test_titles_and_comments_of_several_fields(tmp_path, above):
    found, notes, _ = of_content(
        tmp_path, "a.csv", f"{above}number,answer,age\n" + "1,too late,33\n2,too early,44\n" * 5
    )
    assert [row.text for row in found] == ["too late", "too early"] * 5
    assert list(found[0].metadata) == ["number", "age"]
    assert len(notes) == (above != "\n\n")


def test_a_comment_above_a_few_rows(tmp_path):
    found, notes = texts(tmp_path, "a.csv", "# exported 2024\n#\nid,text\n1,soup\n2,bread\n")
    assert (found, notes) == (["soup", "bread"], ["the first 2 lines are left out, as a title"])


def test_a_header_may_be_commented_out(tmp_path):
    found, _, _ = of_content(tmp_path, "a.tsv", "# number\tanswer\n" + "1\ttoo late\n2\ttoo early\n" * 5)
    assert [row.text for row in found] == ["too late", "too early"] * 5
    assert found[0].metadata == {"number": "1"}


def test_lines_below_the_header_that_describe_the_columns(tmp_path):
    below = "Answer,Duration,Age\nQ1 words,seconds,years\n"
    rows = "too late,30,44\ntoo early,20,NA\n" * 5
    found, notes, _ = of_content(tmp_path, "a.csv", f"Q1,Q2,Q3\n{below}{rows}")
    assert [row.text for row in found] == ["too late", "too early"] * 5
    assert notes == ["2 lines below the header are left out, as they describe the columns"]
    found, _, _ = of_content(tmp_path, "a.csv", f"Q1,Q2,Q3\nnone,NA,n/a\n{rows}")
    assert len(found) == 11


def test_the_names_of_a_survey_in_several_lines(tmp_path):
    qualtrics = (
        'ResponseId,Q1\n"Response ID","What do you like?"\n'
        '"{""ImportId"":""_recordId""}","{""ImportId"":""QID1_TEXT""}"\nR_1,The staff\nR_2,Nothing\n'
    )
    found, notes = texts(tmp_path, "a.csv", qualtrics, text="Q1")
    assert found == ["The staff", "Nothing"]
    assert notes == ["2 lines below the header are left out, as they describe the columns"]
    monkey = (
        "Respondent ID,What is your view?,\n,Open-Ended Response,Other (please specify)\n118,The staff,\n119,,cold\n"
    )
    found, notes = texts(tmp_path, "a.csv", monkey, text="What is your view?")
    assert found == ["The staff", ""]
    assert notes == ["the line below the header is left out, as it describes the columns"]
    # An answer that happens to be one of these words has an id.
    found, notes = texts(tmp_path, "a.csv", "id,text\n1,Response\n2,late\n")
    assert (found, notes) == (["Response", "late"], [])


def test_a_column_of_numbers_with_gaps_is_no_text(tmp_path):
    found, _, _ = of_content(tmp_path, "a.csv", "answer,age\n" + "too late,44\ntoo early,NA\nlate,null\n" * 5)
    assert found[1].metadata == {"age": "NA"}


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_a_table_whose_lines_are_in_quotes(tmp_path, mark):
    lines = [f"id{mark}text{mark}date", f'1{mark}""soup{mark} and bread""{mark}2020', f"2{mark}late{mark}2021"]
    content = "".join(f'"{line}"\r\n' for line in lines)
    found, notes = texts(tmp_path, "a.csv", content)
    assert found == [f"soup{mark} and bread", "late"]
    assert notes == ["each line is in quotes as a whole, and read as what is in them"]
    # A column of quoted texts with commas is one.
    found, notes = texts(tmp_path, "a.csv", '"text"\n"late, again"\n"soup, bread"\n')
    assert (found, notes) == (["late, again", "soup, bread"], [])


def test_control_characters_separate_rows_without_names(tmp_path):
    rows, _, _ = of_content(tmp_path, "a.csv", "".join(f"{n}\x01soup number {n}\x012020\n" for n in range(1, 7)))
    assert [row.text for row in rows] == [f"soup number {n}" for n in range(1, 7)]
    assert rows[0].metadata == {"column 1": "1", "column 3": "2020"}


def test_what_programs_write_in_place_of_a_value_is_no_text(tmp_path):
    rows, _, _ = of_content(tmp_path, "a.csv", "id,text\n1,#N/A\n2,NULL\n3,nan\n4,[removed]\n5,N/A\n6,a nan\n")
    assert [row.text for row in rows] == [None] * 4 + ["N/A", "a nan"]
    assert [row.problem for row in rows[:2]] == ["no value (#N/A)", "no value (NULL)"]
    rows = list(open_corpus(write(tmp_path, "b.csv", "a,b\nsoup,#N/A\nNULL,bread\nNULL,nan\n"), text=["a", "b"]))
    assert [row.text for row in rows] == ["soup", "bread", None]


def test_numbers_of_columns_are_a_header(tmp_path):
    for head, columns in ((",0,1", ["column 1", "1"]), ("0,1,2", ["0", "2"])):
        found, _, _ = of_content(tmp_path, "a.csv", head + "\n" + "0,too late,33\n1,too early,44\n" * 5)
        assert [row.text for row in found] == ["too late", "too early"] * 5
        assert list(found[0].metadata) == columns


def test_names_that_come_again_are_told_apart(tmp_path):
    found, notes, _ = of_content(tmp_path, "a.csv", "id,note,text,note,note#2\n" + "1,a,late,b,c\n" * 2)
    assert found[0].metadata == {"note": "a", "note#3": "b", "note#2": "c"}
    assert notes[0] == "columns that have the name of an earlier one are called note#3"
    with pytest.raises(UsageError, match="expected one column of this name; got 'text' twice in the header"):
        of_content(tmp_path, "a.csv", "text,text\na,b\n")


def test_the_separator_of_the_names_goes_before_a_steady_comma(tmp_path):
    rows = "".join(f"{number};late, later, latest{'; or never' * (number % 2)};{number},5\n" for number in range(9))
    found, _, _ = of_content(tmp_path, "a.csv", f"id;text;score\n{rows}")
    assert {row.text for row in found} == {"late, later, latest", "late, later, latest; or never"}
    assert found[3].metadata == {"score": "3,5"}


def test_an_id_that_nobody_asked_for_may_repeat(tmp_path):
    rows, notes, _ = read(write(tmp_path, "a.csv", "id,text\nx,a b\ny,c\nx,d\nx#2,e\nx,f\n"))
    assert [row.id for row in rows] == ["x", "y", "x#2", "x#2#2", "x#3"]
    assert notes == [
        "3 rows have the id of an earlier one, the first 'x' in rows 1 and 3; they are numbered #2, #3 ... after it"
    ]


# Whatever a writer of tables writes

WORDS = st.sampled_from(['"', '""', "'", ",", ";", "|", "a", "word", 'say "hi"', '5"', " ", "é", "\\", "n"])
TEXTS = st.lists(WORDS, min_size=1, max_size=8).map(" ".join)
LINES = st.lists(TEXTS, min_size=1, max_size=3).map("\n".join)
WRITERS = {
    "excel": ("a.csv", {"dialect": "excel"}, LINES),
    "excel-tab": ("a.tsv", {"dialect": "excel-tab"}, LINES),
    "semicolons": ("a.csv", {"delimiter": ";"}, LINES),
    "all quoted": ("a.csv", {"quoting": csv.QUOTE_ALL}, LINES),
    "strings quoted": ("a.csv", {"quoting": csv.QUOTE_NONNUMERIC, "delimiter": ";"}, LINES),
    "plain tabs": ("a.tsv", {"delimiter": "\t", "quoting": csv.QUOTE_NONE, "quotechar": None}, TEXTS),
    "escaped quotes": ("a.csv", {"doublequote": False, "escapechar": "\\", "quoting": csv.QUOTE_ALL}, LINES),
}


@pytest.mark.parametrize("writer", WRITERS)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_what_is_written_is_read_back(tmp_path_factory, writer, data):
    name, options, strategy = WRITERS[writer]
    written = data.draw(st.lists(strategy.filter(str.strip), min_size=1, max_size=12))
    if writer == "plain tabs":
        written = [text.replace("\\", "/") for text in written]
    # Something must show what a quote and a backslash are: '""""' is a text as it stands, and a quote in quotes.
    written += {"plain tabs": ['"cut short'], "escaped quotes": ['say "hi" to']}.get(writer, [])
    out = io.StringIO()
    csv.writer(out, **options).writerows([["id", "text", "n"], *([n, t, n % 3] for n, t in enumerate(written))])
    path = write(tmp_path_factory.mktemp("written"), name, out.getvalue())
    rows, _, left = read(path)
    assert [row.text for row in rows] == [None if value_problem(text) else text for text in written]
    assert [row.id for row in rows] == [str(n) for n in range(len(written))]
    assert [row.metadata["n"] for row in rows] == [str(n % 3) for n in range(len(written))]
    assert len(left) == 1


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet='ab ,;\t|"\\\r\n', max_size=80), st.sampled_from(["a.csv", "a.tsv"]))
def test_no_line_of_any_file_is_lost_or_in_two_rows(tmp_path_factory, content, name):
    path = write(tmp_path_factory.mktemp("any"), name, "text\n" + content)
    try:
        _, notes, left = read(path)
    except NeuralTopicError:  # no row, or a name twice in the header
        return
    above = sum("left out" in note for note in notes)
    assert len(left) <= 1 + above + ("\r" in content)


def test_a_dialect_says_what_was_decided():
    def found(lines, expected=","):
        return find_dialect([(line, "") for line in lines], expected=expected, whole=True)

    assert found(["id,text", "1,a"]) == Dialect(",", n_fields=2, numeric=(0,))
    assert found(["id,text", '1,"a, b"']) == Dialect(",", n_fields=2, numeric=(0,), needed=True)
    assert found(["id\ttext", '1\t"a', "2\tb"], "\t").quoting is Quoting.NONE
    assert found(["id,text", '1,"a \\"b\\", c"', '2,"a \\"b\\""']).quoting is Quoting.BACKSLASH
    assert found([]) == Dialect("")


def test_the_ledger_says_which_lines_a_row_takes_up(tmp_path):
    from neuraltopic.preprocessing.preprocessor import Preprocessing, Preprocessor

    path = write(tmp_path, "a.csv", 'id,text\n1,"two\nlines"\n\n2,three words here\n')
    ledger = Preprocessor(Preprocessing(min_df=1, max_df=1.0)).fit_transform(open_corpus(path)).ledger.to_frame()
    assert ledger[["id", "line", "n_lines"]].values.tolist() == [["1", 2, 2], ["2", 5, 1]]


def test_lines_that_were_given_back_come_again_from_any_source():
    lines = ["id,text", '1,"open', "2,b", '3,"again', '4,"closed"', "5,c"]
    dialect = Dialect(",", n_fields=2, needed=True, numeric=(0,))
    found = list(dialects.read_records(((line, "") for line in lines), dialect))
    assert [(record.values, record.line, record.unclosed) for record in found] == [
        (["id", "text"], 1, False), (["1", '"open'], 2, True), (["2", "b"], 3, False), (["3", '"again'], 4, True),
        (["4", "closed"], 5, False), (["5", "c"], 6, False),
    ]  # fmt: skip


REVIEWS = ["这家店的面条很好吃", "服务员态度很差", "下次还会再来", "房间又小又吵", "早餐种类丰富", "离地铁站很近"]


def chinese(mark, names, *columns):
    return "\n".join([mark.join(names), *map(mark.join, zip(*columns, strict=True))]) + "\n"


@pytest.mark.parametrize("mark", ["，", "；", "｜"])
@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("编号", [str(n) for n in range(1, 13)]),
        ("日期", [f"2024-03-{n:02d}" for n in range(1, 13)]),
        ("订单", [f"A{n:05d}" for n in range(1, 13)]),
        ("评价", ["好评", "差评"] * 6),
    ],
)
def test_full_width_commas_separate_where_a_column_is_of_codes_or_labels(tmp_path, mark, name, keys):
    path = tmp_path / "reviews.csv"
    path.write_text(chinese(mark, [name, "内容"], keys, REVIEWS * 2), "utf-8")
    with pytest.warns(NeuralTopicWarning, match=f"the fields are separated by {mark!r}"):
        rows = list(open_corpus(path, text="内容"))
    assert [row.text for row in rows] == REVIEWS * 2
    assert rows[1].metadata == {name: keys[1]}


def test_a_text_in_the_last_column_may_have_full_width_commas(tmp_path):
    lines = [f"{n}，这家店很好" + ("，下次再来" if n % 4 == 0 else "") for n in range(12)]
    content = "\n".join(["编号，评论", *lines])
    (tmp_path / "reviews.csv").write_text(content, "utf-8")
    with pytest.warns(NeuralTopicWarning, match="the fields are separated by '，'|3 rows have more values"):
        rows = list(open_corpus(tmp_path / "reviews.csv", text="评论"))
    assert [row.text for row in rows][:2] == ["这家店很好，下次再来", "这家店很好"]
    (tmp_path / "reviews.txt").write_text(content, "utf-8")
    with pytest.warns(NeuralTopicWarning, match="the lines look like a table"):
        assert len(list(open_corpus(tmp_path / "reviews.txt"))) == 13


def test_arabic_commas_separate_too(tmp_path):
    path = tmp_path / "reviews.csv"
    path.write_text(chinese("،", ["رقم", "نص"], map(str, range(1, 7)), ["القطار متأخر اليوم"] * 6), "utf-8")
    with pytest.warns(NeuralTopicWarning, match="the fields are separated by '،'"):
        assert [row.text for row in open_corpus(path, text="نص")] == ["القطار متأخر اليوم"] * 6


@pytest.mark.parametrize(
    "lines",
    [
        ["白日依山尽，黄河入海流", "欲穷千里目，更上一层楼", "春眠不觉晓，处处闻啼鸟", "夜来风雨声，花落知多少"] * 3,
        ["今天天气很好，我们去公园", "小明说他饿了，我们去吃饭", "晚上下雨了，大家都回家"] * 5,
        [f"{n}，今天是第{n}天" for n in range(1, 15)],
        ["小明，你好吗", "小红，我很好", "小明，吃了吗", "小红，还没有"] * 4,
        ["内容", *[f"第{n}个，很好" for n in range(12)]],
    ],
)
def test_full_width_commas_of_prose_and_verses_stay(tmp_path, lines):
    path = tmp_path / "lines.csv"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NeuralTopicWarning)  # on the first line
        texts = [row.text for row in open_corpus(path)]
    assert texts == lines[-len(texts) :]
    assert len(texts) >= len(lines) - 1


def test_the_rule_of_a_table_drawn_with_bars_is_no_row(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("| id | text |\n|:---|-----:|\n| 1 | a train -- late |\n| 2 | -- |\n")
    rows = list(open_corpus(path))
    assert [(row.text, row.problem) for row in rows] == [
        (None, "a rule below the header"),
        (" a train -- late ", ""),
        (" -- ", ""),
    ]


def test_a_header_that_comes_again_with_a_mark_is_no_document(tmp_path):
    part = "\ufeffid,text\n" + "".join(f"{number},The soup {number} is late\n" for number in range(5))
    (tmp_path / "parts.csv").write_text(part + part.replace(",The", "0,The"), encoding="utf-8")
    rows = list(open_corpus(tmp_path / "parts.csv"))
    assert [row.problem for row in rows] == [""] * 5 + ["the header again"] + [""] * 5


@pytest.mark.parametrize("time", ["2024/03/1 9:00:12 AM GMT+1", "3/1/2024 9:00 p.m.", "2024-03-01 09:12:11 UTC"])
def test_the_time_of_an_answer_is_no_text(tmp_path, time):
    content = "Timestamp,What did you like?\n" + f'"{time}","The soup, mostly."\n' * 6
    (tmp_path / "form.csv").write_text(content)
    assert [row.text for row in open_corpus(tmp_path / "form.csv")] == ["The soup, mostly."] * 6


@pytest.mark.parametrize(
    ("last", "said"), [("Total,,90", "Total"), ("Sum:,60 texts,90", "Sum"), ("Grand total,,", "Grand total")]
)
def test_a_last_row_that_sums_up_the_others_is_noted(tmp_path, last, said):
    rows = [f"{number},{SENTENCES[2]},{number}" for number in range(5)]
    read_texts, notes = texts(tmp_path, "a.csv", "\n".join(["id,comment,score", *rows, last, ""]))
    assert len(read_texts) == 6
    assert notes == [f"the last row, {said!r}, looks like a sum of the others, and is a row as they are"]


def test_a_total_elsewhere_is_a_word(tmp_path):
    rows = ["Total,The train was late.", "7,The total was wrong."]
    assert texts(tmp_path, "a.csv", "\n".join(["id,comment", *rows, ""]))[1] == []


@pytest.mark.parametrize("quote", ['"', ""])
def test_lines_that_end_in_several_ways_are_rows(tmp_path, quote):
    ends = ["\n", "\r\n", "\r"] * 8
    lines = [
        f"{number},{quote}{text}{quote}{end}"
        for number, (text, end) in enumerate(zip(SENTENCES * 6, ends, strict=True))
    ]
    if not quote:
        lines = [line.replace(", ", " ").replace("; ", " ") for line in lines]
    path = write(tmp_path, "a.csv", "id,text\n" + "".join(lines))
    with pytest.warns(NeuralTopicWarning, match="carriage returns alone end lines, as line feeds do"):
        rows = list(open_corpus(path))
    assert [row.id for row in rows] == [str(number) for number in range(24)]
    assert {row.problem for row in rows} == {""}
    if quote:
        assert [row.text for row in rows] == SENTENCES * 6


def test_carriage_returns_within_fields_stay(tmp_path):
    rows = "".join(f'{number},"{text}\rand more, too"\n' for number, text in enumerate(SENTENCES))
    found, notes = texts(tmp_path, "a.csv", "id,text\n" + rows)
    assert found == [f"{text}\rand more, too" for text in SENTENCES]
    assert notes == []
    found, notes = texts(tmp_path, "b.tsv", "id\ttext\n" + "".join(f"{n}\tone\rtwo\n" for n in range(5)))
    assert (found, notes) == (["one\rtwo"] * 5, [])


@pytest.mark.parametrize("mark", [";", "|", "\t"])
def test_rows_without_names_are_separated_after_the_code_that_they_begin_with(tmp_path, mark):
    sentences = [text.replace(";", ",") + f"{mark} and more" * (n % 3 == 1) for n, text in enumerate(SENTENCES * 6)]
    rows = [f"{number}{mark}{number},5{mark}{text}" for number, text in enumerate(sentences)]
    assert texts(tmp_path, "a.csv", "\n".join(rows))[0] == sentences
    prose = [f"In {number}, nobody came{', and' * (number % 4)}." for number in range(9)]
    assert texts(tmp_path, "a.csv", "\n".join(prose))[0] == prose
