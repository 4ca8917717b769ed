"""What every page looks like around its own content: spacing, the heading, the links at its end."""

from collections.abc import Sequence

import streamlit as st
from streamlit.elements.lib.mutable_tab_container import TabContainer

from ui.lessons import lesson, neighbours
from ui.theme import BLUE, GREEN, GREY, VERMILION

# Streamlit's inks for code are too pale; mixed with the text's colour these suit both themes.
_INKS = "".join(
    f".stCode code .token:is({kinds}) {{ color: color-mix(in srgb, {ink} 60%, currentColor); }}\n"
    for kinds, ink in (
        (".keyword, .function, .class-name", BLUE),
        (".string, .boolean", GREEN),
        (".number", VERMILION),
        (".comment", GREY),
    )
)
# What scrolls must take the keyboard's focus. Formulas are made to fit instead (the widest is 16.4
# font sizes wide), and code scrolls with its copy button, which takes the focus.
_STYLE = """<style>
[data-testid="stMainBlockContainer"] {
  padding-top: 3.25rem; padding-bottom: 3rem; max-width: 1240px;
}
[data-testid="stMainBlockContainer"] p { max-width: 70ch; text-wrap: pretty; }
[data-testid="stMainBlockContainer"] h1 { padding: 0 0 0.25rem; font-size: 2.1rem; }
[data-testid="stMainBlockContainer"] h2 { font-size: 1.75rem; }
[data-testid="stMainBlockContainer"] .stVerticalBlock { gap: 0.75rem; }
[data-testid="stMain"] .st-key-late_player { max-height: 0; overflow: hidden; visibility: hidden;
  animation: late 0s 5s forwards; }
[data-testid="stMain"] .st-key-late_player * { visibility: inherit; }
@keyframes late { to { max-height: 10rem; visibility: visible; } }
[data-testid="stMain"]:has([data-testid^="stBidiComponent"], .st-key-no_player)
  .st-key-late_player { display: none; }
.stColumn:has(.katex-display) { container-type: inline-size; }
.stColumn .stMarkdown .katex-display { margin: 0.25rem 0; padding-bottom: 0.4rem;
  overflow: visible; font-size: min(1em, 6cqi); }
.stMarkdown [data-testid="stCaptionContainer"] { opacity: 0.75; }
[data-testid="stCaptionContainer"] code { color: inherit; }
.stCode { display: grid; overflow-x: auto; }
.stCode > * { grid-area: 1 / 1; }
.stCode > pre { overflow: visible; }
.stCode > pre + div { position: sticky; right: 0; place-self: start end;
  opacity: 1; visibility: visible; pointer-events: auto; }
</style>"""

# In place of words that would give away what a learner has chosen not to be told.
WATCH = "Watch what they do with these settings."


def style() -> None:
    """Less air above, lines of at most 70 characters."""
    st.html(f"{_STYLE}<style>{_INKS}</style>")


def heading(name: str, answer: str, formula: str) -> None:
    """The lesson's question, in a few sentences what it shows, and the formula beside them."""
    st.title(lesson(name).question, anchor=False)
    words, mathematics = st.columns([5, 3], gap="medium", vertical_alignment="center")
    words.markdown(answer)
    mathematics.latex(formula)
    # The run of a page can be cut off here by a word of the page before. The style shows this only
    # where five seconds later there is no player.
    with st.container(key="late_player", horizontal=True, vertical_alignment="center"):
        st.markdown("The player has not come.")
        st.button("Try again", key=f"{name}.try_again", icon=":material/refresh:")


def tabs(name: str, *titles: str) -> Sequence[TabContainer]:
    """Tabs whose `open` says which is in front: one that is not need not be filled.

    Code above all: colouring it takes a browser a quarter of a second.
    """
    return st.tabs(list(titles), key=f"{name}.tab", on_change="rerun")


def links(name: str) -> None:
    """To the lesson before, the home page, and the next lesson."""
    before, after = neighbours(name)
    with st.container(horizontal=True):
        if before:
            st.page_link(before.page, label=before.title, icon=":material/arrow_back:")
        st.page_link("pages/home.py", label="All lessons", icon=":material/apps:")
        if after:
            st.page_link(after.page, label=after.title, icon=":material/arrow_forward:")
