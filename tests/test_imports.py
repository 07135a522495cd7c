"""Imports point one way: also those inside functions and those under TYPE_CHECKING."""

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# From the lowest to the highest. A module may import from lower layers and from its own room; rooms that share a
# layer do not import from one another.
LAYERS = (
    ("errors", "progress", "version"),
    ("core",),
    ("cluster", "storage"),
    ("reading",),
    ("corpora", "preprocessing"),
    ("topics",),
    ("images", "models", "pictures"),
    ("estimators",),
    ("runs",),
    ("evaluate",),
    ("compare", "search"),
    ("report",),
    ("cli",),
    ("__main__",),
)
LAYER_OF = {room: layer for layer, rooms in enumerate(LAYERS) for room in rooms}
TOP = "neuraltopic"


@cache
def modules() -> dict[str, ast.Module]:
    """The syntax tree of every module that is installed."""
    files = {file: (TOP, *file.relative_to(ROOT / TOP).with_suffix("").parts) for file in (ROOT / TOP).rglob("*.py")}
    corpora = ROOT / "corpora"
    files |= {file: (TOP, "corpora", file.stem) for file in corpora.glob("*.py")}
    return {
        ".".join(part for part in parts if part != "__init__"): ast.parse(file.read_text(encoding="utf-8"), file)
        for file, parts in files.items()
    }


def imported(tree: ast.AST, known: set[str]) -> Iterator[tuple[int, str]]:
    """Line and name of every module of ours that is imported anywhere in a tree."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == TOP:
                    yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a relative import"
            if node.module and node.module.split(".")[0] == TOP:
                for alias in node.names:
                    name = f"{node.module}.{alias.name}"
                    yield node.lineno, name if name in known else node.module


def violations(name: str, tree: ast.AST, known: set[str]) -> list[str]:
    """The imports of a module that its room may not have."""
    room = name.split(".")[1]
    found = []
    for line, other in imported(tree, known):
        if other == TOP:
            found.append(f"{name}, line {line}: imports the package as a whole")
            continue
        other_room = other.split(".")[1]
        if other_room != room and LAYER_OF[other_room] >= LAYER_OF[room]:
            found.append(f"{name}, line {line}: imports {other}")
    return found


def test_every_module_is_in_a_room():
    rooms = {name.split(".")[1] for name in modules() if name != TOP}
    assert rooms == set(LAYER_OF)


def test_imports_point_from_higher_layers_to_lower_ones():
    known = modules()
    found = [line for name, tree in known.items() if name != TOP for line in violations(name, tree, set(known))]
    assert not found, "\n".join(found)


def test_no_circle():
    known = modules()
    graph = {name: {other for _, other in imported(tree, set(known))} for name, tree in known.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


@pytest.mark.parametrize(
    "text",
    [
        "from neuraltopic.runs.folder import new_run",
        "import neuraltopic.cli",
        "from neuraltopic import estimators",
        "def f():\n    from neuraltopic.estimators.topic_model import TopicModel",
        "if TYPE_CHECKING:\n    from neuraltopic.compare import data",
        "import neuraltopic",
        "from neuraltopic.images.batches import ImageBatches",
    ],
)
def test_what_the_contract_refuses(text):
    known = set(modules())
    assert violations("neuraltopic.models.recipes", ast.parse(text), known)


@pytest.mark.parametrize(
    "text",
    [
        "from neuraltopic.models.decoders.mixture import MixtureSoftmax",
        "from neuraltopic.core import networks",
        "from neuraltopic.topics.words.ranking import top_words",
        "import numpy as np",
    ],
)
def test_what_the_contract_allows(text):
    assert not violations("neuraltopic.models.recipes", ast.parse(text), set(modules()))
