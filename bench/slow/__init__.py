"""A page whose run takes long, for its tests; not of the app."""
