import pickle

from neuraltopic.errors import NeuralTopicError, UsageError, parameter


def test_an_error_from_another_process_says_the_same():
    error = UsageError(parameter("min_df"), expected="1 or more", got="0.", hint="Set it to 1")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is UsageError
    assert str(copy) == str(error) == "min_df: expected 1 or more; got 0. Set it to 1."
    assert copy.rendered(lambda name, value: name.upper()) == "MIN_DF: expected 1 or more; got 0. Set it to 1."


def test_a_message_is_one_line():
    error = NeuralTopicError("a\nfile", expected="one  line", got="two\n", hint="Join them.")
    assert str(error) == "a file: expected one line; got two . Join them."
