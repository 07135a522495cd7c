"""The expected cost of a fit, of documents or of images: seconds by stage, and memory."""

import dataclasses
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """The expected cost of a fit on this machine when nothing else runs.

    Attributes
    ----------
    n_epochs : float
        The most passes over the data; a whole number except for a large corpus.
    stages : dict of str to float
        Wall-clock seconds of each stage, in the order of the work.
    memory_bytes : float
        Peak resident memory.
    """

    n_epochs: float
    stages: dict[str, float]
    memory_bytes: float

    @property
    def seconds(self) -> float:
        """Wall-clock seconds of all stages."""
        return sum(self.stages.values())

    def to_dict(self) -> dict[str, Any]:
        """All fields and the seconds, for JSON."""
        return dataclasses.asdict(self) | {"seconds": self.seconds}
