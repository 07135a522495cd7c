"""Our recipes beside the models that people use: the same counts, the same held-out documents, the same figures."""
