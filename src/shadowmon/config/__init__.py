"""
How is it configured?

In: YAML, environment, secret files, flags. Out: one `Settings`, whole, or one error with every
complaint. The only room that reads configuration files and the environment.
"""
