"""A page whose run takes long, for its tests and the speed table; not of the app."""
