"""Every example of the documentation runs: README, pages of the site, docstrings."""

import ast
import doctest
import importlib
import re
import shlex

import pytest
import typer

from neuraltopic.cli import app
from tests.bertopic_folder import bertopic_of_news
from tests.documentation import ROOT, alike, blocks, commands, run_page
from tests.test_imports import modules

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LANGUAGES = {"console", "python", "sh", "text"}
# What a page says that its reader has.
GIVEN = {"docs/how-to/topics/migrate.md": lambda folder: bertopic_of_news(folder / "saved-model")}
_COMMAND = re.compile(r"^(?:\$ )?(neuraltopic [^\n]+)$", re.M)
_IN_A_LINE = re.compile(r"`(neuraltopic [a-z][^`\n]*)`")


def has_examples(page):
    return any(block.language in ("console", "python") for block in blocks(page))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_blocks_are_of_a_language_that_is_known_here(page):
    assert {block.language for block in blocks(page)} <= LANGUAGES
    for block in blocks(page):
        if block.language == "sh":
            for line in block.text.splitlines():
                assert line.startswith(("python3 -m venv", "pip install", "git ", "make", "python -m")), line


def test_the_command_for_a_fresh_machine_writes_where_a_checkout_has_nothing():
    """Its folders are in a checkout only once it has run: git is told to leave them out."""
    (command,) = [line for line in (ROOT / "README.md").read_text().splitlines() if " corpus docstrings " in line]
    folders = re.findall(r"corpus docstrings (\S+)|-o (\S+)", command)
    assert len(folders) == 2
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    for corpus, run in folders:
        assert f"/{corpus or run}/" in ignored


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", [page for page in PAGES if has_examples(page)], ids=lambda page: str(page.relative_to(ROOT))
)
def test_examples_of_a_page(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    if given := GIVEN.get(str(page.relative_to(ROOT))):
        given(tmp_path)
        capsys.readouterr()
    assert run_page(page, lambda: tuple(capsys.readouterr())) > 0


def commands_in(page):
    """Commands that a page shows in blocks that are not run, and in its sentences."""
    text = page.read_text(encoding="utf-8")
    shown = [line for block in blocks(page) if block.language == "text" for line in _COMMAND.findall(block.text)]
    # One with a word in capitals, or a choice, stands for others.
    return [
        command
        for command in [*shown, *_IN_A_LINE.findall(text)]
        if not re.search(r"\b[A-Z]{2,}\b|\.\.\.|…|\|", command)
    ]


@pytest.mark.parametrize(
    "page", [page for page in PAGES if commands_in(page)], ids=lambda page: str(page.relative_to(ROOT))
)
def test_commands_that_are_not_run_have_the_options_they_say(page):
    for command in commands_in(page):
        parse(shlex.split(command, comments=True)[1:])


def parse(arguments):
    """Parse a command as the command line does, whether or not its files are there."""
    parser = typer.main.get_command(app)
    while hasattr(parser, "commands"):
        name, *arguments = arguments
        parser = parser.commands[name]
    if arguments:  # else it is the name of a command, in a sentence
        parser.make_context("neuraltopic", list(arguments)).close()


def test_a_command_with_an_option_that_is_not_there_is_found():
    for command in ("fit texts --topic-count 5 -o run", "export run ldavis --pretty"):
        with pytest.raises(Exception, match="No such option"):
            parse(command.split())
    with pytest.raises(Exception, match="Missing"):
        parse(["over-time", "--by", "date"])


def holds_an_example(tree):
    return any(isinstance(node, ast.Constant) and ">>> " in str(node.value) for node in ast.walk(tree))


@pytest.mark.parametrize("name", [name for name, tree in modules().items() if holds_an_example(tree)])
def test_examples_of_docstrings(name):
    result = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert result.attempted > 0
    assert result.failed == 0


def test_output_is_compared():
    assert alike("a ... d\n", "a b  c d\n", varies=False)
    assert not alike("1 topic\n", "2 topics\n", varies=False)
    assert alike("7 9.5% moon rocket orbit\n", "3 12.1% rocket orbit moon\n", varies=True)
    assert not alike("7 9.5% moon rocket orbit\n", "3 12.1% flour bread oven\n", varies=True)


def test_commands_are_cut():
    text = "$ cat > a <<'END'\n> b\n> END\n$ cat a\nb\n"
    assert list(commands(text)) == [("cat > a <<'END'\nb\nEND\n", ""), ("cat a\n", "b\n")]


def test_an_example_that_prints_something_else_is_found(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("tests.documentation.ROOT", tmp_path)
    monkeypatch.chdir(tmp_path)
    for text in (
        "```python\n>>> 1 + 1\n3\n```\n",
        "```console\n$ echo a\nb\n```\n",
        "```console\n$ neuraltopic fit none\n```\n",
    ):
        (tmp_path / "page.md").write_text(text)
        with pytest.raises(AssertionError, match=r"page\.md, line 2"):
            run_page(tmp_path / "page.md", lambda: tuple(capsys.readouterr()))
