"""A small corpus with topics, and functions that workers import."""

import os
import signal
from pathlib import Path

import numpy as np

from neuraltopic.errors import NeuralTopicError
from neuraltopic.preprocessing.tokenisation.tokenisers import BlankTokeniser

_LETTERS = np.array(list("bcdfghklmnprstvz"))


def texts(n_documents=400):
    """Documents of four topics, of 30 words each."""
    random = np.random.default_rng(0)
    words = np.array(["".join(_LETTERS[random.integers(0, 16, 6)]) for _ in range(240)])
    topics = random.dirichlet(np.full(240, 0.05), 4)
    return [" ".join(random.choice(words, 30, p=topics[number % 4])) for number in range(n_documents)]


class DyingTokeniser(BlankTokeniser):
    """Kills the process that cuts a certain text, the first time."""

    def __init__(self, marker: Path, word: str) -> None:
        self._marker, self._word = marker, word

    def __call__(self, given):
        for text in given:
            if self._word in text:
                die_once(self._marker)
            yield from super().__call__([text])


def die_once(marker: Path) -> None:
    """Kill this process, unless the file is there, which it writes."""
    if not marker.exists():
        marker.write_text("")
        os.kill(os.getpid(), signal.SIGKILL)


def squared(shared, piece):
    """Work on a piece, in which the process dies once or always."""
    marker, always = shared
    if piece == 7:
        if always:
            os.kill(os.getpid(), signal.SIGKILL)
        die_once(marker)
    if piece == 13:
        raise NeuralTopicError("piece", expected="another number", got="13", hint="Try 14")
    return piece**2


def summed(shared, state, tell):
    """What a process of a group does: the sum of the ranks, told by the first."""
    import torch
    from torch import distributed

    from neuraltopic.cluster.process_group import joined

    with joined():
        total = torch.tensor([float(distributed.get_rank() + 1)])
        distributed.all_reduce(total)
    tell((state, float(total), shared))


def failing(shared, state, tell):
    """What a process of a group does that always fails: the first by an error of the library, if that is shared."""
    if shared == "library":
        raise NeuralTopicError("counts", expected="words", got="none", hint="Look at them")
    tell(state)
    raise RuntimeError("no luck")
