"""Theory of `core.linear_regression`: its system, its course, its plane, its measures."""
