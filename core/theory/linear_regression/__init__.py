"""Theory of `core.linear_regression`, in the order to read it: the system A x = b itself, what is
predicted of a course, how a run is measured, and what a picture of the plane shows.
"""
