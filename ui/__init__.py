"""What pages are made of: the player, charts, controls, the verdict, the look."""
