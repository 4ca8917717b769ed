"""Speed, by hand: ratios taken side by side in one process, frames counted in a browser."""
