"""Two answers that are JSON, tables or tool calls: leaf by leaf, and by their schema."""
