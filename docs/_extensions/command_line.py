"""The directive `command-line`: the reference of the command line, generated from the commands themselves.

An option without a help text is a warning, so that a build with warnings as errors refuses it.
"""

from collections.abc import Iterator
from typing import Any

import typer
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from neuraltopic.cli import app

NAME = "neuraltopic"
_log = logging.getLogger(__name__)


def commands(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every command that does something, with the words that are typed for it."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield path, command
        return
    for name, one in inner.items():
        yield from commands(one, f"{path} {name}")


def usage(path: str, command: Any) -> str:
    """The line that shows how a command is typed."""
    arguments = [parameter for parameter in command.params if parameter.param_type_name == "argument"]
    names = [_metavar(one) if one.required else f"[{_metavar(one)}]" for one in arguments]
    return " ".join([path, *names, "[OPTIONS]"])


def _metavar(parameter: Any) -> str:
    return str(parameter.metavar or parameter.name.upper())


def _term(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return _metavar(parameter)
    names = ", ".join([*parameter.opts, *parameter.secondary_opts])
    if parameter.is_flag:
        return names
    return f"{names} {parameter.metavar or 'NUMBER'}"


def _explanation(parameter: Any, path: str) -> str:
    if not parameter.help:
        _log.warning("%s: %s has no help", path, _term(parameter))
    text = parameter.help or ""
    default = parameter.default
    shown = default is not None and not parameter.is_flag and default != () and not callable(default)
    return f"{text} Default: {default}." if shown and not parameter.required else text


def _list(parameters: list[Any], path: str) -> nodes.definition_list:
    items = []
    for parameter in parameters:
        term = nodes.term("", "", nodes.literal("", _term(parameter)))
        items.append(
            nodes.definition_list_item(
                "", term, nodes.definition("", nodes.paragraph("", _explanation(parameter, path)))
            )
        )
    return nodes.definition_list("", *items)


def section(path: str, command: Any) -> nodes.section:
    """Everything that is to be known of a command."""
    found = nodes.section("", nodes.title("", path), ids=[nodes.make_id(path)], names=[path])
    for paragraph in (command.help or "").split("\n\n"):
        found += nodes.paragraph("", " ".join(paragraph.split()))
    found += nodes.literal_block("", usage(path, command), language="console")
    for kind, heading in (("argument", "Arguments"), ("option", "Options")):
        parameters = [one for one in command.params if one.param_type_name == kind]
        if parameters:
            found += nodes.rubric("", heading)
            found += _list(parameters, path)
    return found


class CommandLine(SphinxDirective):
    """One section per command."""

    def run(self) -> list[nodes.Node]:
        """The sections of all commands."""
        root = typer.main.get_command(app)
        return [section(path, command) for path, command in commands(root, NAME)]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("command-line", CommandLine)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
