"""Pictures on disk: PNG, SVG and PDF for papers, HTML for the browser; the same bytes for the same picture."""

import html
import io
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuraltopic.errors import UsageError, parameter
from neuraltopic.storage.atomic import atomic_write

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUFFIXES = (".png", ".svg", ".pdf")  # of pictures for papers
_ACCEPTED = (*SUFFIXES, ".html")
# Settings for drawing and writing: letters as outlines, which look the same everywhere.
STYLE: Any = {
    "font.family": "sans-serif",
    "font.size": 8,
    "axes.titlesize": 8,
    "svg.fonttype": "path",
    "svg.hashsalt": "neuraltopic",
    "pdf.fonttype": 42,
}
_DOTS_AN_INCH = 300
_METADATA: dict[str, Any] = {
    "png": {"Software": None},
    "svg": {"Date": None},
    "pdf": {"Creator": None, "Producer": None, "CreationDate": None},
}
# One file that runs nothing and requests nothing. The SVG within has style attributes and, of many dots, an image.
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ margin: 1rem; background: #fff; color: #1b1f24; font: 15px/1.45 system-ui, sans-serif; }}
h1 {{ font-size: 1.1rem; margin: 0 0 .6rem; }}
svg {{ display: block; width: 100%; max-width: 72rem; height: auto; }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
<div role="img" aria-label="{title}">
{svg}</div>
</main>
</body>
</html>
"""


def check_picture(path: Path, *, force: bool) -> None:
    """Refuse, before any work is done, a picture that may not or cannot be written.

    Raises
    ------
    UsageError
        When the suffix is no format of ours, the folder does not exist, or the file does and `force` is not given.
    """
    if path.suffix.lower() not in _ACCEPTED:
        raise UsageError(
            f"output {path}",
            expected=f"a name that ends in {' or '.join(_ACCEPTED)}",
            got=repr(path.suffix) if path.suffix else "no suffix",
            hint=f"Try {path.with_suffix('.png').name}",
        )
    if not path.absolute().parent.is_dir():
        raise UsageError(
            f"output {path}",
            expected="a path in a folder that exists",
            got=f"no folder {path.parent}",
            hint="Create the folder or choose another path",
        )
    if os.path.lexists(path) and not (force and path.is_file()):
        raise UsageError(
            f"output {path}",
            expected="a path that does not exist yet",
            got="a file" if path.is_file() else "something that is no file",
            hint=f"Choose another path, or replace the file with {parameter('force', True)}",
        )


def write_picture(figure: "Figure", path: Path, title: str | None = None) -> None:
    """Write the figure in the format of the suffix, whole or not at all.

    Parameters
    ----------
    figure : Figure
    path : Path
    title : str, optional
        Heading and text alternative of an HTML file. By default the name of the file without its suffix.
    """
    suffix = path.suffix.lower()
    if suffix == ".html":
        svg = _rendered(figure, "svg").decode("utf-8")
        page = _PAGE.format(title=html.escape(title or path.stem), svg=svg[svg.index("<svg") :])
        content = page.encode("utf-8", "replace")
    else:
        content = _rendered(figure, suffix[1:])
    with atomic_write(path) as file:
        file.write(content)


def _rendered(figure: "Figure", format: str) -> bytes:
    from matplotlib import rc_context

    buffer = io.BytesIO()
    # Neither a date nor a version, so that the same picture is the same file.
    metadata = _METADATA[format]
    with rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # told once, where fonts are chosen
        figure.savefig(
            buffer, format=format, dpi=_DOTS_AN_INCH, bbox_inches="tight", pad_inches=0.02, metadata=metadata
        )
    return buffer.getvalue()
