"""What every picture shares: the figure, its colours, and a font that has the letters."""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from neuraltopic.errors import NeuralTopicWarning
from neuraltopic.storage.pictures import STYLE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH = 7.0  # inches: that of a page of two columns
# Distinct also for the colour-blind (Okabe and Ito 2008).
BLUE, ORANGE = "#0072B2", "#D55E00"
COLOURS = (BLUE, ORANGE, "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C6D31")
GREY, QUIET = "#8d96a1", "#e6e6e6"
_FIRST_FONT = "DejaVu Sans"  # which matplotlib brings
_STYLE: Any = {
    **STYLE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "axes.axisbelow": True,
}


@contextmanager
def style(texts: Iterable[str]) -> Iterator[None]:
    """Draw in the style of the pictures, in fonts that have the letters of these texts.

    Warns
    -----
    NeuralTopicWarning
        When no installed font has some of the letters, which are then drawn as boxes.
    """
    from matplotlib import rc_context

    with rc_context({**_STYLE, "font.family": fonts_for(texts)}):
        yield


def new_figure(width: float, height: float) -> "Figure":
    """A figure of this size in inches, which asks for no screen."""
    # Not pyplot, which keeps figures.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def fonts_for(texts: Iterable[str]) -> list[str]:
    """Families of fonts that together have the letters of the texts: matplotlib's own, then as many as it takes."""
    from matplotlib import font_manager
    from matplotlib.ft2font import FT2Font

    first = FT2Font(font_manager.findfont(_FIRST_FONT))
    missing = {ord(letter) for text in texts for letter in text if letter.isprintable()} - set(first.get_charmap())
    families = [_FIRST_FONT]
    if not missing:
        return families
    wanted = len(missing)
    for entry in sorted(font_manager.fontManager.ttflist, key=lambda each: (each.name, each.fname)):
        if not missing:
            break
        if entry.style != "normal" or entry.weight not in (400, "normal", "regular", "book") or entry.name in families:
            continue
        found = missing & set(FT2Font(entry.fname).get_charmap())
        # A font of symbols has a letter or two of any script; one of the script has most.
        if len(found) >= max(1, len(missing) // 4):
            families.append(entry.name)
            missing -= found
    if missing:
        shown = "".join(map(chr, sorted(missing)[:10]))
        warnings.warn(
            f"no installed font has {len(missing):,} of {wanted:,} letters, such as {shown}: they are drawn as boxes; "
            "install a font of the script (Noto has all)",
            NeuralTopicWarning,
            stacklevel=2,
        )
    return families


def shortened_name(words: Sequence[str], length: int = 36) -> str:
    """The first words of a topic, cut to a length that a label has room for."""
    name = " · ".join(words)
    return name if len(name) <= length else name[: length - 1].rstrip(" ·") + "…"
