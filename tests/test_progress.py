import io
import os
import subprocess
import sys

import pytest

from neuraltopic import progress as module
from neuraltopic.progress import PlainProgress, RichProgress, show_progress


class Clock:
    now = 100.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


def work(progress, clock):
    """Read 11,314 in 2.1 s, then count some of 40 in 0.5 s."""
    progress("reading", 0, None)
    for done in range(1000, 12_000, 1000):
        clock.now += 0.1
        progress("reading", done, None)
    clock.now += 1.0
    progress("reading", 11_314, 11_314)
    progress.note("a [bold]note[/bold] :smile:")
    clock.now += 0.2
    progress("counting", 10, 40)
    clock.now += 0.3
    progress("counting", 30, 40)


LINES = "reading: 11,314 in 2.1 s\na [bold]note[/bold] :smile:\ncounting: 30 of 40 in 0.5 s\n"


def test_one_line_a_stage_where_there_is_no_terminal(capsys, clock):
    with show_progress() as progress:
        assert isinstance(progress, PlainProgress)
        work(progress, clock)
    assert capsys.readouterr() == ("", LINES)


def test_nothing_when_quiet(capsys, clock):
    with show_progress(quiet=True) as progress:
        work(progress, clock)
    assert capsys.readouterr() == ("", "")


def test_nothing_without_stderr(monkeypatch, clock):
    monkeypatch.setattr(sys, "stderr", None)
    with show_progress() as progress:
        work(progress, clock)


def test_a_failed_stage_reports_how_far_it_got(capsys, clock):
    def fail():
        with show_progress() as progress:
            progress("training", 3, 100)
            clock.now += 7.0
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert capsys.readouterr().err == "training: 3 of 100 in 7.0 s\n"


@pytest.mark.parametrize(
    ("calls", "lines"),
    [
        ([], []),
        ([("a", 0, 0)], ["a: 0"]),
        ([("a", 0, 2), ("a", 2, 2), ("a", 2, 2)], ["a: 2"]),  # the end said twice
        ([("a", 0, 2), ("a", 2, 2), ("a", 0, 2), ("a", 1, 2)], ["a: 2", "a: 1 of 2"]),  # another corpus
        ([("a", 5, None), ("a", 1, None)], ["a: 5", "a: 1"]),
        ([("a", 1, 2), ("b", 1, None), ("a", 2, 3)], ["a: 1 of 2", "b: 1", "a: 2 of 3"]),
        ([("a", 1, 2), ("a", 2, 4), ("a", 4, 4)], ["a: 4"]),  # a total that was an estimate
        ([("a", 2, 2), ("a", 3, 3)], ["a: 2", "a: 3"]),
    ],
)
def test_where_a_stage_ends(capsys, clock, calls, lines):
    with show_progress() as progress:
        for call in calls:
            progress(*call)
    assert capsys.readouterr().err.splitlines() == [f"{line} in 0.0 s" for line in lines]


def bars(clock, **settings):
    from rich.console import Console

    stream = io.StringIO()
    progress = RichProgress(Console(file=stream, force_terminal=True, width=100, _environ={}, **settings))
    return progress, stream


def test_bars_become_lines(clock):
    progress, stream = bars(clock)
    work(progress, clock)
    progress._bars.refresh()
    progress.close()
    shown = stream.getvalue()
    assert "30 of 40" in shown.replace(LINES.splitlines()[-1], "")
    places = [shown.index(line) for line in LINES.splitlines()]
    assert places == sorted(places)
    assert shown.endswith("\x1b[?25h" + shown.rsplit("\x1b[?25h", 1)[1])  # the cursor is shown again
    assert "\x1b[?25l" not in shown.rsplit("\x1b[?25h", 1)[1]


def test_an_interrupt_while_a_bar_begins_is_not_hidden_by_another_error(clock, monkeypatch):
    progress, stream = bars(clock)

    def interrupted(*_, **__):
        raise KeyboardInterrupt("interrupted while reading")

    monkeypatch.setattr(progress._bars, "add_task", interrupted)
    with pytest.raises(KeyboardInterrupt, match="interrupted while reading"):
        progress("reading", 0, None)
    progress.close()
    assert "reading" not in stream.getvalue()


def test_a_bar_knows_how_much_there_is(clock):
    progress, _ = bars(clock)
    progress("reading", 0, None)
    assert progress._bars.tasks[0].total is None
    clock.now += 1.0
    progress("reading", 7, None)
    assert (progress._bars.tasks[0].completed, progress._bars.tasks[0].fields["count"]) == (7, "7")
    clock.now += 1.0
    progress("reading", 1100, 2200)
    assert progress._bars.tasks[0].percentage == 50.0
    assert progress._bars.tasks[0].fields["count"] == "1,100 of 2,200"
    clock.now += 0.01
    progress("reading", 1101, 2200)  # too soon to be drawn
    assert progress._bars.tasks[0].completed == 1100
    progress("training", 0, 5)
    assert [task.description for task in progress._bars.tasks] == ["training"]
    progress.close()
    assert progress._bars.tasks == []
    assert not progress._bars.live.is_started


def test_the_cursor_comes_back_when_the_last_line_cannot_be_written(clock, monkeypatch):
    progress, _ = bars(clock)
    progress("reading", 1, 2)
    monkeypatch.setattr(progress, "note", lambda text: (_ for _ in ()).throw(OSError("gone")))
    with pytest.raises(OSError, match="gone"):
        progress.close()
    assert not progress._bars.live.is_started


PROGRAM = """
import sys
from neuraltopic.progress import show_progress
with show_progress() as progress:
    progress("reading", 0, 2)
    print("data")
    progress("reading", 2, 2)
    print(type(progress).__name__, "rich" in sys.modules)
"""


def run_on_a_terminal(**environment):
    """Return what the program writes to stdout, a pipe, and to stderr, a terminal."""
    controller, terminal = os.openpty()
    environment = {key: value for key, value in os.environ.items() if key != "NO_COLOR"} | environment
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        stdout=subprocess.PIPE,
        stderr=terminal,
        text=True,
        env=environment,
        check=True,
    )
    os.close(terminal)
    shown = b""
    try:
        while piece := os.read(controller, 65536):
            shown += piece
    except OSError:  # how Linux says that the other end is closed
        pass
    os.close(controller)
    return done.stdout, shown.decode()


@pytest.mark.parametrize("no_colour", [False, True])
def test_on_a_terminal(no_colour):
    output, shown = run_on_a_terminal(TERM="xterm-256color", **({"NO_COLOR": "1"} if no_colour else {}))
    assert output == "data\nRichProgress True\n"
    assert "reading: 2 in 0.0 s" in shown
    assert "\x1b[?25l" in shown
    coloured = "\x1b[38;5;" in shown or "\x1b[3" in shown.replace("\x1b[39m", "")
    assert coloured != no_colour


def test_on_a_dumb_terminal():
    output, shown = run_on_a_terminal(TERM="dumb")
    assert output == "data\nPlainProgress True\n"
    assert shown.replace("\r\n", "\n") == "reading: 2 in 0.0 s\n"


def test_rich_is_left_alone_without_a_terminal():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout == "data\nPlainProgress False\n"
    assert done.stderr == "reading: 2 in 0.0 s\n"


@pytest.mark.parametrize(("term", "kind"), [("xterm", RichProgress), ("dumb", PlainProgress)])
def test_the_terminal_chooses(monkeypatch, term, kind):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setenv("TERM", term)
    monkeypatch.setattr(sys, "stderr", Terminal())
    with show_progress() as progress:
        assert type(progress) is kind
        progress("reading", 2, 2)
    assert "reading: 2 in " in sys.stderr.getvalue()
