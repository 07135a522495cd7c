"""`neuraltopic images manifold`, `reconstruct` and `sample`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from neuraltopic.cli.common.help import examples
from neuraltopic.cli.common.options import Device, Force, Quiet
from neuraltopic.cli.images.data import (
    DataPath,
    ImageRunFolder,
    Part,
    Seed,
    pixels_for,
    read_part,
    require_rectangles,
)
from neuraltopic.errors import UsageError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Picture = Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Output picture, .png or .svg.")]


@examples("neuraltopic images manifold digits -o manifold.png")
def manifold(
    run: ImageRunFolder,
    output: Picture = Path("manifold.png"),
    side: Annotated[int, typer.Option("--side", min=2, max=60, help="Images per side of the grid.")] = 21,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Draw the manifold of a two-dimensional model.

    The codes after several epochs, coloured by label, and images decoded on a grid of quantiles of the prior.
    """
    from neuraltopic.runs.images import codes_by_epoch, is_planar, open_image_run
    from neuraltopic.storage.pictures import check_picture

    check_picture(output, force=force)
    model = open_image_run(run, device="cpu")
    if not is_planar(model):
        raise UsageError(
            str(run),
            expected="a model of two latent dimensions, which a picture has",
            got="two stochastic layers" if model.n_above else f"{model.n_components}",
            hint="Fit one with --latent 2",
        )
    codes, labels = codes_by_epoch(run)
    from neuraltopic.images.manifold import draw_manifold, quantile_grid

    grid = model.inverse_transform(quantile_grid(side))
    require_rectangles(model, run)
    _write(draw_manifold(codes, labels, grid), output, quiet=quiet)


@examples("neuraltopic images reconstruct digits mnist.npz -o images.png")
def reconstruct(
    run: ImageRunFolder,
    data: DataPath,
    output: Picture = Path("reconstructions.png"),
    part: Part = "test",
    number: Annotated[
        int, typer.Option("--number", "-n", min=1, max=10_000, help="Number of images, from the first.")
    ] = 40,
    force: Force = False,
    device: Device = "auto",
    quiet: Quiet = False,
) -> None:
    """Draw images and their reconstructions.

    A reconstruction is the mean of p(x | z) at the mean of q(z | x).
    """
    from neuraltopic.progress import show_progress
    from neuraltopic.runs.images import open_image_run
    from neuraltopic.storage.pictures import check_picture

    check_picture(output, force=force)
    model = open_image_run(run, device=device)
    require_rectangles(model, run)
    with show_progress(quiet=quiet) as progress:
        pixels = pixels_for(read_part(data, part, progress), model)[:number]
    from neuraltopic.images.tiles import draw_reconstructions

    shown = pixels.astype("float32") / (255.0 if pixels.dtype == "uint8" else 1.0)
    _write(draw_reconstructions(shown, model.inverse_transform(model.transform(pixels))), output, quiet=quiet)


@examples("neuraltopic images sample digits -o samples.png")
def sample(
    run: ImageRunFolder,
    output: Picture = Path("samples.png"),
    number: Annotated[int, typer.Option("--number", "-n", min=1, max=10_000, help="Number of images.")] = 100,
    seed: Seed = 0,
    force: Force = False,
    device: Device = "auto",
    quiet: Quiet = False,
) -> None:
    """Draw samples of the model.

    Each is the mean of p(x | z) at a z from the prior.
    """
    from neuraltopic.runs.images import open_image_run
    from neuraltopic.storage.pictures import check_picture

    check_picture(output, force=force)
    model = open_image_run(run, device=device)
    require_rectangles(model, run)
    from neuraltopic.images.tiles import draw_samples

    _write(draw_samples(model.sample(number, random_state=seed)), output, quiet=quiet)


def _write(figure: "Figure", output: Path, *, quiet: bool) -> None:
    """Write a picture and say so."""
    from neuraltopic.storage.pictures import write_picture

    write_picture(figure, output)
    if not quiet:
        print(f"picture: {output}", file=sys.stderr)
