"""The public estimators: scikit-learn estimators of documents, images and matrices."""
