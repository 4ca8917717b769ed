"""Torch Explorables: watch PyTorch learn. Start with `make run`, or `streamlit run app.py`."""

import streamlit as st

from ui.lessons import LESSONS

if __name__ == "__main__":  # the script that runs for every visitor
    from ui import layout, warmup

    layout.style()
    home = st.Page("pages/home.py", title="Home", default=True)
    page = st.navigation([home, *(st.Page(lesson.page, title=lesson.title) for lesson in LESSONS)])
    here = "" if page is home else f"{page.title} · "  # or all tabs and bookmarks look the same
    st.set_page_config(f"{here}Torch Explorables", layout="wide")
    if page is not home:
        warmup.wait()
    page.run()
else:  # what `streamlit run` imports: the server that runs the script
    from ui import server

    app = st.App(
        __file__,
        lifespan=server.lifespan,
        routes=server.routes,
        middleware=server.middleware,
        on_script_error=server.sorry,
    )
