"""What corruption and greedy pre-training are good for: figures on MNIST and 20 Newsgroups, CPU minutes each.

    OMP_NUM_THREADS=1 python -m tests.benchmarks.training.denoising pixels 0
    OMP_NUM_THREADS=1 python -m tests.benchmarks.training.denoising stacked 0
    OMP_NUM_THREADS=1 python -m tests.benchmarks.training.denoising words 0

The last argument is the seed. Test rows decide nothing; early stopping looks at held-out training rows.

pixels   One layer of 200 sigmoids on 20,000 digits, 15 epochs, trained with none or some of the inputs masked or with
         Gaussian noise. 25 % or 50 % of the pixels of the test digits are masked, the same ones for every model. The
         error is the mean squared one at the masked pixels alone; beside it that of the mean training digit, and of
         leaving the pixels at 0.
stacked  784-200-100-30 sigmoids on 10,000 digits, 25 % masked while training, 30 epochs in all: 5 for each of the three
         layers and 15 end to end, or 30 end to end. Each is tried at three learning rates, since the best may differ.
words    One layer of 50 sigmoids on 20 Newsgroups, V = 5,000, sparse; 1 for a word that is there. 20 epochs.

A probe is a logistic regression on the standardised codes of the training rows; its accuracy is that on the test rows.
"""

import sys

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from neuraltopic import Autoencoder
from tests.benchmarks.data import data_folder

DATA = data_folder()


def main() -> None:
    measure, seed = sys.argv[1], int(sys.argv[2])
    {"pixels": pixels, "stacked": stacked, "words": words}[measure](seed)


def pixels(seed: int) -> None:
    train, test, *_ = digits(20_000)
    rng = np.random.default_rng(0)
    masks = {share: rng.random(test.shape) < share for share in (0.25, 0.5)}
    print("trained with      " + "".join(f"  {share:.0%} masked" for share in masks) + "  cross-entropy, clean")
    for name, filled in (("the mean digit", train.mean(0)), ("0", 0.0)):
        print(f"{name:18}" + "".join(f"{((filled - test)[masked] ** 2).mean():12.4f}" for masked in masks.values()))
    for corruption, noise in ((None, 0.0), ("masking", 0.25), ("masking", 0.5), ("gaussian", 0.5)):
        model = Autoencoder(
            200, loss="cross_entropy", corruption=corruption, noise=noise, random_state=seed, **schedule(15)
        ).fit(train)
        errors = []
        for masked in masks.values():
            back = model.inverse_transform(model.transform(np.where(masked, 0, test)))
            errors.append(((back - test)[masked] ** 2).mean())
        name = f"{corruption} {noise:g}" if corruption else "nothing"
        print(f"{name:18}" + "".join(f"{error:12.4f}" for error in errors) + f"{-model.score(test):12.2f}", flush=True)


def stacked(seed: int) -> None:
    train, test, train_labels, test_labels = digits(10_000)
    print("epochs a layer + end to end, rate: held-out loss (noisy), test loss (clean), squared error, probe")
    for each, rest in ((5, 15), (0, 30)):
        for rate in (0.003, 0.01, 0.03):
            model = Autoencoder(
                30,
                hidden=(200, 100),
                loss="cross_entropy",
                corruption="masking",
                noise=0.25,
                pretrain_epochs=each,
                random_state=seed,
                **schedule(rest) | {"learning_rate": rate},
            ).fit(train)
            codes = model.transform(test)
            error = ((model.inverse_transform(codes) - test) ** 2).sum(1).mean()
            held_out = min(e["held_out_loss"] for e in model.history_ if e["stage"] == "end to end")
            accuracy = probe(model.transform(train), train_labels, codes, test_labels)
            print(
                f"{each} + {rest}, {rate:g}: {held_out:.2f} {-model.score(test):.2f} {error:.2f} {accuracy:.4f}",
                flush=True,
            )


def words(seed: int) -> None:
    folder = DATA / "20ng-v5000"
    train, test = (
        (sparse.csr_array(sparse.load_npz(folder / f"{part}_bow.npz")) > 0).astype(np.float32)
        for part in ("train", "test")
    )
    train_labels, test_labels = (np.loadtxt(folder / f"{part}_labels.txt", dtype=int) for part in ("train", "test"))
    print("fraction masked: cross-entropy of clean test rows, probe")
    for noise in (0.0, 0.25, 0.5, 0.75):
        model = Autoencoder(
            50,
            loss="cross_entropy",
            corruption="masking" if noise else None,
            noise=noise,
            random_state=seed,
            **schedule(20),
        ).fit(train)
        accuracy = probe(model.transform(train), train_labels, model.transform(test), test_labels)
        print(f"{noise:.2f}: {-model.score(test):.2f} {accuracy:.4f}", flush=True)


def schedule(epochs: int) -> dict[str, object]:
    """Every fit runs all its epochs, and keeps the best of them by held-out loss."""
    return {"max_epochs": epochs, "patience": epochs, "batch_size": 100, "learning_rate": 0.003, "device": "cpu"}


def digits(n: int) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """Grey levels from 0 to 1 of n training digits, (n, 784), and all test digits, (10,000, 784); both labels."""
    with np.load(DATA / "mnist.npz") as file:
        train, test = ((file[f"x_{part}"] / 255).astype(np.float32).reshape(-1, 784) for part in ("train", "test"))
        return train[:n], test, file["y_train"][:n], file["y_test"]


def probe(train: NDArray, train_labels: NDArray, test: NDArray, test_labels: NDArray) -> float:
    return (
        make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))
        .fit(train, train_labels)
        .score(test, test_labels)
    )


if __name__ == "__main__":
    main()
