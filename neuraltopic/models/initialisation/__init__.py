"""What a model takes from the counts to start from."""
