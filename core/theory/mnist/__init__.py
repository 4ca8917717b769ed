"""Theory of `core.mnist`, in the order to read it: the network as a function, its size and the
limits of its loss; single pictures; what one state's parameters say; the figures of the document;
what a run shows of them; and the script.
"""
