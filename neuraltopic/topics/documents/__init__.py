"""Topics in documents: shares, vectors, assignment, and statistics of the training documents."""
