import pytest

from neuraltopic.cli.common.names import options
from neuraltopic.errors import NeuralTopicWarning, UsageError, parameter


@pytest.mark.parametrize(
    ("template", "in_python", "typed"),
    [
        (parameter("max_epochs"), "max_epochs", "--epochs"),
        (
            f"of which {parameter('min_df', 5)} removed 9",
            "of which min_df=5 removed 9",
            "of which --min-df 5 removed 9",
        ),
        (f"Replace it with {parameter('force', True)}", "Replace it with force=True", "Replace it with --force"),
        (f"Check {parameter('numbers', False)}", "Check numbers=False", "Check --numbers"),
        (f"Raise {parameter('max_length', 9)}", "Raise max_length=9", "Raise max_length=9"),
        ("data/min_df/a.txt: min_df.csv 'max_df'",) * 3,
    ],
)
def test_each_interface_names_parameters_its_own_way(template, in_python, typed):
    warning = NeuralTopicWarning(template)
    assert str(warning) == in_python
    assert warning.rendered(options()) == typed


def test_an_error_names_its_parameters_and_nothing_that_is_spelt_alike():
    error = UsageError(parameter("n_components"), expected="1", got="'n_components'", hint="Try 5")
    assert str(error) == "n_components: expected 1; got 'n_components'. Try 5."
    assert error.rendered(options()) == "--topics: expected 1; got 'n_components'. Try 5."
    assert error.rendered(options(images=True)) == "--latent: expected 1; got 'n_components'. Try 5."
