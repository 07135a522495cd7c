"""Topics in groups of documents: periods, classes, metadata, new documents."""
