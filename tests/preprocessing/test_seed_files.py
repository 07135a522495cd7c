import pytest

from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.preprocessing.seed_files import read_seed_words


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("space nasa, orbit\ngod,church\n", {0: ["space", "nasa", "orbit"], 1: ["god", "church"]}),
        ("\n 7: god church \n\n\tgun , guns,\n2:hockey", {7: ["god", "church"], 8: ["gun", "guns"], 2: ["hockey"]}),
        ("3:", {3: []}),
        ("\ufeffcafé\r\nθεός\r\n", {0: ["café"], 1: ["θεός"]}),
        ('\n {"0": ["space", "new york"], "7": ["god"]}', {"0": ["space", "new york"], "7": ["god"]}),
        ('[["space"], ["god"]]', [["space"], ["god"]]),
    ],
)
def test_lines_and_json(tmp_path, text, groups):
    path = tmp_path / "seeds"
    path.write_text(text, encoding="utf-8", newline="")
    assert read_seed_words(path) == groups


@pytest.mark.parametrize(
    ("content", "error", "said"),
    [
        (None, UsageError, "expected a file of words in UTF-8; got No such file"),
        (b"caf\xe9", UsageError, "expected a file of words in UTF-8; got 'utf-8' codec"),
        (b" \n\n", UsageError, "got an empty file"),
        (b"1: a\n0: b\nc", UsageError, "expected topic 1 once; got it twice"),
        (b'{"0": ["space"', NeuralTopicError, "expected JSON in UTF-8"),
        (b'{"0": ["a"], "0": ["b"]}', NeuralTopicError, "the key '0' twice"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path, content, error, said):
    path = tmp_path / "seeds"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(error, match=f"seed words {path}: .*{said}"):
        read_seed_words(path)
