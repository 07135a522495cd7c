"""`neuraltopic images fit DATA`."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from neuraltopic.cli.common.help import examples
from neuraltopic.cli.common.option_groups import RunOptions, image_run_options, takes
from neuraltopic.cli.common.options import Device, LearningRate, RunOutput
from neuraltopic.cli.common.printing import cost_lines, counted, print_facts, print_json
from neuraltopic.cli.common.resumable import interruptible_fit, note_output, noted
from neuraltopic.cli.images.data import DataPath, Seed, dimensions, read_part
from neuraltopic.errors import UsageError
from neuraltopic.storage.outputs import IMAGE_RUN

if TYPE_CHECKING:
    from neuraltopic.estimators.image_vae import ImageVAE
    from neuraltopic.runs.folder import Run


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
    held_out_share: HeldOut = 0.05,
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
        validation_fraction=held_out_share,
        device=device,
        random_state=seed,
    )
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
        with noted(progress), interruptible_fit(output, progress, ready="reading", resume=options.resume) as watched:
            run = fit_image_run(model, data, output, epochs_kept=epochs_kept, progress=watched, **options.arguments())
        progress.note(f"run: {run.folder}")
    if options.as_json:
        print_json({"run": str(run.folder), "facts": run.facts})
    else:
        print_facts(_facts(run))


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
    """Labels and texts of the data, the model, the training and the best bound."""
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
        ("data", f"{data['images']:,} images of {dimensions(data['shape'])} pixels from {data['name']}{of}"),
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

    model.check_parameters()
    with show_progress(quiet=quiet or as_json) as progress:
        images = read_part(data, "train", progress)
    forecast = estimate_image_fit(images, model)
    if as_json:
        print_json({"data": images.name, "kind": images.kind, "part": images.part, **forecast.to_dict()})
        return
    labels = f", {counted(len(set(images.labels)), 'label')}" if images.labels else ""
    shape = dimensions(images.pixels.shape[1:])
    print_facts(
        [
            ("data", f"{images.name}, {images.kind}, {counted(len(images), 'image')} of {shape} pixels{labels}"),
            ("model", f"{counted(forecast.n_weights, 'weight')}, {counted(int(forecast.n_epochs), 'epoch')} at most"),
            *cost_lines(forecast),
        ]
    )
