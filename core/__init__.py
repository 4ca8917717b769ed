"""Models, data sets and training steps of four documents on learning PyTorch, as pure generators.

One lesson, one module, each with `Config`, `State` and `run(config, state=None)`. Nothing here
imports Streamlit.
"""
