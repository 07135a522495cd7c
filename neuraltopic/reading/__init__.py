"""Documents from files: rows with their texts, ids and metadata, in input order."""
