"""The parts of `DocumentVAE`: inference, the summary of the training documents, and what is stored."""
