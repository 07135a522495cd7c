"""`neuraltopic images evaluate RUN DATA`."""

from typing import TYPE_CHECKING, Annotated

import typer

from neuraltopic.cli.common.help import examples
from neuraltopic.cli.common.options import AsJson, Device, Quiet
from neuraltopic.cli.common.printing import counted, print_facts, print_json
from neuraltopic.cli.images.data import DataPath, ImageRunFolder, Part, Seed, pixels_for, read_part
from neuraltopic.errors import UsageError

if TYPE_CHECKING:
    from neuraltopic.estimators.image_vae import ImageVAE
    from neuraltopic.evaluate.label_coverage import LabelCoverage
    from neuraltopic.images.collection import Images


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

    Prints the importance-weighted bound, the ELBO, its KL and the number of active units; if the data have labels and a
    training part, also the labels of 10,000 samples by a classifier trained on that part.
    """
    from neuraltopic.evaluate.images import evaluate_images
    from neuraltopic.progress import show_progress
    from neuraltopic.runs.images import open_image_run

    model = open_image_run(run, device=device)
    with show_progress(quiet=quiet) as progress:
        images = read_part(data, part, progress)
        result = evaluate_images(
            model, pixels_for(images, model), n_samples=samples, random_state=seed, progress=progress
        )
        coverage = _coverage(model, data, images, seed)
    if as_json:
        figures = result.to_dict() | {"coverage": coverage and coverage.to_dict()}
        print_json({"run": str(run), "data": images.name, "part": images.part, "seed": seed, **figures})
        return
    machine = model.model == "rbm"
    by = "annealed importance sampling" if machine else f"bound of {counted(result.n_samples, 'sample')}"
    error = "" if result.nll_standard_error is None else f" \N{PLUS-MINUS SIGN} {result.nll_standard_error:.2f}"
    of = f" ({images.part})" if images.part else ""
    print_facts(
        [
            ("images", f"{result.n_images:,} of {images.name}{of}"),
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
