"""Two texts: their words, numbers and negations, by counts that need no model."""
