"""Theory of `core.xor`, in the order to read it: the points (and a table of one's own), the network
as a function, its losses, one update in parts, its fields as pictures, the sharpness of the loss,
many seeds as one batch, the best straight line, what a run shows of all that, columns for charts,
and the script.
"""
