"""Negative log-likelihood on MNIST by the protocol of Burda, Grosse and Salakhutdinov (2016), VAE and IWAE.

    python -m tests.benchmarks.training.mnist_nll WORK --epochs 100                    one cycle, each objective and k
    python -m tests.benchmarks.training.mnist_nll WORK --objectives elbo --samples 1   one of them
    python -m tests.benchmarks.training.mnist_nll WORK --published                     their 3,280 epochs, batch 20

One stochastic layer of 50, two hidden layers of 200 tanh units on either side; the 60,000 training images binarised
anew each time they are drawn, the 10,000 to test once, with seed 0; no image held out; k = 5,000 in the bound that is
reported. Published (NLL, active units): VAE 86.76, 19 (k = 1), 86.47, 20 (5), 86.35, 20 (50); IWAE 86.76, 19 (1),
85.54, 22 (5), 84.78, 25 (50). Every line has the same number of updates.

WORK keeps a run folder and the figures of each line: the same command goes on where it was stopped.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from neuraltopic.estimators.image_vae import ImageVAE
from neuraltopic.evaluate.images import evaluate_images
from neuraltopic.images.readers import read_images
from neuraltopic.progress import Progress, show_progress
from neuraltopic.runs.images import fit_image_run, open_image_run
from neuraltopic.runs.workspace import unfinished_request
from neuraltopic.storage.strict_json import read_json, write_json
from tests.benchmarks.data import data_folder

PUBLISHED = {
    ("elbo", 1): (86.76, 19),
    ("elbo", 5): (86.47, 20),
    ("elbo", 50): (86.35, 20),
    ("iwae", 1): (86.76, 19),
    ("iwae", 5): (85.54, 22),
    ("iwae", 50): (84.78, 25),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--objectives", default="elbo,iwae", help="of elbo, iwae, dreg")
    parser.add_argument("--samples", default="1,5,50", help="k of the training")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--batch-size", type=int)
    parser.add_argument("--learning-rate", type=float)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--published", action="store_true", help="their schedule")
    parser.add_argument("--bound", type=int, default=5000, help="k of the bound that is reported")
    parser.add_argument("--device", default="auto")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    lines = [(objective, int(k)) for objective in options.objectives.split(",") for k in options.samples.split(",")]
    print("objective   k  epochs  updates     NLL          published     ELBO  active  published   seconds")
    with show_progress() as progress:
        for objective, k in lines:
            figures = measure(objective, k, options, progress)
            # dreg climbs the bound of iwae, by another estimate of its gradient.
            nll, active = PUBLISHED.get(("iwae" if objective == "dreg" else objective, k), ("", ""))
            measured = f"{figures['nll']:>6.2f} ± {figures['nll_standard_error']:<7.2f}"
            length = f"{figures['epochs']:>6,}  {figures['updates']:>7,}"
            used = f"{figures['active_units']:>6}  {active:>9}"
            line = f"{objective:<9} {k:>3}  {length}  {measured} {nll:>7}  {figures['elbo']:>9.2f}  {used}"
            print(f"{line}  {figures['seconds']:>8,.0f}", flush=True)


def measure(objective: str, k: int, options: argparse.Namespace, progress: Progress) -> dict[str, Any]:
    """Fit and evaluate, or go on, or read what was measured."""
    run, done = options.work / f"{objective}-{k}", options.work / f"{objective}-{k}.json"
    if done.exists():
        figures: Any = read_json(done, 1 << 20)
        return figures
    mnist = data_folder() / "mnist.npz"
    if not run.exists():
        model = ImageVAE(
            50,
            objective=objective,
            n_samples=k,
            schedule="burda" if options.published else "cycle",
            max_epochs=options.epochs,
            batch_size=options.batch_size,
            learning_rate=options.learning_rate,
            validation_fraction=0.0,
            device=options.device,
            random_state=options.seed,
        )
        resume = unfinished_request(run) is not None
        fit_image_run(model, read_images(mnist), run, resume=resume, progress=progress)
    fitted = open_image_run(run, device=options.device)
    facts = json.loads((run / "run.json").read_text(encoding="utf-8"))
    result = evaluate_images(fitted, read_images(mnist, part="test").pixels, n_samples=options.bound, progress=progress)
    batch = fitted.resolved_schedule(facts["data"]["images"]).batch_size or 1
    figures = result.to_dict() | {
        "epochs": facts["epochs"],
        "updates": facts["epochs"] * -(-facts["data"]["images"] // batch),
        # Of the last session, where the fit was stopped in between.
        "seconds": facts["seconds"]["training"],
    }
    write_json(done, figures)
    return figures


if __name__ == "__main__":
    main()
