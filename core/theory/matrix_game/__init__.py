"""Theory of `core.matrix_game`: its equilibrium, its flow, its courses, its portrait, its laps."""
