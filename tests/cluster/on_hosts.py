"""A training that torchrun starts on several hosts: `python on_hosts.py CHECKPOINT`."""

import sys
from pathlib import Path

from neuraltopic.estimators.divided_training import train
from neuraltopic.preprocessing.counts import Counts
from tests.core.divided import COUNTS, model

if __name__ == "__main__":
    train(model(), Counts.from_scipy(COUNTS), checkpoint=Path(sys.argv[1]))
