"""What the library calls its parameters, as the command line calls them."""

import re

_OPTIONS = {
    "batch_size": "--batch-size",
    "extra_stop_words": "--stop-words",
    "held_out": "--held-out",
    "held_out_embeddings": "--held-out-embeddings",
    "learning_rate": "--learning-rate",
    "max_df": "--max-df",
    "max_epochs": "--epochs",
    "max_vocabulary": "--vocabulary-size",
    "min_df": "--min-df",
    "min_length": "--min-length",
    "n_components": "--topics",
    "n_seeds": "--seeds",
    "random_state": "--seed",
    "seed_words": "--seed-words",
    "spacy_pipeline": "--spacy",
    "token_pattern": "--token-pattern",
    "keep_markup": "--keep-markup",
    "keep_duplicates": "--keep-duplicates",
    "pretokenised": "--pretokenised",
    "word_vectors": "--word-vectors",
}
# As `neuraltopic images` calls them.
_OF_IMAGES = {
    "batch_size": "--batch-size",
    "binarisation": "--binarisation",
    "epochs_kept": "--epochs-kept",
    "hidden": "--hidden",
    "learning_rate": "--learning-rate",
    "max_epochs": "--epochs",
    "n_above": "--latent",
    "n_components": "--latent",
    "n_images": "--number",
    "n_samples": "--samples",
    "random_state": "--seed",
    "validation_fraction": "--held-out",
}
# Words as well, so only at the start.
_LEADING = ("models", "ranking", "recipe", "split")
_LEADING_OF_IMAGES = ("likelihood", "objective", "part", "schedule")
# Settings that the command line says by an option of its own.
_SETTINGS = {
    "stop_words=False": "--keep-stop-words",
    "numbers=True": "--numbers",
    "pretokenised=True": "--pretokenised",
    "language=": "--language",
}
_SPLIT = re.compile(r"split='?(\w+)'?")
_RESUME = re.compile(r"^resume(?=: expected)")
_IN_PYTHON = re.compile(r" \((?:(?:force|resume)=True|embeddings=|documents themselves go in a list of str)\)")


def as_typed(message: str, *, images: bool = False) -> str:
    """Name options in an error of the library as they are typed, `--min-df` for `min_df`, without what is for Python.

    Parameters
    ----------
    images : bool
        Whether the command is one of `neuraltopic images`.
    """
    message = _RESUME.sub("--resume", _IN_PYTHON.sub("", message))
    for setting, option in _SETTINGS.items():
        message = message.replace(setting, option)
    message = _SPLIT.sub(r"--split \1", message)
    options = _OF_IMAGES if images else _OPTIONS
    # Not where the name is part of a path or of another name.
    name = re.compile(rf"(?<![\w/\\.'-])(?:parameters\.|preprocessing\.)?({'|'.join(options)})(?![\w/\\.-])")
    message = name.sub(lambda match: options[match[1]], message)
    leading = _LEADING_OF_IMAGES if images else _LEADING
    return re.sub(rf"^({'|'.join(leading)})(?=: expected)", r"--\1", message)
