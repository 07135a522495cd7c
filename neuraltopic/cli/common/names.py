"""The options of the command line, by the parameters of the library."""

from neuraltopic.errors import Naming, in_python

# Where the option is not spelt as the parameter.
_OPTIONS = {
    "K": "--range",
    "extra_stop_words": "--stop-words",
    "max_epochs": "--epochs",
    "max_memory": "--memory",
    "max_seconds": "--max-time",
    "max_vocabulary": "--vocabulary-size",
    "n_components": "--topics",
    "n_seeds": "--seeds",
    "random_state": "--seed",
    "spacy_pipeline": "--spacy",
}
# As `neuraltopic images` calls them.
_OF_IMAGES = {
    "max_epochs": "--epochs",
    "n_above": "--latent",
    "n_components": "--latent",
    "n_images": "--number",
    "n_samples": "--samples",
    "random_state": "--seed",
    "validation_fraction": "--held-out",
}
# Options that set a parameter to one value.
_OF_VALUES: dict[tuple[str, str | None], str] = {("stop_words", "False"): "--keep-stop-words"}
# Parameters that no option sets.
_PYTHON_ONLY = frozenset({"lowercase", "max_length", "patience", "preprocessing"})


def options(*, images: bool = False) -> Naming:
    """How the command line names a parameter, with its value where it has one.

    Parameters
    ----------
    images : bool
        Whether the command is one of `neuraltopic images`.
    """
    spelt = _OF_IMAGES if images else _OPTIONS

    def named(name: str, value: str | None) -> str:
        if (name, value) in _OF_VALUES:
            return _OF_VALUES[name, value]
        if name in _PYTHON_ONLY:
            return in_python(name, value)
        option = spelt.get(name, f"--{name.replace('_', '-')}")
        return option if value in (None, "True", "False") else f"{option} {value}"

    return named
