"""The style of all pages: spacing, what scrolls, the inks of code."""

import streamlit as st

from ui.theme import BLUE, GREEN, GREY, VERMILION

# Streamlit's inks for code are too pale; mixed with the text's colour these suit both themes.
_INKS = "".join(
    f".stCode code .token:is({kinds}) {{ color: color-mix(in srgb, {ink} 60%, currentColor); }}\n"
    for kinds, ink in (
        (".keyword, .function, .class-name, .decorator", BLUE),
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
/* Beside a sidebar on a tablet there is no room for words and formula side by side. */
@media (max-width: 950px) {
  .stHorizontalBlock:has(> .stColumn .katex-display) > .stColumn { min-width: 100%; }
}
/* Closed it lies beside the page, where the keyboard would still reach it. */
[data-testid="stSidebar"][data-collapsed="true"],
[data-testid="stSidebar"][data-collapsed="true"] * { visibility: hidden;
  transition: visibility 0s 0.3s; }
[data-testid="stSidebar"] [data-testid="stButtonGroup"] [data-selected="true"] {
  background: none; }
/* Above or below its button a menu of many presets must fit. */
[data-testid="stMenuButtonBody"] { max-height: 45vh; }
.stTabs [role="tablist"] { overflow-x: auto; }
.stTabs [role="tab"] { flex: none; white-space: nowrap; }
.stMarkdown [data-testid="stCaptionContainer"] { opacity: 0.75; }
[data-testid="stCaptionContainer"] code { color: inherit; }
.stCode { display: grid; overflow-x: auto; }
.stCode > * { grid-area: 1 / 1; }
.stCode > pre { overflow: visible; }
.stCode > pre + div { position: sticky; right: 0; place-self: start end;
  opacity: 1; visibility: visible; pointer-events: auto; }
</style>"""


def style() -> None:
    """Less air above, lines of at most 70 characters."""
    st.html(f"{_STYLE}<style>{_INKS}</style>")
