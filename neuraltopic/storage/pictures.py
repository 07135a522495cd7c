"""Pictures on disk: PNG and SVG for papers, the same bytes for the same picture."""

import io
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuraltopic.errors import UsageError, parameter
from neuraltopic.storage.atomic import atomic_write

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUFFIXES = (".png", ".svg", ".pdf")
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


def check_picture(path: Path, *, force: bool) -> None:
    """Refuse, before any work is done, a picture that may not or cannot be written.

    Raises
    ------
    UsageError
        When the suffix is no format of ours, the folder does not exist, or the file does and `force` is not given.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(
            f"output {path}",
            expected=f"a name that ends in {' or '.join(SUFFIXES)}",
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


def write_picture(figure: "Figure", path: Path) -> None:
    """Write the figure in the format of the suffix, whole or not at all."""
    from matplotlib import rc_context

    buffer = io.BytesIO()
    format = path.suffix.lower()[1:]
    # Neither a date nor a version, so that the same picture is the same file.
    metadata = _METADATA[format]
    with rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # told once, where fonts are chosen
        figure.savefig(
            buffer, format=format, dpi=_DOTS_AN_INCH, bbox_inches="tight", pad_inches=0.02, metadata=metadata
        )
    with atomic_write(path) as file:
        file.write(buffer.getvalue())
