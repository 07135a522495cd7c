"""One row of a corpus: what every reader yields and everything after it consumes."""

from typing import NamedTuple


class Row(NamedTuple):
    """One input row, in input order.

    Attributes
    ----------
    id : str
        Unique in its corpus.
    text : str or None
        None when the row could not be read; `problem` then says why.
    metadata : dict of str to object
        The other columns in their order; ``{"label": first folder}`` for a file in a nested folder.
    encoding : str
        The encoding the text was read with.
    problem : str
        A short reason, empty when there is a text: ``"binary"``, ``"not text (float nan)"``.
    """

    id: str
    text: str | None
    metadata: dict[str, object]
    encoding: str = "utf-8"
    problem: str = ""
