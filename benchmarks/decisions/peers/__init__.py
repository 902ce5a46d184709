"""
How other tools would have decided, by their documents and sources; read, and written anew.

For comparison in this bench only. What each rule needs that is not in its document (thresholds, how
often it looks) was chosen by us and stands beside the rule.
"""
