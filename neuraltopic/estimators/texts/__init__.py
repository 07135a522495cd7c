"""The parts of `TopicModel`: inference on texts, topics, edits, pictures and search."""
