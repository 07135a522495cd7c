"""`neuraltopic images ...`."""

import math
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from neuraltopic.cli.common.help import Command, examples
from neuraltopic.cli.common.option_groups import RunOptions, image_run_options, takes
from neuraltopic.cli.common.options import AsJson, Device, Force, LearningRate, Quiet, RunOutput
from neuraltopic.cli.common.printing import cost_lines, counted, print_facts, print_json
from neuraltopic.cli.common.resumable import interruptible_fit, note_output
from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.storage.outputs import IMAGE_RUN

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from neuraltopic.estimators.image_vae import ImageVAE
    from neuraltopic.evaluate.label_coverage import LabelCoverage
    from neuraltopic.images.collection import Images
    from neuraltopic.progress import Progress, QuietProgress
    from neuraltopic.runs.folder import Run

DataPath = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help="Images: .npz (as MNIST's), .npy, IDX file, or folder of IDX or PNG files.",
    ),
]
ImageRunFolder = Annotated[
    Path, typer.Argument(metavar="RUN", help="Path to the run folder of images fit, or its model folder.")
]
Part = Annotated[str, typer.Option("--part", metavar="NAME", help="Part of the data: train or test.")]
Seed = Annotated[int, typer.Option("--seed", min=0, max=2**32 - 1, help="Random seed.")]

images = typer.Typer(name="images", rich_markup_mode=None, help="Fit, evaluate and draw models of images.")


Latent = Annotated[
    str,
    typer.Option("--latent", "-k", metavar="SIZES", help="Latent dimensions; 100,50 for two stochastic layers."),
]
ImagesModel = Annotated[
    str,
    typer.Option("--model", metavar="NAME", help="vae, rbm (Boltzmann machine) or gan (adversarial network)."),
]
Hidden = Annotated[
    str,
    typer.Option("--hidden", metavar="SIZES", help="Hidden layer widths of the encoder; mirrored in the decoder."),
]
ImagesObjective = Annotated[
    str,
    typer.Option("--objective", metavar="NAME", help="elbo, iwae, or dreg (iwae with a lower-variance gradient)."),
]
Samples = Annotated[int, typer.Option("--samples", help="Importance samples per image in training.")]
ImagesLikelihood = Annotated[
    str, typer.Option("--likelihood", metavar="NAME", help="Likelihood of pixels: bernoulli or gaussian.")
]
Binarisation = Annotated[
    str | None,
    typer.Option(
        "--binarisation",
        metavar="NAME",
        help="dynamic (each epoch), fixed (once) or none. [default: dynamic; none for gaussian]",
    ),
]
ImagesSchedule = Annotated[
    str,
    typer.Option("--schedule", metavar="NAME", help="Schedule: cycle, or burda (the IWAE paper, 3,280 epochs)."),
]
Epochs = Annotated[int | None, typer.Option("--epochs", help="Maximum number of epochs. [default: 100]")]
BatchSize = Annotated[int | None, typer.Option("--batch-size", help="Mini-batch size. [default: 100]")]
HeldOut = Annotated[
    float, typer.Option("--held-out", metavar="SHARE", help="Fraction of images held out for early stopping.")
]
EpochsKept = Annotated[
    str | None,
    typer.Option(
        "--epochs-kept",
        metavar="EPOCHS",
        help="Epochs after which to keep codes. [default: 1,10,100 ... if two-dimensional]",
    ),
]


@images.command(cls=Command)
@takes(options=image_run_options)
@examples("neuraltopic images fit mnist.npz --latent 2 -o digits")
def fit(
    data: DataPath,
    output: RunOutput = Path("run"),
    latent: Latent = "50",
    family: ImagesModel = "vae",
    hidden: Hidden = "200,200",
    objective: ImagesObjective = "elbo",
    samples: Samples = 1,
    likelihood: ImagesLikelihood = "bernoulli",
    binarisation: Binarisation = None,
    schedule: ImagesSchedule = "cycle",
    epochs: Epochs = None,
    batch_size: BatchSize = None,
    learning_rate: LearningRate = None,
    held_out: HeldOut = 0.05,
    epochs_kept: EpochsKept = None,
    seed: Seed = 0,
    device: Device = "auto",
    *,
    options: RunOptions,
) -> None:
    """Fit a model of images and write a run folder.

    The default is a variational autoencoder.
    """
    n_components, n_above = _latent_sizes(latent)
    kept = None if epochs_kept is None else _whole_numbers("--epochs-kept", epochs_kept)
    widths = _whole_numbers("--hidden", hidden)
    from neuraltopic.estimators.image_vae import ImageVAE

    model = ImageVAE(
        n_components,
        model=family,
        n_above=n_above,
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
    if options.dry_run:
        note_output(output, IMAGE_RUN, source=data, force=options.force, quiet=options.quiet)
        _forecast(model, data, as_json=options.as_json, quiet=options.quiet)
    else:
        _fit(model, data, output, kept, options)


def _fit(
    model: "ImageVAE",
    data: str,
    output: Path,
    epochs_kept: tuple[int, ...] | None,
    options: RunOptions,
) -> None:
    from neuraltopic.progress import show_progress
    from neuraltopic.runs.images import fit_image_run

    with show_progress(quiet=options.quiet) as progress:
        with interruptible_fit(output, progress, ready="reading") as watched:
            run = fit_image_run(
                model,
                _read(data, "train", progress, watched),
                output,
                epochs_kept=epochs_kept,
                progress=watched,
                **options.arguments(),
            )
        progress.note(f"run: {run.folder}")
    if options.as_json:
        print_json({"run": str(run.folder), "facts": run.facts})
    else:
        print_facts(_facts(run))


@images.command(cls=Command)
@examples("neuraltopic images evaluate digits mnist.npz")
def evaluate(
    run: ImageRunFolder,
    data: DataPath,
    part: Part = "test",
    samples: Annotated[int, typer.Option("--samples", help="Importance samples of the log-likelihood bound.")] = 5000,
    seed: Seed = 0,
    device: Device = "auto",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Evaluate the log-likelihood of test images.

    Prints the importance-weighted bound, the ELBO, its KL and the number of active units; where the data have labels
    and a part to train on, also which labels 10,000 samples have, by a classifier trained on that part.
    """
    from neuraltopic.evaluate.images import evaluate_images
    from neuraltopic.progress import show_progress
    from neuraltopic.runs.images import open_image_run

    model = open_image_run(run, device=device)
    with show_progress(quiet=quiet) as progress:
        read = _read(data, part, progress)
        result = evaluate_images(model, _fitting(read, model), n_samples=samples, random_state=seed, progress=progress)
        coverage = _coverage(model, data, read, seed)
    if as_json:
        figures = result.to_dict() | {"coverage": coverage and coverage.to_dict()}
        print_json({"run": str(run), "data": read.name, "part": read.part, "seed": seed, **figures})
        return
    machine = model.model == "rbm"
    by = "annealed importance sampling" if machine else f"bound of {counted(result.n_samples, 'sample')}"
    error = "" if result.nll_standard_error is None else f" \N{PLUS-MINUS SIGN} {result.nll_standard_error:.2f}"
    of = f" ({read.part})" if read.part else ""
    print_facts(
        [
            ("images", f"{result.n_images:,} of {read.name}{of}"),
            ("NLL", f"{result.nll:,.2f}{error} nats per image ({by})"),
            ("ELBO", f"{result.elbo:,.2f} nats"),
            ("KL", f"{result.kl:,.2f} nats"),
            ("active", f"{result.active_units} of {counted(result.n_components, 'dimension')}"),
            *_coverage_facts(coverage),
        ]
    )


def _coverage(model: "ImageVAE", data: str, test: "Images", seed: int) -> "LabelCoverage | None":
    """Labels of samples, where there are labelled images to train a classifier on and others to test it on."""
    from neuraltopic.evaluate.label_coverage import label_coverage
    from neuraltopic.images.readers import read_images

    if test.part != "test" or not test.labels:
        return None
    try:
        train = read_images(data, part="train")
    except UsageError:  # there is no such part
        return None
    if not train.labels or len(set(train.labels)) < 2 or train.pixels.shape[1:] != test.pixels.shape[1:]:
        return None
    return label_coverage(model, (train.pixels, train.labels), (test.pixels, test.labels), random_state=seed)


def _coverage_facts(coverage: "LabelCoverage | None") -> list[tuple[str, str]]:
    if coverage is None:
        return []
    return [
        (
            "labels",
            f"{coverage.n_covered} of {len(coverage.labels)} drawn, KL to the training shares {coverage.kl:.3f} nats",
        ),
        (
            "samples",
            f"classified with probability {coverage.confidence:.2f}, test images {coverage.test_confidence:.2f} "
            f"(accuracy {coverage.accuracy:.3f})",
        ),
    ]


@images.command(cls=Command)
@examples("neuraltopic images manifold digits -o manifold.png")
def manifold(
    run: ImageRunFolder,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Output picture, .png or .svg.")
    ] = Path("manifold.png"),
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
    _require_rectangles(model, run)
    _write(draw_manifold(codes, labels, grid), output, quiet=quiet)


@images.command(cls=Command)
@examples("neuraltopic images reconstruct digits mnist.npz -o images.png")
def reconstruct(
    run: ImageRunFolder,
    data: DataPath,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Output picture, .png or .svg.")
    ] = Path("reconstructions.png"),
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
    _require_rectangles(model, run)
    with show_progress(quiet=quiet) as progress:
        read = _read(data, part, progress)
    pixels = _fitting(read, model)[:number]
    from neuraltopic.images.tiles import draw_reconstructions

    shown = pixels.astype("float32") / (255.0 if pixels.dtype == "uint8" else 1.0)
    _write(draw_reconstructions(shown, model.inverse_transform(model.transform(pixels))), output, quiet=quiet)


@images.command(cls=Command)
@examples("neuraltopic images sample digits -o samples.png")
def sample(
    run: ImageRunFolder,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Output picture, .png or .svg.")
    ] = Path("samples.png"),
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


def _latent_sizes(text: str) -> tuple[int, int | None]:
    """Dimensions of z, and of a second stochastic layer above it."""
    sizes = _whole_numbers("--latent", text)
    if len(sizes) > 2:
        raise UsageError(
            "--latent", expected="one stochastic layer or two", got=f"{len(sizes)}", hint="Try --latent 100,50"
        )
    return sizes[0], sizes[1] if len(sizes) > 1 else None


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
    widths = f"z of {z}, layers of {', '.join(map(str, model.hidden))}"
    described, trained, value = {
        "vae": (
            f"{model.likelihood}, {widths}",
            f"{model.objective} with {counted(model.n_samples, 'sample')}",
            "bound",
        ),
        "rbm": (
            f"restricted Boltzmann machine of {counted(model.n_components, 'unit')}",
            "persistent contrastive divergence",
            "annealed importance sampling",
        ),
        "gan": (
            f"generative adversarial network, {widths}",
            "non-saturating loss with gradient penalty",
            "bound that it does not raise",
        ),
    }[model.model]
    return [
        ("data", f"{data['images']:,} images of {_by(data['shape'])} pixels from {data['name']}{of}"),
        ("model", described),
        ("training", f"{trained}, {counted(facts['epochs'], 'epoch')}"),
        (
            "kept" if model.model == "gan" else "best",
            f"epoch {best['epoch']}, {best[bound]:,.2f} nats per {rows} image ({value})",
        ),
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
            ("model", f"{counted(forecast.n_weights, 'weight')}, {counted(int(forecast.n_epochs), 'epoch')} at most"),
            *cost_lines(forecast),
        ]
    )
