"""What every picture shares: the figure, its colours, and a font that has the letters."""

import contextlib
import unicodedata
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from neuraltopic.errors import NeuralTopicWarning
from neuraltopic.storage.pictures import STYLE

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.text import Text

WIDTH = 7.0  # inches: that of a page of two columns
# Distinct also for the colour-blind (Okabe and Ito 2008).
BLUE, ORANGE = "#0072B2", "#D55E00"
COLOURS = (BLUE, ORANGE, "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C6D31")
GREY, QUIET = "#8d96a1", "#e6e6e6"
_TITLE = 7.5  # points
_FIRST_FONT = "DejaVu Sans"  # which matplotlib brings
PICTURE_STYLE: Any = {
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

    families = fonts_for(texts)
    with rc_context({**PICTURE_STYLE, "font.family": families}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # told once, by `fonts_for`
        yield


def line_height() -> float:
    """How much room a line needs in the fonts of `style`, as a multiple of what matplotlib's own needs."""
    from matplotlib import rcParams

    return 1.0 if rcParams["font.family"] == [_FIRST_FONT] else 1.5


def new_figure(width: float, height: float) -> "Figure":
    """A figure of this size in inches, which asks for no screen."""
    # Not pyplot, which keeps figures.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def fonts_for(texts: Iterable[str]) -> list[str]:
    """Families of fonts that together have the letters of the texts: matplotlib's own, then as few as it takes.

    A font that has all the letters of a script of which matplotlib's has some goes before it: letters that join, as
    those of Arabic do, join within one font.

    Warns
    -----
    NeuralTopicWarning
        When no installed font has some of the letters.
    """
    letters = {ord(letter) for text in texts for letter in text if letter.isprintable()}
    first = _letters_of_first_font()
    missing = letters - first
    if not missing:
        return [_FIRST_FONT]
    wanted, before, after = len(missing), list[str](), list[str]()
    known = _installed_fonts()
    while missing and known:
        name = min(known, key=lambda each: (-len(missing & known[each]), "Sans" not in each, each))
        found = missing & known.pop(name)
        if not found:
            break
        scripts = {_script(letter) for letter in found}
        of_scripts = {letter for letter in letters if _script(letter) in scripts}
        missing -= found
        joined = not missing & of_scripts and bool(of_scripts & first)
        (before if joined else after).append(name)
    if missing:
        shown = "".join(map(chr, sorted(missing)[:10]))
        warnings.warn(
            f"no installed font has {len(missing):,} of {wanted:,} letters, such as {shown}: they are drawn as boxes; "
            "install a font of the script (Noto has all)",
            NeuralTopicWarning,
            stacklevel=2,
        )
    return [*before, _FIRST_FONT, *after]


@cache
def _letters_of_first_font() -> frozenset[int]:
    from matplotlib import font_manager
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(font_manager.findfont(_FIRST_FONT)).get_charmap())


def _installed_fonts() -> dict[str, frozenset[int]]:
    """The letters of each family that has an upright regular font."""
    from matplotlib import font_manager
    from matplotlib.ft2font import FT2Font

    # matplotlib keeps the list that it made when it first ran: fonts that were installed since are not in it.
    listed = {entry.fname for entry in font_manager.fontManager.ttflist}
    for path in sorted(set(font_manager.findSystemFonts()) - listed):
        with contextlib.suppress(OSError, RuntimeError):  # one that cannot be read, or is no outline font
            font_manager.fontManager.addfont(path)
    found: dict[str, frozenset[int]] = {}
    for entry in sorted(font_manager.fontManager.ttflist, key=lambda each: (each.name, each.fname)):
        upright = entry.style == "normal" and entry.weight in (400, "normal", "regular", "book")
        # One font has a box for every letter there is.
        if upright and entry.name not in (_FIRST_FONT, *found) and not entry.name.startswith("Last Resort"):
            found[entry.name] = frozenset(FT2Font(entry.fname).get_charmap())
    return found


def _script(letter: int) -> str:
    """The first word of a letter's name in Unicode, which is that of its script."""
    return unicodedata.name(chr(letter), "").partition(" ")[0]


_BETWEEN = " · "


def shortened_name(words: Sequence[str], length: int = 36) -> str:
    """The first words of a topic, cut to a length that a label has room for."""
    return shortened(_BETWEEN.join(words), length)


def shortened(text: str, length: int) -> str:
    """A text cut to this many letters, of which the last says so."""
    return text if len(text) <= length else text[: length - 1].rstrip(_BETWEEN) + "…"


def fit_titles(figure: "Figure") -> None:
    """Break names above panels that are wider than their panels into lines, between words of the topic."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure.draw_without_rendering()
    assert isinstance(figure.canvas, FigureCanvasAgg)  # as `new_figure` makes it
    renderer = figure.canvas.get_renderer()
    for axes in figure.axes:
        room, name, lines = axes.get_window_extent(renderer).width, axes.get_title(loc="left"), [""]
        title = axes.set_title(name, loc="left", fontsize=_TITLE)

        def fits(text: str, title: "Text" = title, room: float = room) -> bool:
            title.set_text(text)
            return bool(title.get_window_extent(renderer).width <= room)

        for part in name.split(_BETWEEN):
            longer = lines[-1] + _BETWEEN + part if lines[-1] else part
            if fits(longer) or not lines[-1]:
                lines[-1] = longer
            else:
                lines.append(part)
        cut = [next((t for n in range(len(line), 1, -1) if fits(t := shortened(line, n))), "…") for line in lines]
        title.set_text("\n".join(cut))
