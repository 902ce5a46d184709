"""What runs shadowmon, and what watches it: examples for Prometheus and Alertmanager."""
