"""Theory of `core.sine_fit`, in the order to read it: the data and the loss over amplitude and
frequency, the course of a run, the two-cycle around a minimum, and the end of a run as measured.
"""
