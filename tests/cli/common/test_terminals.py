"""A terminal that is not UTF-8: escapes, never a traceback."""

import io
import json
import os
import subprocess
import sys

import pytest

from neuraltopic.cli import main
from tests.cli.conftest import FAST

THEMES = ("fusée orbit moon launch shuttle", "größe match team league striker", "面包 flour oven butter yeast")
ENCODINGS = ("ascii", "cp1252", "utf-8")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpora") / "corpus é 中"
    for number in range(30):
        words = THEMES[number % 3].split()
        path = folder / "größe" / f"texte_é{number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(" ".join([*words, words[number % 5]]), encoding="utf-8")
    return folder


@pytest.fixture
def print_in(monkeypatch):
    """Run the command line with streams of an encoding, as Python opens them; return the code and what was printed."""

    def run(encoding, *arguments):
        streams = [io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True) for _ in range(2)]
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", streams[0])
            patch.setattr(sys, "stderr", streams[1])
            code = main([str(argument) for argument in arguments])
        out, err = (stream.buffer.getvalue() for stream in streams)
        return code, out, err

    return run


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_verb_prints(corpus, tmp_path, print_in, encoding):
    folder = tmp_path / "run_é_中"
    code, out, _ = print_in(encoding, "fit", corpus, "-o", folder, *FAST, "--max-df", "0.9", "--min-length", 2)
    assert code == 0
    bread = "面包" if encoding == "utf-8" else "\\u9762\\u5305"
    assert bread in out.decode(encoding)
    for arguments in (
        ["topics", folder],
        ["topics", folder, "--json"],
        ["inspect", folder],
        ["inspect", folder, "--json"],
        ["export", folder, "documents"],
        ["export", folder, "topics", "-f", "md"],
        ["embed", folder, corpus, "-o", tmp_path / "vecteurs_é_中", "--json"],
        ["evaluate", folder, corpus, "--per-topic"],
        ["update", folder, corpus, "-o", tmp_path / "später_中"],
        ["fit", corpus, "--dry-run", *FAST],
    ):
        code, out, _ = print_in(encoding, *arguments)
        assert (arguments[0], code) == (arguments[0], 0)
        if "--json" in arguments:
            assert "中" in json.dumps(json.loads(out.decode(encoding)), ensure_ascii=False)
    code, _, err = print_in(encoding, "topics", tmp_path / "nicht_da_中")
    assert (code, err.count(b"\n")) == (2, 1)


@pytest.mark.slow
def test_a_locale_that_is_not_utf8(corpus, tmp_path):
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHON"))}
    done = subprocess.run(
        [sys.executable, "-m", "neuraltopic", "fit", corpus, "-o", tmp_path / "run_é_中", *FAST, "--max-df", "0.9"],
        capture_output=True,
        env=variables | {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    )
    assert (done.returncode, done.stderr.count(b"Traceback")) == (0, 0)
    assert json.loads((tmp_path / "run_é_中" / "run.json").read_text("utf-8"))["corpus"]["name"] == str(corpus)
