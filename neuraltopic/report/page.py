"""The page: one HTML file that holds its data, its script and its style, and asks for nothing.

Its content policy allows the scripts and the style in it, by their digests, and nothing else: no request, no form, no
other script, whatever a document contains. Texts are data that the script writes as text, never as HTML.
"""

import base64
import hashlib
import html
import json
from functools import cache
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from neuraltopic.report.content import Sources, page_content
from neuraltopic.storage.atomic import atomic_write

_ASSETS = "assets"
# In the order in which they depend on one another.
_D3 = ("dispatch", "selection", "timer", "ease", "color", "interpolate", "transition", "drag", "zoom", "quadtree")
_SCRIPTS = ("data", "format", "served", "charts", "map", "detail", "list", "search", "edit", "main")
# What could end a script element or begin a comment in it, and what JavaScript once took for the end of a line.
_UNSAFE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def write_report(run: Path, output: Path, sources: Sources | None = None) -> None:
    """Write the page of a run folder, whole or not at all.

    Parameters
    ----------
    run : Path
        Run folder of documents.
    output : Path
        HTML file.
    sources : Sources, optional

    Raises
    ------
    UsageError
        When `run` is no run folder of documents, or `output` cannot be written.
    NeuralTopicError
        When the files of the run are not as they were written.
    """
    page = page_of(page_content(Path(run), sources or Sources()))
    with atomic_write(output) as file:
        file.write(page.encode("utf-8"))


def page_of(content: dict[str, Any]) -> str:
    """The page that shows this content, see `page_content`."""
    d3, script, style = _d3(), _script(), _text("report.css")
    return Template(_text("report.html")).substitute(
        policy=policy_of(content),
        title=html.escape(content["title"]) or "Topics",
        style=style,
        data=embedded_json(content),
        d3=d3,
        script=script,
    )


def policy_of(content: dict[str, Any]) -> str:
    """The content policy of the page: its own scripts and style, and where it is served requests to its server."""
    scripts = f"'{_digest(_d3())}' '{_digest(_script())}'"
    served = "connect-src 'self'; " if content.get("served") else ""
    return (
        f"default-src 'none'; script-src {scripts}; style-src '{_digest(_text('report.css'))}'; "
        f"img-src data:; {served}base-uri 'none'; form-action 'none'"
    )


def embedded_json(value: object) -> str:
    """JSON that may stand in a script element whatever its texts hold."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character, escape in _UNSAFE.items():
        text = text.replace(character, escape)
    # Half a surrogate pair, which a name of a file may hold, becomes its escape.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}"


def _text(*path: str) -> str:
    return files("neuraltopic.report").joinpath(_ASSETS, *path).read_text(encoding="utf-8")


@cache
def _d3() -> str:
    return "\n".join(_text("d3", f"d3-{module}.min.js") for module in _D3)


@cache
def _script() -> str:
    return "\n".join(['(() => {\n"use strict";', *(_text(f"{name}.js") for name in _SCRIPTS), "})();"])
