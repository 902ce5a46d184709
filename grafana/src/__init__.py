"""
The dashboards, as code: `python -m grafana.src` writes grafana/dashboards/*.json again.

One file for each dashboard; panels.py has the few forms that a panel can take here.
"""
