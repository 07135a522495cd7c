import json

import pytest

from neuraltopic.errors import UsageError
from neuraltopic.preprocessing.settings import Preprocessing


def test_settings_survive_json():
    settings = Preprocessing(language="de", extra_stop_words=("x", "y"), min_df=0.01, max_df=1.0, phrases=True)
    again = Preprocessing.from_dict(json.loads(json.dumps(settings.to_dict())))
    assert again == settings
    assert (type(again.max_df), type(again.min_df)) == (float, float)


def test_fields_left_out_keep_their_defaults():
    assert Preprocessing.from_dict({}) == Preprocessing()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"min_dff": 1}, "preprocessing: expected only language, .* got a setting 'min_dff'"),
        ({"language": None}, "language: expected str; got None"),
        ({"lowercase": 1}, "lowercase: expected bool; got 1"),
        ({"language": "qq"}, "language: expected auto, or the code or English name of a language"),
        ({"min_length": True}, "min_length: expected int or None; got True"),
        ({"min_length": 2.0}, "min_length: expected int or None; got 2.0"),
        ({"min_length": 0}, "min_length: expected 1 or more; got 0"),
        ({"max_length": 2, "min_length": 3}, r"max_length: expected min_length \(3\) or more; got 2"),
        ({"max_length": 0}, r"max_length: expected min_length \(1\) or more; got 0"),
        ({"lemmas": 1}, "lemmas: expected bool or None; got 1"),
        ({"segmenter": "scissors"}, "segmenter: expected one of icu, rjieba, sudachi, kiwi; got 'scissors'"),
        ({"max_vocabulary": 0}, "max_vocabulary: expected 1 or more"),
        ({"min_df": "5"}, "min_df: expected int or float or None; got '5'"),
        ({"min_df": 0}, "min_df: expected 1 document or more"),
        ({"max_df": -1}, "max_df: expected 1 document or more"),
        ({"max_df": 1.5}, "max_df: expected a share from 0.0 to 1.0"),
        ({"min_df": float("nan")}, "min_df: expected a share"),
        ({"extra_stop_words": "the"}, "extra_stop_words: expected tuple; got 'the'"),
        ({"extra_stop_words": [1]}, "extra_stop_words: expected words"),
        ({"spacy_pipeline": 3}, "spacy_pipeline: expected str or None"),
    ],
)
def test_a_bad_setting_is_named(settings, message):
    with pytest.raises(UsageError, match=message):
        Preprocessing.from_dict(settings)


@pytest.mark.parametrize("written", ["de", "DE", "de-DE", "de_AT.UTF-8", "german", "deu", " Deutsch "])
def test_the_language_becomes_its_code(written):
    assert Preprocessing(language=written).language == "de"
