import re
import shlex

import pytest
import typer

from neuraltopic.cli import app
from neuraltopic.cli.common.help import _SUBJECTS, examples_of

ROOT = typer.main.get_command(app)
TASKS = ["Fit", "Read the topics", "Check", "Search and export", "Other"]


def commands(command=ROOT, path=()):
    """Every command and every group, by the words that are typed for it."""
    found = {" ".join(path): command}
    for name, one in getattr(command, "commands", {}).items():
        found |= commands(one, (*path, name))
    return found


def test_no_line_of_a_list_of_commands_is_cut_off(call):
    for path, command in commands().items():
        if hasattr(command, "commands"):
            listed = call(*path.split(), "--help").out
            assert "..." not in listed.replace("COMMAND [ARGS]...", ""), path


def test_every_command_is_listed_under_one_task(call):
    assert {command.rich_help_panel for command in ROOT.commands.values()} == set(TASKS)
    lines = call("--help").out.splitlines()
    for name in ROOT.commands:
        assert sum(line.startswith(f"  {name} ") for line in lines) == 1, name
    headings = [line[:-1] for line in lines if line.endswith(":") and not line.startswith(" ")]
    assert headings == ["Options", *TASKS, "Examples"]


def test_options_by_subject_are_all_there_and_only_once(call):
    help = call("fit", "--help").out
    options = [max(one.opts, key=len) for one in ROOT.commands["fit"].params if one.param_type_name == "option"]
    assert len(options) > 30
    for option in options:
        assert len(re.findall(rf"^  (?:-\w, )?{option} ", help, re.M)) == 1, option
    places = [help.index(f"\n{heading}:\n") for heading in ("Arguments", "Options", *_SUBJECTS, "Examples")]
    assert places == sorted(places)


def test_subjects_name_parameters_that_exist():
    parameters = {one.name for command in commands().values() for one in command.params}
    for names in _SUBJECTS.values():
        assert set(names) - parameters <= {"help"}


def test_every_command_has_an_example():
    for path, command in commands().items():
        assert examples_of(command) or hasattr(command, "commands"), path


@pytest.mark.parametrize("example", [line for command in commands().values() for line in examples_of(command)])
def test_an_example_is_what_the_command_takes(example):
    program, *words = shlex.split(example)
    assert program == "neuraltopic"
    command, context = ROOT, None
    while hasattr(command, "commands"):
        # `topics RUN` is `topics show RUN`.
        name = words.pop(0) if words[0] in command.commands else "show"
        command = command.commands[name]
    if words != ["--help"]:
        context = command.make_context(name, words)
        assert context.params
