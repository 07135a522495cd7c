import pytest

from neuraltopic.errors import NeuralTopicWarning, UsageError
from neuraltopic.preprocessing.languages.stop_word_files import read_stop_words
from neuraltopic.preprocessing.preprocessor import Preprocessing, Preprocessor
from neuraltopic.reading.readers import open_corpus

WORDS = ("oven", "Recipe", "café", "n't", "'s")


@pytest.mark.parametrize(
    "content",
    [
        "oven\nRecipe\ncafé\nn't\n's\n".encode(),
        "\ufeffoven\r\nRecipe\r\ncafé\r\nn't\r\n's".encode(),
        "oven, Recipe, café; n't,'s\n".encode(),
        "oven\nRecipe\ncafé\nn't\n's\n".encode("utf-16"),
        b"oven\nRecipe\ncaf\xe9\nn't\n's\n",
        "# mine\noven # of the kitchen\n\n  Recipe café\tn't oven 's\n#end".encode(),
        '"oven","Recipe","café","n\'t","\'s"'.encode(),
        '["oven", "Recipe", "café", "n\'t", "\'s"]'.encode(),
        '\ufeff[\n "oven Recipe",\n "café n\'t",\n "\'s"\n]'.encode(),
    ],
)
def test_every_form_gives_the_words(tmp_path, content):
    (tmp_path / "stop.txt").write_bytes(content)
    assert read_stop_words(tmp_path / "stop.txt") == WORDS


def test_a_sharp_sign_in_a_word_is_no_comment(tmp_path):
    (tmp_path / "stop.txt").write_text("c# f#")
    assert read_stop_words(tmp_path / "stop.txt") == ("c#", "f#")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "expected at least one word; got none"),
        (b"# nothing\n", "expected at least one word; got none"),
        (b"[]", "expected at least one word; got none"),
        (b'["a", 1]', "expected a JSON list of words; got something else in it"),
        (b'["a", ', "expected a JSON list of words; got Expecting value"),
        (b"a\0b\0c", "expected a file of words; got binary"),
    ],
)
def test_what_is_no_list_is_refused(tmp_path, content, said):
    (tmp_path / "stop.txt").write_bytes(content)
    with pytest.raises(UsageError, match=said):
        read_stop_words(tmp_path / "stop.txt")


def test_listed_words_that_mostly_do_not_occur_are_noted():
    def fit(*listed):
        settings = Preprocessing(min_df=1, max_df=1.0, extra_stop_words=listed)
        return Preprocessor(settings).fit_transform(open_corpus(["The OVEN is hot", "a cold Oven"])).counts

    assert fit("oven", "recipe").shape[1] == 2
    with pytest.warns(NeuralTopicWarning, match=r"2 of 3 words do not occur in the documents, such as 'sauce', 'hot p"):
        fit("oven", "sauce", "hot pan")


@pytest.mark.parametrize(
    "content",
    [
        "oven|recipe|sauce",
        "oven | recipe | sauce\n",
        " | a list of Snowball\n\noven   | of the kitchen\nrecipe\nsauce | so\n",
        "; a comment\n// another\noven\nrecipe # a third\nsauce\n",
        "- oven\n* recipe\n• sauce\n",
        '{"oven", "recipe", \'sauce\'}',
        '{"en": ["oven", "recipe"], "more": ["sauce"]}',
        "['oven', 'recipe',\n 'sauce']",
        "oven、recipe，sauce",
        '{"oven": 3, "recipe": 2, "sauce": 1}',
        "('oven', 'recipe', 'sauce')",
    ],
)
def test_forms_of_lists(tmp_path, content):
    path = tmp_path / "words.txt"
    path.write_text(content, encoding="utf-8")
    assert read_stop_words(path) == ("oven", "recipe", "sauce")
