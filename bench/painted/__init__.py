"""A page of all that the player paints, for the speed table and for its tests; not of the app."""
