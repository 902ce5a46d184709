"""Wire formats to and from the one normal form. Sans-io."""
