import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuraltopic.errors import NeuralTopicError
from neuraltopic.storage.strict_json import MAX_DEPTH, parse_json, read_json, write_json

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
SCALARS = st.none() | st.booleans() | st.integers() | TEXTS | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=20)


@given(VALUES)
def test_what_is_written_is_read(tmp_path_factory, value):
    path = tmp_path_factory.getbasetemp() / "value.json"
    write_json(path, value)
    assert read_json(path, 10**9) == value


def test_the_bytes_are_indented_utf_8_in_the_order_given(tmp_path):
    write_json(tmp_path / "a.json", {"é": 1, "a": [0.1]})
    assert (tmp_path / "a.json").read_bytes() == '{\n  "é": 1,\n  "a": [\n    0.1\n  ]\n}\n'.encode()


@given(st.binary(max_size=60) | st.text('[]{}",:0123456789eE.-+\\utrnfals ', max_size=60).map(str.encode))
def test_any_bytes_are_json_or_one_error(content):
    try:
        value = parse_json(content, "the file")
    except NeuralTopicError as refused:
        message = str(refused)
    else:
        assert value == json.loads(content)
        return
    assert message.startswith("the file: expected JSON")
    assert "\n" not in message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "Expecting value"),
        (b'{"a": 1', "Expecting ',' delimiter"),
        (b"\xff", "can't decode byte 0xff"),
        (b"\xef\xbb\xbf{}", "BOM"),
        (b"[NaN]", "the number NaN"),
        (b"[-Infinity]", "the number -Infinity"),
        (b"[1e999]", "the number 1e999, too large for a float"),
        (b'{"a": {"b": 1, "b": 2}}', "the key 'b' twice"),
        (rb'["\ud800"]', "surrogates not allowed"),
        (b"9" * 5000, "digits"),
    ],
)
def test_what_json_libraries_let_pass_is_refused(tmp_path, content, message):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(NeuralTopicError, match=r"a\.json: expected JSON in UTF-8; got .*" + message):
        read_json(tmp_path / "a.json", 10_000)


def test_an_escaped_pair_of_surrogates_is_one_character():
    assert parse_json(rb'["\ud83d\ude00"]', "it") == ["😀"]


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_the_depth_is_limited_exactly(opening, closing):
    def nested(depth):
        return opening * depth + b"1" + closing * depth

    parse_json(nested(MAX_DEPTH), "it")
    for depth in (MAX_DEPTH + 1, 900, 500_000):
        with pytest.raises(NeuralTopicError, match="expected JSON nested at most 64 deep; got deeper nesting"):
            parse_json(nested(depth), "it")


def test_a_file_over_the_cap_is_not_read(tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(b"[1]")
    assert read_json(path, 3) == [1]
    with path.open("r+b") as file:
        file.truncate(10**12)  # a sparse file: reading it would exhaust the memory
    with pytest.raises(NeuralTopicError, match=r"a\.json: expected at most 3 bytes; got 1,000,000,000,000 bytes"):
        read_json(path, 3)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800"])
def test_what_could_not_be_read_back_is_not_written(tmp_path, value):
    with pytest.raises(NeuralTopicError, match=r"a\.json: expected finite numbers and whole characters"):
        write_json(tmp_path / "a.json", {"a": [value]})
    assert list(tmp_path.iterdir()) == []
