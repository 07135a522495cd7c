"""`neuraltopic plot NAME RUN`."""

from pathlib import Path
from typing import Annotated

import typer

from neuraltopic.cli.common.help import examples
from neuraltopic.cli.common.options import Force, Quiet
from neuraltopic.report.plot_names import PLOTS, check_plot


@examples("neuraltopic plot topics run -o topics.pdf")
def plot(
    name: Annotated[str, typer.Argument(metavar="NAME", help=f"One of {', '.join(PLOTS)}.")],
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="Path to the run folder, or the output of compare or choose-k.")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Output file: .png, .svg, .pdf or .html.")
    ],
    by: Annotated[
        str | None,
        typer.Option("--by", metavar="COLUMN", help="Column of per-class or over-time. [default: label, date]"),
    ] = None,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Draw a figure of a run as PNG, SVG, PDF or HTML."""
    from neuraltopic.storage.pictures import check_picture, write_picture

    check_plot(name)
    check_picture(output, force=force)
    from neuraltopic.cli.common.resumable import noted
    from neuraltopic.progress import show_progress
    from neuraltopic.report.plots import draw

    with show_progress(quiet=quiet) as progress, noted(progress):
        write_picture(draw(name, run, by=by), output, f"{name} of {run.name or run.resolve().name}")
        progress.note(f"picture: {output}")
