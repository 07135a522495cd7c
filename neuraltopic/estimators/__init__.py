"""What Python users hold: scikit-learn estimators of documents, images and matrices."""
