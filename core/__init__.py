"""Models, data sets and training steps of four documents on learning PyTorch, as pure generators.

One lesson, one module, each with `Config`, `State` and `run(config, state=None)`. What theory says
of it stands in `core.theory`, and can be had from the lesson. Nothing here imports Streamlit.
"""
