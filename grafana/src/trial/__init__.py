"""Trial: one optimized model against its baseline, from the funnel to the weight."""
