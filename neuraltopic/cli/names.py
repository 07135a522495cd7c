"""What the library calls its parameters, as the command line calls them."""

import re

_OPTIONS = {
    "batch_size": "--batch-size",
    "extra_stop_words": "--stop-words",
    "held_out": "--held-out",
    "learning_rate": "--learning-rate",
    "max_df": "--max-df",
    "max_epochs": "--epochs",
    "max_vocabulary": "--vocabulary-size",
    "min_df": "--min-df",
    "min_length": "--min-length",
    "n_components": "--topics",
    "n_seeds": "--seeds",
    "random_state": "--seed",
    "spacy_pipeline": "--spacy",
}
# Not where the name is part of a path or of another name.
_NAME = re.compile(rf"(?<![\w/\\.'-])(?:parameters\.|preprocessing\.)?({'|'.join(_OPTIONS)})(?![\w/\\.-])")
_RESUME = re.compile(r"^resume(?=: expected)")
_IN_PYTHON = re.compile(r" \((?:force|resume)=True\)")


def as_typed(message: str) -> str:
    """Name options in an error of the library as they are typed: `--min-df` for `min_df`, no `(force=True)`."""
    message = _RESUME.sub("--resume", _IN_PYTHON.sub("", message))
    return _NAME.sub(lambda match: _OPTIONS[match[1]], message)
