"""A tiny corpus of three themes, for tests that need a whole run."""

from pathlib import Path

THEMES = (
    "rocket orbit moon launch shuttle",
    "goal match team league striker",
    "bread flour oven butter yeast",
)


def sentences(n: int = 60) -> list[str]:
    """`n` distinct texts, each of the words of one theme and a number that no vocabulary keeps."""
    texts = []
    for number in range(n):
        words = THEMES[number % 3].split()
        first = number % 5
        texts.append(" ".join([*words[first:], *words[: first + 1], words[number % 4], f"n{number}"]))
    return texts


def write_corpus(folder: Path, n: int = 60) -> Path:
    """Write the sentences as a folder of text files, the theme being the folder."""
    for number, text in enumerate(sentences(n)):
        path = folder / ("space", "sport", "kitchen")[number % 3] / f"{number:02d}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8")
    return folder
