"""A tiny collection of images for tests that need a whole run: two shapes, in grey, with labels."""

from pathlib import Path

import numpy as np

SIDE = 6


def crosses_and_rings(n: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """`n` images of 6 x 6 in uint8, shaded at random, and their labels: 0 a cross, 1 a ring."""
    noise = np.random.default_rng(0)
    cross = np.eye(SIDE) + np.eye(SIDE)[::-1]
    ring = np.ones((SIDE, SIDE))
    ring[1:-1, 1:-1] = 0
    labels = (np.arange(n) % 2).astype(np.uint8)
    shapes = np.stack([cross, ring])[labels]
    return (shapes * noise.integers(120, 256, shapes.shape)).astype(np.uint8), labels


def write_npz(path: Path, n: int = 40) -> Path:
    """The images as MNIST's file has them, every fifth to test."""
    images, labels = crosses_and_rings(n)
    test = np.arange(n) % 5 == 0
    np.savez(path, x_train=images[~test], y_train=labels[~test], x_test=images[test], y_test=labels[test])
    return path
