"""The report page: one HTML file with its data, scripts and style, which requests nothing.

The content policy allows the scripts and the style of the page, by their digests, and nothing else: no request, no
form, no other script. Texts are data that the script writes as text, never as HTML.
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
# Characters that could end a script element or start a comment, and line ends of older JavaScript.
_UNSAFE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def write_report(run: Path, output: Path, sources: Sources | None = None) -> None:
    """Write the page of a run folder atomically.

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
        If `run` is not a run folder of documents, or `output` cannot be written.
    NeuralTopicError
        If files of the run are damaged.
    """
    page = page_of(page_content(Path(run), sources or Sources()))
    with atomic_write(output) as file:
        file.write(page.encode("utf-8"))


def page_of(content: dict[str, Any]) -> str:
    """HTML of the page with this content, see `page_content`."""
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
    """Content policy of the page: its own scripts and style; if served, also requests to its server."""
    scripts = f"'{_digest(_d3())}' '{_digest(_script())}'"
    served = "connect-src 'self'; " if content.get("served") else ""
    return (
        f"default-src 'none'; script-src {scripts}; style-src '{_digest(_text('report.css'))}'; "
        f"img-src data:; {served}base-uri 'none'; form-action 'none'"
    )


def embedded_json(value: object) -> str:
    """JSON that is safe inside a script element."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character, escape in _UNSAFE.items():
        text = text.replace(character, escape)
    # Lone surrogates, which file names can contain, are escaped.
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
