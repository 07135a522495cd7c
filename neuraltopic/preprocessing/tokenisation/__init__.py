"""From texts to numbered tokens, in one process or several."""
