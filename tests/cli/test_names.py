import pytest

from neuraltopic.cli.names import as_typed


@pytest.mark.parametrize(
    ("said", "typed"),
    [
        ("max_epochs: expected 1; got 0. Set max_epochs to 1.", "--epochs: expected 1; got 0. Set --epochs to 1."),
        ("got 9 words, of which min_df=5 removed 9", "got 9 words, of which --min-df=5 removed 9"),
        ("recipe: expected a recipe; got 'x'.", "--recipe: expected a recipe; got 'x'."),
        ("ranking: expected lift; got 'x'.", "--ranking: expected lift; got 'x'."),
        ("resume: expected preprocessing.max_df 0.5", "--resume: expected --max-df 0.5"),
        ("Replace it with --force (force=True).", "Replace it with --force."),
        ("Check the path (documents themselves go in a list of str).", "Check the path."),
        ("data/min_df/a.txt: min_df.csv 'max_df' my_max_df", "data/min_df/a.txt: min_df.csv 'max_df' my_max_df"),
    ],
)
def test_options_are_named_as_typed(said, typed):
    assert as_typed(said) == typed
