"""Theory of `core.matrix_game`, in the order to read it: the equilibrium, orbits of the flow around
it, the course of a run, its laps as measured and as foreseen, the portrait of a game, and games
that have a name.
"""
