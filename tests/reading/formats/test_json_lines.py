"""JSON in the layouts that people have it in."""

import gzip
import io
import json
import sys

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuraltopic.errors import NeuralTopicError, NeuralTopicWarning, UsageError
from neuraltopic.reading.formats import json_lines
from neuraltopic.reading.readers import open_corpus
from neuraltopic.reading.rows import value_problem

OBJECTS = [{"id": f"r{n}", "text": f"text {n} é [x], {{y}}", "stars": n % 5} for n in range(250)]


def read(tmp_path, name, content, **options):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(open_corpus(path, **options))


LAYOUTS = {
    "lines": "\n".join(map(json.dumps, OBJECTS)),
    "array": json.dumps(OBJECTS),
    "indented array": "\n" + json.dumps(OBJECTS, indent=1),
    "array, a line each": "[\n" + ",\n".join(map(json.dumps, OBJECTS)) + "\n]\n",
    "indented objects": "\n".join(json.dumps(record, indent=2) for record in OBJECTS),
    "in an object": json.dumps({"count": 250, "reviews": OBJECTS}),
    "in an indented object": json.dumps({"meta": {"n": 250}, "data": OBJECTS}, indent=4),
    "deep in an object": json.dumps({"status": "ok", "result": {"items": OBJECTS}}),
    "a comma after each": ",\n".join(map(json.dumps, OBJECTS)),
    "a comma after each, in one line": ", ".join(map(json.dumps, OBJECTS)),
    "nothing between": "".join(map(json.dumps, OBJECTS)),
    "several a line": "\n".join(" ".join(map(json.dumps, OBJECTS[n : n + 7])) for n in range(0, 250, 7)),
    "one, then several a line": "\n".join([json.dumps(OBJECTS[0]), "".join(map(json.dumps, OBJECTS[1:]))]),
    "indented, nothing between": "".join(json.dumps(record, indent=2) for record in OBJECTS),
    "text sequence": "".join(f"\x1e{json.dumps(record)}\n" for record in OBJECTS),
    "indented text sequence": "".join(f"\x1e{json.dumps(record, indent=2)}\n" for record in OBJECTS),
    "columns": pd.DataFrame(OBJECTS).to_json(),
    "lists": json.dumps(pd.DataFrame(OBJECTS).to_dict("list")),
    "split": pd.DataFrame(OBJECTS).to_json(orient="split"),
    "records": pd.DataFrame(OBJECTS).to_json(orient="records"),
    "table": pd.DataFrame(OBJECTS).to_json(orient="table"),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.ndjson"])
def test_every_layout_gives_the_rows(tmp_path, monkeypatch, layout, name):
    monkeypatch.setattr(json_lines, "_READ", 100)  # so that values are cut everywhere
    rows = read(tmp_path, name, LAYOUTS[layout])
    assert [(row.id, row.text, row.metadata["stars"]) for row in rows] == [
        (record["id"], record["text"], record["stars"]) for record in OBJECTS
    ]
    assert not any(row.problem for row in rows)


def test_rows_by_key(tmp_path):
    rows = read(tmp_path, "a.json", json.dumps({"x": {"text": "a b"}, "y": {"text": "c"}}))
    assert [(row.id, row.text) for row in rows] == [("x", "a b"), ("y", "c")]


def test_texts_by_key(tmp_path):
    rows = read(tmp_path, "a.json", json.dumps({f"d{number}": f"text {number}" for number in range(20)}))
    assert [(row.id, row.text) for row in rows[:2]] == [("d0", "text 0"), ("d1", "text 1")]
    assert len(rows) == 20


def test_compressed_json(tmp_path):
    assert len(read(tmp_path, "a.json.gz", gzip.compress(LAYOUTS["array"].encode()))) == 250


def test_an_array_of_texts(tmp_path):
    rows = read(tmp_path, "a.json", '["a b", "c", 3]')
    assert [(row.id, row.text, row.problem) for row in rows] == [
        ("1", "a b", ""), ("2", "c", ""), ("3", None, "broken JSON: not an object (int)"),
    ]  # fmt: skip


def test_one_object_with_a_text_is_one_row(tmp_path):
    rows = read(tmp_path, "a.json", json.dumps({"text": "a b", "comments": [{"text": "c"}]}, indent=1))
    assert [row.text for row in rows] == ["a b"]


def test_an_array_through_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(LAYOUTS["indented array"].encode())))
    assert len(list(open_corpus("-"))) == 250
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"[laughter] a line\n")))
    assert [row.text for row in open_corpus("-")] == ["[laughter] a line"]


def test_a_line_of_objects_with_one_that_is_broken_is_one_problem(tmp_path):
    rows = read(tmp_path, "a.jsonl", '{"text": "a"}\n{"text": "b"} {"text" "c"}\n{"text": "d"} 3')
    assert [(row.text, row.problem) for row in rows] == [
        ("a", ""), (None, "broken JSON: Extra data at column 15"), (None, "broken JSON: Extra data at column 15"),
    ]  # fmt: skip


def test_numbers_that_are_strings_are_not_the_text(tmp_path):
    assert [row.text for row in read(tmp_path, "a.jsonl", '{"n": "12", "day": "2020-01-01", "body": "x"}')] == ["x"]


def test_a_first_line_that_is_broken_costs_itself_alone(tmp_path):
    rows = read(tmp_path, "a.jsonl", '{"text": "cut\n{"text": "a"}\n{"text": "b"}')
    assert [(row.text, row.line, row.n_lines) for row in rows] == [(None, 1, 1), ("a", 2, 1), ("b", 3, 1)]


@pytest.mark.parametrize(
    ("content", "got"),
    [
        ('[{"text": "a"}, {"text": ', "Expecting value"),
        ('[{"text": "a"}', "no ] at the end"),
        ('[{"text": "a"}, {"text" "b"}, ' + '{"text": "c"},' * 9 + "]", "Expecting ':' delimiter near"),
        ("[" * 100_000, "maximum recursion depth"),
    ],
)
def test_a_broken_array_is_refused(tmp_path, content, got):
    with pytest.raises(NeuralTopicError, match=r"expected whole JSON; got .*, before line 2") as error:
        read(tmp_path, "a.json", content)
    assert got in str(error.value)


def test_a_value_without_an_end_is_not_read_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(json_lines, "VALUE_LIMIT", 1000)
    monkeypatch.setattr(json_lines, "_READ", 100)
    with pytest.raises(NeuralTopicError, match="a value of more than 1,000 characters"):
        read(tmp_path, "a.json", '[{"text": [' + "\n".join(["1, 2, 3, 4, 5,"] * 500))


def test_bytes_that_are_not_text_cost_one_object_of_an_array(tmp_path):
    rows = read(tmp_path, "a.json", b'[{"text": "a"},\n{"text": "caf\xe9"},\n{"text": "\\ud800"}]', encoding="utf-8")
    assert [(row.text, row.problem) for row in rows] == [
        ("a", ""), (None, "undecodable: byte 0xe9 at 13 is not utf-8"), (None, "not text (lone surrogate)"),
    ]  # fmt: skip


# Fields in fields

NESTED = [{"id": n, "data": {"title": f"t{n}", "body": f"text {n}", "by": {"name": "x"}}} for n in range(3)]


def test_nested_fields_are_named_by_their_path(tmp_path):
    content = "\n".join(map(json.dumps, NESTED))
    rows = read(tmp_path, "a.jsonl", content, text="data.body", id="data.title")
    assert [(row.id, row.text) for row in rows] == [(f"t{n}", f"text {n}") for n in range(3)]
    assert rows[0].metadata == {"id": 0, "data": {"by": {"name": "x"}}}
    with pytest.raises(UsageError, match=r"got columns id, data\.title, data\.body, data\.by\.name"):
        read(tmp_path, "b.jsonl", content)


def test_the_only_nested_string_is_the_text_and_a_dotted_name_goes_first(tmp_path):
    assert [row.text for row in read(tmp_path, "a.jsonl", '{"n": 1, "d": {"e": {"body": "x"}}}')] == ["x"]
    assert [row.text for row in read(tmp_path, "d.jsonl", '{"n": "y", "d": {"text": "x", "title": "t"}}')] == ["x"]
    rows = read(tmp_path, "b.jsonl", '{"d.e": "whole", "d": {"e": "part"}}', text="d.e")
    assert rows[0].text == "whole"
    assert [row.text for row in read(tmp_path, "c.jsonl", '{"a.b": {"c": "x"}, "n": "y"}', text="a.b.c")] == ["x"]


def test_a_nested_field_that_is_missing(tmp_path):
    rows = read(tmp_path, "a.jsonl", '{"d": {"t": "x"}, "n": "y"}\n{"d": null}\n{"d": {"t": 3}}', text="d.t")
    assert [(row.text, row.problem) for row in rows] == [
        ("x", ""), (None, "no column 'd.t'"), (None, "not text (int 3)"),
    ]  # fmt: skip


@given(
    st.lists(st.fixed_dictionaries({"text": st.text(st.characters(exclude_categories=["Cs"]))}), min_size=1),
    st.sampled_from([None, 1]),
)
def test_any_text_in_an_array_is_read_back(tmp_path_factory, objects, indent):
    content = json.dumps(objects, indent=indent, ensure_ascii=bool(indent))
    rows = read(tmp_path_factory.mktemp("any"), "a.json", content, encoding="utf-8")
    found = [record["text"] for record in objects]
    assert [row.text for row in rows] == [None if value_problem(text) else text for text in found]


TWEETS = [
    {"tweet": {"id_str": str(n), "full_text": f"a train; {n} = late", "lang": "en", "user": {"name": "Ann"}}}
    for n in range(30)
]


@pytest.mark.parametrize(
    ("name", "start", "end", "indent"),
    [
        ("tweets.js", "window.YTD.tweets.part0 = ", "", 2),
        ("tweet.js", "window.YTD.tweet.part0 = ", "\n", None),
        ("data.js", "var data =\n", ";\n", 1),
        ("data.js", "\ufeffconst data = ", ";", None),
        ("tweets.json", "window.YTD.tweets.part0 = ", "", 2),
    ],
)
def test_data_of_javascript_is_read_as_json(tmp_path, name, start, end, indent):
    content = start + json.dumps(TWEETS, indent=indent) + end
    rows = read(tmp_path, name, content)
    assert [row.text for row in rows] == [each["tweet"]["full_text"] for each in TWEETS]
    assert [row.id for row in read(tmp_path, name, content, id="tweet.id_str")][:3] == ["0", "1", "2"]
    assert read(tmp_path, name, content, text="tweet.lang")[0].text == "en"


TEXTS = ["The train was late again.", "A clean room by the sea.", "Its battery dies at noon."]


def test_pages_of_answers_are_their_rows(tmp_path):
    pages = [{"data": [{"id": "1", "text": "late"}, {"id": "2", "text": "soup"}], "meta": {"next_token": "x"}}]
    pages += [{"data": [{"id": "3", "text": "bread"}], "meta": {"next_token": "y"}}, {"meta": {"result_count": 0}}]
    for written in ("\n".join(map(json.dumps, pages)), json.dumps(pages, indent=1)):
        rows = read(tmp_path, "pages.jsonl", written)
        assert [(row.id, row.text) for row in rows] == [("1", "late"), ("2", "soup"), ("3", "bread"), ("row 4", None)]
        assert rows[3].problem == "no column 'text'"
    posts = [{"body": text, "comments": [{"text": "yes"}]} for text in TEXTS]
    assert [row.text for row in read(tmp_path, "posts.jsonl", "\n".join(map(json.dumps, posts)))] == TEXTS


def test_the_longest_of_several_arrays_is_the_table(tmp_path):
    messages = [{"sender": "Ann", "content": f"The train was {number} minutes late."} for number in range(20)]
    export = {"participants": [{"name": "Ann"}, {"name": "Bob"}], "messages": messages, "title": "Ann and Bob"}
    with pytest.warns(NeuralTopicWarning, match=r"of its arrays messages is read, not participants"):
        rows = read(tmp_path, "message_1.json", json.dumps(export), text="content")
    assert [row.text for row in rows] == [message["content"] for message in messages]
    posts = {"users": [{"name": "Ann"}] * 9, "posts": [{"text": "A late train."}, {"text": "soup"}]}
    with pytest.warns(NeuralTopicWarning, match=r"of its arrays posts is read, not users"):
        assert [row.text for row in read(tmp_path, "posts.json", json.dumps(posts))] == ["A late train.", "soup"]


@pytest.mark.parametrize("names", ["columns", "fields", "header"])
@pytest.mark.parametrize("rows", ["rows", "values"])
def test_names_and_rows_apart_are_a_table(tmp_path, names, rows):
    content = {"total": 3, names: ["id", "text"], rows: [[f"a{number}", text] for number, text in enumerate(TEXTS)]}
    found = read(tmp_path, "a.json", json.dumps(content))
    assert [(row.id, row.text) for row in found] == [(f"a{number}", text) for number, text in enumerate(TEXTS)]


def test_other_javascript_is_text(tmp_path):
    rows = read(tmp_path, "code.js", "let a = [1, 2];\nfunction f() {}\n")
    assert [row.text for row in rows] == ["let a = [1, 2];", "function f() {}"]


WORDS = [["the", "late", "train"], ["new_york", "city"], ["soup"]]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("lines.jsonl", "\n".join(map(json.dumps, WORDS))),
        ("empty.jsonl", "\n".join(map(json.dumps, [WORDS[0], [], *WORDS[1:]]))),
        ("array.json", json.dumps(WORDS)),
        ("indented.json", json.dumps(WORDS, indent=2)),
    ],
)
def test_lists_of_words_are_documents(tmp_path, name, content):
    with pytest.warns(NeuralTopicWarning, match="lists of words: these are kept as they are"):
        rows = read(tmp_path, name, content)
    assert [row.text for row in rows if row.text] == ["the late train", "new_york city", "soup"]
    assert all(row.is_cut for row in rows)


def test_texts_in_quotes_are_documents(tmp_path):
    rows = read(tmp_path, "lines.jsonl", '"a train, late"\n"soup"\n7\n{"text": "bread"}\nbroken\n')
    assert [row.text for row in rows] == ["a train, late", "soup", None, "bread", None]
    assert rows[4].problem == "broken JSON: Expecting value at column 1"


ROWS_OF_LISTS = [[number, text, number % 2] for number, text in enumerate(TEXTS, start=7)]


@pytest.mark.parametrize("layout", ["lines", "array", "indented"])
def test_lists_of_values_are_rows_of_a_table(tmp_path, layout):
    written = {
        "lines": lambda rows: "\n".join(map(json.dumps, rows)),
        "array": json.dumps,
        "indented": lambda rows: json.dumps(rows, indent=1),
    }[layout]
    named = read(tmp_path, "named.json", written([["id", "text", "stars"], *ROWS_OF_LISTS]))
    assert [(row.id, row.text, row.metadata) for row in named] == [
        (str(number), text, {"stars": stars}) for number, text, stars in ROWS_OF_LISTS
    ]
    with pytest.warns(NeuralTopicWarning, match="columns are called column 1, column 2, column 3"):
        unnamed = read(tmp_path, "unnamed.json", written(ROWS_OF_LISTS))
    assert [(row.id, row.text, row.problem) for row in unnamed] == [
        (str(number), text, "") for number, text in enumerate(TEXTS, start=1)
    ]


def test_codes_beside_texts_are_columns_and_no_words(tmp_path):
    rows = [[f"a{number}", text] for number, text in enumerate(TEXTS)]
    content = "\n".join(map(json.dumps, rows))
    with pytest.raises(UsageError, match="got columns column 1, column 2"):
        read(tmp_path, "a.jsonl", content)
    with pytest.warns(NeuralTopicWarning, match="taken as a row"):
        assert [row.text for row in read(tmp_path, "a.jsonl", content, text="column 2", id="column 1")] == TEXTS
    named = read(tmp_path, "b.jsonl", json.dumps(["id", "text"]) + "\n" + content)
    assert [(row.id, row.text) for row in named] == [(id, text) for id, text in rows]


def test_a_row_may_hold_a_list_of_words_or_an_object(tmp_path):
    lines = [[number, text.split(), "late"] for number, text in enumerate(TEXTS)]
    with pytest.raises(UsageError, match="got columns column 1, column 2, column 3"):
        read(tmp_path, "words.jsonl", "\n".join(map(json.dumps, lines)))
    lines = [line[:2] for line in lines]
    with pytest.warns(NeuralTopicWarning, match="lists of words"), pytest.warns(NeuralTopicWarning, match="column 2"):
        words = read(tmp_path, "words.jsonl", "\n".join(map(json.dumps, lines)))
    assert [(row.text, row.is_cut) for row in words] == [(text, True) for text in TEXTS]
    lines = [[f"a{number}", {"text": text, "stars": 3}] for number, text in enumerate(TEXTS)]
    with pytest.warns(NeuralTopicWarning, match="taken as a row"):
        objects = read(tmp_path, "objects.jsonl", "\n".join(map(json.dumps, lines)))
    assert [row.text for row in objects] == TEXTS
    assert objects[0].metadata == {"column 1": "a0", "column 2": {"stars": 3}}


def test_a_list_of_another_length_and_a_broken_line_cost_themselves_alone(tmp_path):
    whole = [[number, f"The train was {number} minutes late.", 1] for number in range(30)]
    lines = [*map(json.dumps, [["id", "text", "stars"], *whole]), "[1, ", '[9, "more", 1, 2]', '"bare"']
    rows = read(tmp_path, "a.jsonl", "\n".join(lines))
    assert [row.text for row in rows] == [text for _, text, _ in whole] + [None, None, None]
    assert [(row.problem, row.line) for row in rows[30:]] == [
        ("broken JSON: Expecting value at column 5", 32),
        ("4 values for 3 columns", 33),
        ("not a list of values, as the others are", 34),
    ]


def test_lists_of_as_many_sentences_or_words_are_no_rows(tmp_path):
    sentences = [[text, "They were rude too."] for text in TEXTS]
    with pytest.warns(NeuralTopicWarning, match="lists of sentences"):
        joined = read(tmp_path, "sentences.jsonl", "\n".join(map(json.dumps, sentences)))
    assert [row.text for row in joined] == ["\n".join(pair) for pair in sentences]
    with pytest.warns(NeuralTopicWarning, match="lists of words"):
        words = read(tmp_path, "words.jsonl", "\n".join(map(json.dumps, [["late", "train"], ["clean", "room"]])))
    assert [row.text for row in words] == ["late train", "clean room"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("comment.json", '// export\n[{"text": "late"}]'),
        ("python.json", "{'id': 3, 'text': 'late'}\n{'id': 4, 'text': 'soup'}\n"),
        ("array.json5", "[\n{'id': 3, 'text': 'late'},\n{'id': 4, 'text': 'soup'}\n]"),
        ("names.json5", "[\n{id: 3, text: 'late'},\n{id: 4, text: 'soup'}\n]"),
        ("within.json", '[{"text": "late"}, // export\n{"text": "soup"}]'),
    ],
)
def test_what_is_nearly_json_is_refused_by_name(tmp_path, name, content):
    with pytest.raises(NeuralTopicError, match=r"as \{\"text\": \"\.\.\.\"\}, .*no comments"):
        read(tmp_path, name, content)


@pytest.mark.parametrize("field", ["text", "review"])
def test_objects_by_their_ids_are_rows(tmp_path, field):
    path = tmp_path / "a.json"
    path.write_text(json.dumps({f"-N{n}": {field: f"Soup {n}", "stars": n % 5} for n in range(30)}))
    rows = list(open_corpus(path))
    assert [(row.id, row.text, row.metadata) for row in rows] == [
        (f"-N{n}", f"Soup {n}", {"stars": n % 5}) for n in range(30)
    ]
    path.write_text(json.dumps({f"c{n}": {str(k): f"Soup {k}" for k in range(40)} for n in range(20)}))
    with pytest.raises(UsageError, match="got columns c0, c1, "):  # a data frame by its columns
        list(open_corpus(path))


def test_objects_by_their_ids_in_the_answer_of_a_server_are_rows(tmp_path):
    path = tmp_path / "a.json"
    pages = {str(n): {"title": f"T{n}", "extract": f"Soup {n}"} for n in range(30)}
    path.write_text(json.dumps({"batchcomplete": "", "query": {"pages": pages}, "n": 3}))
    rows = list(open_corpus(path, text="extract"))
    assert [(row.id, row.text) for row in rows] == [(str(n), f"Soup {n}") for n in range(30)]


def test_the_full_text_of_a_post_goes_before_that_of_one_in_it(tmp_path):
    path = tmp_path / "a.jsonl"
    posts = [
        {"id": n, "full_text": f"RT Soup {n}", "retweeted_status": {"full_text": "x"}, "by": "me"} for n in range(3)
    ]
    path.write_text("\n".join(map(json.dumps, posts)))
    assert [row.text for row in open_corpus(path)] == ["RT Soup 0", "RT Soup 1", "RT Soup 2"]
