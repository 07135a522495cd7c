"""Shared by all pictures: figure, colours, and fonts for any script."""

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
# Distinguishable with colour-vision deficiency (Okabe and Ito 2008).
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
    """Context manager: matplotlib style of the pictures, with fonts for these texts.

    Warns
    -----
    NeuralTopicWarning
        If no installed font has some of the letters; they are drawn as boxes.
    """
    from matplotlib import rc_context

    families = fonts_for(texts)
    with rc_context({**PICTURE_STYLE, "font.family": families}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # told once, by `fonts_for`
        yield


def line_height() -> float:
    """Height of a line in the fonts of `style`, relative to matplotlib's default font."""
    from matplotlib import rcParams

    return 1.0 if rcParams["font.family"] == [_FIRST_FONT] else 1.5


def new_figure(width: float, height: float) -> "Figure":
    """Create a figure of this size in inches; no display is needed."""
    # Not pyplot, which keeps figures.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def fonts_for(texts: Iterable[str]) -> list[str]:
    """Font families that together cover the letters of the texts: matplotlib's default and as few others as possible.

    A font that covers a script completely precedes the default font if that covers only a part: joined letters, as in
    Arabic, must come from one font.

    Warns
    -----
    NeuralTopicWarning
        If no installed font has some of the letters.
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
    """Letters of each family with an upright regular font."""
    from matplotlib import font_manager
    from matplotlib.ft2font import FT2Font

    # matplotlib caches its list of fonts at its first run; fonts installed later are added here.
    listed = {entry.fname for entry in font_manager.fontManager.ttflist}
    for path in sorted(set(font_manager.findSystemFonts()) - listed):
        with contextlib.suppress(OSError, RuntimeError):  # unreadable, or not an outline font
            font_manager.fontManager.addfont(path)
    found: dict[str, frozenset[int]] = {}
    for entry in sorted(font_manager.fontManager.ttflist, key=lambda each: (each.name, each.fname)):
        upright = entry.style == "normal" and entry.weight in (400, "normal", "regular", "book")
        # The Last Resort font has a box for every letter.
        if upright and entry.name not in (_FIRST_FONT, *found) and not entry.name.startswith("Last Resort"):
            found[entry.name] = frozenset(FT2Font(entry.fname).get_charmap())
    return found


def _script(letter: int) -> str:
    """First word of the Unicode name of a letter, which is the name of its script."""
    return unicodedata.name(chr(letter), "").partition(" ")[0]


_BETWEEN = " · "


def shortened_name(words: Sequence[str], length: int = 36) -> str:
    """First words of a topic, cut to the length of a label."""
    return shortened(_BETWEEN.join(words), length)


def shortened(text: str, length: int) -> str:
    """A text cut to this many letters, ending with an ellipsis if it was longer."""
    return text if len(text) <= length else text[: length - 1].rstrip(_BETWEEN) + "…"


def some_of(n_shown: int, n_all: int, things: str) -> str:
    """Note such as "12 of 50 topics"; empty if all are shown."""
    return f"{n_shown:,} of {n_all:,} {things}" if n_shown < n_all else ""


def fit_titles(figure: "Figure") -> None:
    """Wrap panel titles that are wider than their panels, between the words of the topic."""
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
