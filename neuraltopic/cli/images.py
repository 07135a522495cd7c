"""`neuraltopic images ...`."""

import math
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from neuraltopic.cli.options import AsJson, Device, Force, Quiet
from neuraltopic.cli.printing import counted, print_facts, print_json, readable_bytes, readable_seconds
from neuraltopic.cli.resumable import check_run_output, interruptible_fit
from neuraltopic.errors import NeuralTopicError, UsageError

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from neuraltopic.estimators.image_vae import ImageVAE
    from neuraltopic.images.collection import Images
    from neuraltopic.progress import Progress, QuietProgress
    from neuraltopic.runs.folder import Run

DataPath = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help="An .npz such as MNIST's or an .npy of arrays, an IDX file, or a folder of IDX or PNG files.",
    ),
]
ImageRunFolder = Annotated[
    Path, typer.Argument(metavar="RUN", help="Run folder that images fit wrote, or its model folder.")
]
Part = Annotated[str, typer.Option("--part", metavar="NAME", help="train or test, where the data have both.")]
Seed = Annotated[int, typer.Option("--seed", min=0, max=2**32 - 1, help="Same seed, same result.")]

images = typer.Typer(rich_markup_mode=None, help="Models of images: fit, evaluate, draw.")


@images.command()
def fit(
    data: DataPath,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Run folder to write.")] = Path(
        "run"
    ),
    latent: Annotated[
        str,
        typer.Option(
            "--latent", "-k", metavar="SIZES", help="Dimensions of z; 100,50 are two stochastic layers, from below."
        ),
    ] = "50",
    family: Annotated[
        str,
        typer.Option("--model", metavar="NAME", help="vae, or rbm: a restricted Boltzmann machine of K binary units."),
    ] = "vae",
    hidden: Annotated[
        str, typer.Option("--hidden", metavar="SIZES", help="Widths of the encoder's layers; the decoder mirrors them.")
    ] = "200,200",
    objective: Annotated[
        str, typer.Option("--objective", metavar="NAME", help="elbo, iwae, or dreg: iwae with a quieter gradient.")
    ] = "elbo",
    samples: Annotated[int, typer.Option("--samples", help="Samples of z a training image, k.")] = 1,
    likelihood: Annotated[
        str, typer.Option("--likelihood", metavar="NAME", help="bernoulli, or gaussian for grey levels.")
    ] = "bernoulli",
    binarisation: Annotated[
        str | None,
        typer.Option(
            "--binarisation",
            metavar="NAME",
            help="dynamic: anew each epoch; fixed: once; none: grey levels. dynamic by default, none for gaussian.",
        ),
    ] = None,
    schedule: Annotated[
        str, typer.Option("--schedule", metavar="NAME", help="cycle, or burda: the 3,280 epochs of the IWAE paper.")
    ] = "cycle",
    epochs: Annotated[int | None, typer.Option("--epochs", help="Most passes over the images; 100 by default.")] = None,
    batch_size: Annotated[int | None, typer.Option("--batch-size", help="Images a step; 100 by default.")] = None,
    learning_rate: Annotated[float | None, typer.Option("--learning-rate", help="Peak of the schedule.")] = None,
    held_out: Annotated[
        float, typer.Option("--held-out", metavar="SHARE", help="Share of the images held out for early stopping.")
    ] = 0.05,
    epochs_kept: Annotated[
        str | None,
        typer.Option(
            "--epochs-kept",
            metavar="EPOCHS",
            help="Keep the codes of some images after these epochs; 1,10,100 ... where z has two dimensions.",
        ),
    ] = None,
    seed: Seed = 0,
    device: Device = "auto",
    force: Force = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a fit that was stopped.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be read, and the time and memory expected.")
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Learn a model of images; write a run folder."""
    from neuraltopic.storage.outputs import IMAGE_RUN

    check_run_output(
        output,
        IMAGE_RUN,
        source=data,
        see="neuraltopic inspect",
        force=force,
        resume=resume,
        dry_run=dry_run,
        quiet=quiet,
    )
    sizes = _whole_numbers("--latent", latent)
    if len(sizes) > 2:
        raise UsageError(
            "--latent", expected="one stochastic layer or two", got=f"{len(sizes)}", hint="Try --latent 100,50"
        )
    kept = None if epochs_kept is None else _whole_numbers("--epochs-kept", epochs_kept)
    widths = _whole_numbers("--hidden", hidden)
    from neuraltopic.estimators.image_vae import ImageVAE

    model = ImageVAE(
        sizes[0],
        model=family,
        n_above=sizes[1] if len(sizes) > 1 else None,
        hidden=widths,
        objective=objective,
        n_samples=samples,
        likelihood=likelihood,
        binarisation=binarisation,
        schedule=schedule,
        max_epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        validation_fraction=held_out,
        device=device,
        random_state=seed,
    )
    model.check_parameters()
    if dry_run:
        _forecast(model, data, as_json=as_json, quiet=quiet)
        return
    from neuraltopic.progress import show_progress
    from neuraltopic.runs.images import fit_image_run

    with show_progress(quiet=quiet) as progress:
        with interruptible_fit(output, progress, ready="reading") as watched:
            run = fit_image_run(
                model,
                _read(data, "train", progress, watched),
                output,
                epochs_kept=kept,
                force=force,
                resume=resume,
                command=["neuraltopic", *sys.argv[1:]],
                progress=watched,
            )
        progress.note(f"run: {run.folder}")
    if as_json:
        print_json({"run": str(run.folder), "facts": run.facts})
    else:
        print_facts(_facts(run))


@images.command()
def evaluate(
    run: ImageRunFolder,
    data: DataPath,
    part: Part = "test",
    samples: Annotated[int, typer.Option("--samples", help="Samples of the bound on log p(x), k.")] = 5000,
    seed: Seed = 0,
    device: Device = "auto",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Bound the log-likelihood of other images.

    Beside it the evidence lower bound, its KL, and how many dimensions of z are in use.
    """
    from neuraltopic.evaluate.images import evaluate_images
    from neuraltopic.progress import show_progress
    from neuraltopic.runs.images import open_image_run

    model = open_image_run(run, device=device)
    with show_progress(quiet=quiet) as progress:
        read = _read(data, part, progress)
        result = evaluate_images(model, _fitting(read, model), n_samples=samples, random_state=seed, progress=progress)
    if as_json:
        print_json({"run": str(run), "data": read.name, "part": read.part, "seed": seed, **result.to_dict()})
        return
    machine = model.model == "rbm"
    by = "annealed importance sampling" if machine else f"bound of {counted(result.n_samples, 'sample')}"
    error = "" if result.nll_standard_error is None else f" \N{PLUS-MINUS SIGN} {result.nll_standard_error:.2f}"
    of = f" ({read.part})" if read.part else ""
    print_facts(
        [
            ("images", f"{result.n_images:,} of {read.name}{of}"),
            ("NLL", f"{result.nll:,.2f}{error} nats an image ({by})"),
            ("ELBO", f"{result.elbo:,.2f} nats"),
            ("KL", f"{result.kl:,.2f} nats"),
            ("active", f"{result.active_units} of {counted(result.n_components, 'dimension')}"),
        ]
    )


@images.command()
def manifold(
    run: ImageRunFolder,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Picture to write, .png or .svg.")
    ] = Path("manifold.png"),
    side: Annotated[int, typer.Option("--side", min=2, max=60, help="Images along a side of the grid.")] = 21,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Draw the plane of a two-dimensional model.

    The codes as training went on, coloured by label, and images decoded on a grid of quantiles of the prior.
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
    _require_rectangles(model, run)
    _write(draw_manifold(codes, labels, grid), output, quiet=quiet)


@images.command()
def reconstruct(
    run: ImageRunFolder,
    data: DataPath,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Picture to write, .png or .svg.")
    ] = Path("reconstructions.png"),
    part: Part = "test",
    number: Annotated[int, typer.Option("--number", "-n", min=1, max=10_000, help="Images, from the first.")] = 40,
    force: Force = False,
    device: Device = "auto",
    quiet: Quiet = False,
) -> None:
    """Draw images above their reconstructions.

    A reconstruction is the mean of p(x | z) at the mean of q(z | x).
    """
    from neuraltopic.progress import show_progress
    from neuraltopic.runs.images import open_image_run
    from neuraltopic.storage.pictures import check_picture

    check_picture(output, force=force)
    model = open_image_run(run, device=device)
    _require_rectangles(model, run)
    with show_progress(quiet=quiet) as progress:
        read = _read(data, part, progress)
    pixels = _fitting(read, model)[:number]
    from neuraltopic.images.tiles import draw_reconstructions

    shown = pixels.astype("float32") / (255.0 if pixels.dtype == "uint8" else 1.0)
    _write(draw_reconstructions(shown, model.inverse_transform(model.transform(pixels))), output, quiet=quiet)


@images.command()
def sample(
    run: ImageRunFolder,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Picture to write, .png or .svg.")
    ] = Path("samples.png"),
    number: Annotated[int, typer.Option("--number", "-n", min=1, max=10_000, help="Images to draw.")] = 100,
    seed: Seed = 0,
    force: Force = False,
    device: Device = "auto",
    quiet: Quiet = False,
) -> None:
    """Draw images of the model's own.

    Each is the mean of p(x | z) at a z from the prior.
    """
    from neuraltopic.runs.images import open_image_run
    from neuraltopic.storage.pictures import check_picture

    check_picture(output, force=force)
    model = open_image_run(run, device=device)
    _require_rectangles(model, run)
    from neuraltopic.images.tiles import draw_samples

    _write(draw_samples(model.sample(number, random_state=seed)), output, quiet=quiet)


def _read(data: str, part: str, progress: "QuietProgress", watched: "Progress | None" = None) -> "Images":
    from neuraltopic.images.readers import read_images

    read = read_images(data, part=part, progress=watched or progress)
    if read.left_out:
        progress.note(f"left out: {counted(read.left_out, 'file')} in {data}, no PNG")
    return read


def _fitting(read: "Images", model: "ImageVAE") -> "NDArray[np.uint8] | NDArray[np.float32]":
    """The pixels, which must be as many as the model has."""
    shape = read.pixels.shape[1:]
    if shape != model.image_shape_ and (math.prod(shape),) != model.image_shape_:
        raise NeuralTopicError(
            read.name,
            expected=f"images of {_by(model.image_shape_)} pixels, as the model was fitted on",
            got=_by(shape),
            hint="Scale or crop them as those were",
        )
    return read.pixels


def _require_rectangles(model: "ImageVAE", run: Path) -> None:
    if len(model.image_shape_) != 2:
        raise NeuralTopicError(
            str(run),
            expected="a model of images with rows and columns",
            got=f"one of {_by(model.image_shape_)} numbers",
            hint="Fit it to an array of shape (images, rows, columns)",
        )


def _by(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def _write(figure: "Figure", output: Path, *, quiet: bool) -> None:
    from neuraltopic.storage.pictures import write_picture

    write_picture(figure, output)
    if not quiet:
        print(f"picture: {output}", file=sys.stderr)


def _whole_numbers(option: str, text: str) -> tuple[int, ...]:
    if not re.fullmatch(r"\d{1,9}(,\d{1,9})*", text):
        raise UsageError(
            option, expected="whole numbers with commas between", got=repr(text), hint=f"Try {option} 200,200"
        )
    return tuple(map(int, text.split(",")))


def _facts(run: "Run[ImageVAE]") -> list[tuple[str, str]]:
    """What was fitted to what, and how well it went."""
    facts, model = run.facts, run.model
    data, best = facts["data"], facts["best"]
    z = f"{model.n_components} + {model.n_above}" if model.n_above else f"{model.n_components}"
    of = f" ({data['part']})" if data["part"] else ""
    bound = "held_out_bound" if "held_out_bound" in best else "train_bound"
    rows = "held-out" if bound == "held_out_bound" else "training"
    machine = model.model == "rbm"
    layers = f"{model.likelihood}, z of {z}, layers of {', '.join(map(str, model.hidden))}"
    samples = f"{model.objective} with {counted(model.n_samples, 'sample')}"
    value = "annealed importance sampling" if machine else "bound"
    return [
        ("data", f"{data['images']:,} images of {_by(data['shape'])} pixels from {data['name']}{of}"),
        ("model", f"restricted Boltzmann machine of {counted(model.n_components, 'unit')}" if machine else layers),
        (
            "training",
            f"{'persistent contrastive divergence' if machine else samples}, {counted(facts['epochs'], 'epoch')}",
        ),
        ("best", f"epoch {best['epoch']}, {best[bound]:,.2f} nats a {rows} image ({value})"),
    ]


def _forecast(model: "ImageVAE", data: str, *, as_json: bool, quiet: bool) -> None:
    from neuraltopic.progress import show_progress
    from neuraltopic.runs.image_forecast import estimate_image_fit

    with show_progress(quiet=quiet or as_json) as progress:
        read = _read(data, "train", progress)
    forecast = estimate_image_fit(read, model)
    if as_json:
        print_json({"data": read.name, "kind": read.kind, "part": read.part, **forecast.to_dict()})
        return
    labels = f", {counted(len(set(read.labels)), 'label')}" if read.labels else ""
    shape = _by(read.pixels.shape[1:])
    print_facts(
        [
            ("data", f"{read.name}, {read.kind}, {counted(len(read), 'image')} of {shape} pixels{labels}"),
            ("model", f"{counted(forecast.n_weights, 'weight')}, {counted(forecast.n_epochs, 'epoch')} at most"),
            ("time", f"about {readable_seconds(forecast.seconds)} on this machine"),
            ("memory", f"about {readable_bytes(forecast.memory_bytes)}"),
        ]
    )
