import json
from typing import NamedTuple

import pytest

from neuraltopic.cli import main
from tests.compare.conftest import fake_jobs  # noqa: F401  (a fixture)
from tests.tiny_corpus import write_corpus

FAST = ("-k", "3", "--epochs", "2", "--min-df", "1")


class Result(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture
def call(capfd):
    """Run the command line in this process."""

    def run(*arguments) -> Result:
        capfd.readouterr()
        code = main([str(argument) for argument in arguments])
        return Result(code, *capfd.readouterr())

    return run


@pytest.fixture(scope="session")
def corpus(tmp_path_factory):
    return write_corpus(tmp_path_factory.mktemp("corpora") / "themes")


@pytest.fixture(scope="session")
def finished(tmp_path_factory, corpus):
    """A run that tests only read."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    assert main(["fit", str(corpus), "-o", str(folder), *FAST, "--quiet"]) == 0
    return folder
