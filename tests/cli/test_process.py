"""The real command in its own process: what it imports, how it ends, what a killed fit leaves."""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

from neuraltopic.cli import main
from tests.cli.conftest import FAST
from tests.tiny_corpus import write_corpus

COMMAND = [sys.executable, "-m", "neuraltopic"]
HEAVY = {"torch", "pandas", "sklearn", "spacy", "gensim", "pyarrow", "scipy"}


def imported(*arguments: str) -> set[str]:
    program = (
        "import sys; from neuraltopic.cli import main; code = main(sys.argv[1:]);"
        "print(' '.join(sys.modules), file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def test_help_and_inspect_import_nothing_heavy(finished):
    for arguments in (["--help"], ["fit", "--help"], ["--version"], ["inspect", str(finished), "--verify"]):
        assert imported(*arguments) & HEAVY == set()


@pytest.mark.slow
def test_help_and_inspect_answer_at_once(finished):
    for command in (
        [*COMMAND, "--help"],
        [*COMMAND, "inspect", str(finished)],
        [sys.executable, "-c", "import neuraltopic"],
    ):
        seconds = []
        for _ in range(3):
            before = os.times()
            subprocess.run(command, capture_output=True, check=True)
            after = os.times()
            # Of the processor, since other tests run at the same time.
            seconds.append(sum(after[2:4]) - sum(before[2:4]))
        assert min(seconds) < 0.8  # half of that where nothing else runs


def test_the_exit_code_is_the_processes(tmp_path):
    done = subprocess.run([*COMMAND, "fit", str(tmp_path / "gone")], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("neuraltopic: ")
    assert done.stderr.count("\n") == 1


def test_a_reader_that_leaves_is_no_error(finished):
    with subprocess.Popen(
        [*COMMAND, "export", str(finished), "documents"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_streams_that_the_shell_has_closed_are_no_error(finished):
    command = f"'{sys.executable}' -m neuraltopic inspect '{finished}' <&- >&- 2>&-"
    assert subprocess.run(["sh", "-c", command], check=False).returncode == 0


def digest(run) -> str:
    return hashlib.sha256((run / "model" / "weights.safetensors").read_bytes()).hexdigest()


# Enough epochs for a signal to come between the first and the last.
LONG = ("-k", "3", "--epochs", "60", "--batch-size", "10", "--min-df", "1", "--quiet", "--no-report")


def start(corpus, output, *more: str) -> subprocess.Popen:
    command = [*COMMAND, "fit", str(corpus), "-o", str(output), *LONG, *more]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def after_an_epoch(process: subprocess.Popen, output) -> None:
    checkpoint = output.with_name(f".{output.name}.unfinished") / "checkpoint.safetensors"
    while not checkpoint.exists():
        assert process.poll() is None
        time.sleep(0.005)


@pytest.mark.slow
def test_a_killed_fit_goes_on_to_the_same_bits(tmp_path):
    corpus = write_corpus(tmp_path / "corpus")
    assert main(["fit", str(corpus), "-o", str(tmp_path / "whole"), *LONG]) == 0
    output = tmp_path / "run"
    with start(corpus, output) as process:
        after_an_epoch(process, output)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert not output.exists()
    assert main(["fit", str(corpus), "-o", str(output), *LONG, "--resume"]) == 0
    assert json.loads((output / "run.json").read_text())["resumed"] is True
    assert digest(output) == digest(tmp_path / "whole")
    assert (output / "vectors.npy").read_bytes() == (tmp_path / "whole" / "vectors.npy").read_bytes()
    assert sorted(os.listdir(tmp_path)) == ["corpus", "run", "whole"]


@pytest.fixture
def heeded():
    """Ctrl-C heeded by the processes that the test starts, also where the tests run in the background of a shell, which
    has them ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.slow
@pytest.mark.usefixtures("heeded")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_fit_says_how_to_resume(tmp_path, number, code):
    corpus, output = write_corpus(tmp_path / "corpus"), tmp_path / "run"
    with start(corpus, output) as process:
        after_an_epoch(process, output)
        process.send_signal(number)
        assert process.stderr is not None
        said = process.stderr.read()
    assert process.returncode == code
    where = r"(after epoch \d+ of 60|before the first epoch)"
    assert re.fullmatch(rf"neuraltopic: interrupted {where}; continue with --resume\n", said)
    assert sorted(os.listdir(tmp_path)) == [".run.unfinished", "corpus"]


# Runs a command that is interrupted, and again while it says so.
TWICE = """
import os, signal, sys
from neuraltopic import cli

report = cli._report

def interrupted_again(*arguments):
    os.kill(os.getpid(), signal.SIGINT)
    return report(*arguments)

def interrupted(arguments):
    raise KeyboardInterrupt("interrupted while reading")

cli._report, cli._invoke = interrupted_again, interrupted
sys.exit(cli.main())
"""


@pytest.mark.usefixtures("heeded")
def test_a_second_interrupt_leaves_the_message_of_the_first():
    ended = subprocess.run([sys.executable, "-c", TWICE], capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (130, "neuraltopic: interrupted while reading\n")


@pytest.mark.slow
def test_two_fits_do_not_share_a_workspace(tmp_path):
    corpus, output = write_corpus(tmp_path / "corpus"), tmp_path / "run"
    with start(corpus, output) as first:
        after_an_epoch(first, output)
        first.send_signal(signal.SIGSTOP)
        second = subprocess.run(
            [*COMMAND, "fit", str(corpus), "-o", str(output), *FAST], capture_output=True, text=True
        )
        first.kill()
    assert second.returncode == 2
    assert "one that is being worked on" in second.stderr
