"""CPU time of an epoch on MNIST beside the floor of its arithmetic, at k = 1, 5 and 50.

    OMP_NUM_THREADS=1 python -m tests.benchmarks.training.image_speed

The network is the benchmark's: z of 50, hidden layers of 200 and 200. The floor of an epoch counts the multiply-adds
of its matrix products (the value, and the gradients of every matrix and of every layer's input but the image) at the
rate of a large float32 product on this machine, measured in the same run; binarisation, activations, densities and
the optimiser are what comes on top. A part of the epoch is timed and scaled.
"""

import argparse
import statistics
import time

import torch

from neuraltopic.core.training import Trainer
from neuraltopic.estimators.image_vae import ImageVAE
from neuraltopic.images.batches import ImageBatches
from neuraltopic.images.readers import read_images
from neuraltopic.images.recipes import OBJECTIVES, initialise_image_vae
from neuraltopic.runs.image_forecast import operations
from tests.benchmarks.data import data_folder

TIMED = {1: 10_000, 5: 4_000, 50: 1_000}  # images


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch-size", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    pixels = read_images(data_folder() / "mnist.npz").pixels
    levels = torch.from_numpy(pixels.reshape(len(pixels), -1))
    N, D = levels.shape
    print("objective   k   epoch (CPU s)   floor (s)   share of the rate")
    for objective, k in [("elbo", 1), *((name, k) for name in OBJECTIVES for k in (5, 50))]:
        model = ImageVAE(n_samples=k, objective=objective, batch_size=options.batch_size)
        encoder, decoder = operations(D, model)
        floor_operations = 2.0 * (3 * (encoder + k * decoder) - D * model.hidden[0]) * N
        generator = torch.Generator().manual_seed(0)
        network = model.build(D)
        initialise_image_vae(network, torch.full((D,), 0.1), generator)
        rows, nothing = torch.randperm(N, generator=generator)[: TIMED[k]].numpy(), torch.arange(0).numpy()
        data = ImageBatches(levels, rows, dynamic=True)
        schedule = model.resolved_schedule(N)
        trainer = Trainer(network, data, ImageBatches(levels, nothing), OBJECTIVES[objective](k), schedule, generator)
        measured = []
        for _ in range(options.repeats):
            rate = product_rate()  # beside each, since the machine's speed drifts
            start = time.process_time()
            trainer.run_epoch()
            seconds = (time.process_time() - start) * N / len(data)
            measured.append((floor_operations / rate / seconds, seconds, floor_operations / rate))
        share, seconds, floor = statistics.median_low(measured)
        print(f"{objective:<9} {k:>3}   {seconds:>13.1f}   {floor:>9.1f}   {share:>17.2f}", flush=True)


def product_rate(side: int = 512, calls: int = 50) -> float:
    """Floating-point operations of a large product in a second of CPU time, which a busy neighbour does not take."""
    matrix = torch.full((side, side), 0.5)
    product = torch.mm(matrix, matrix)
    start = time.process_time()
    for _ in range(calls):
        torch.mm(matrix, matrix, out=product)
    return 2.0 * side**3 * calls / (time.process_time() - start)


if __name__ == "__main__":
    main()
