"""From text to bag-of-words counts, and the decoder that explains counts."""
