"""
Dashboards drawn as SVG from answers of Prometheus, where no Grafana is at hand.

What is drawn is what a dashboard's JSON says: panels, queries, legends, units, colours, bands and
dashes. Only the forms that our dashboards have are known, as such a panel looks by default.
Nothing here asks anything: series come in, text goes out, and equal input gives equal text.
"""
