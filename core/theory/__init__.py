"""What theory says of each lesson, and how the same is measured on a run.

A lesson's module passes the names on, so that nobody else needs to know where they stand. Nothing
here imports a lesson, but for types: theory asks a Config for its numbers, and trains nothing.
"""
