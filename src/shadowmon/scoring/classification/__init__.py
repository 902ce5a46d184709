"""Two classifiers: labels, their distributions, and each class once truth is known."""
