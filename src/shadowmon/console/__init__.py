"""
What do people see, and what may they ask for?

In: HTTP. Out: the view as JSON and metrics; what people ask, as events.
It changes nothing itself.
"""
