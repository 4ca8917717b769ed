"""What holds for every test."""

import os

# As in the app (ui/warmup.py): tests run side by side, and PyTorch's threads would wait for one
# another. Read when PyTorch is loaded, which no plugin of pytest does before this.
os.environ.setdefault("OMP_NUM_THREADS", "1")
