"""DocumentVAE as a scikit-learn transformer, and the promises about bits and batches."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from neuraltopic import DocumentVAE


@parametrize_with_checks([DocumentVAE(n_components=3, max_epochs=2, device="cpu")])
def test_is_a_scikit_learn_transformer(estimator, check):
    check(estimator)
