"""Theory of `core.sequences`, in the order to read it: the waves and what is known of them without
training, the two cells step by step, what a network says of a wave that goes on, what its gates do,
what a run shows of all that, many seeds, and the script.
"""
