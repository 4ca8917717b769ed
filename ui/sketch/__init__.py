"""A place to draw on, and what networks think of the drawing meanwhile."""
