"""The tabs of a page: opened, and the tables in them."""


def opened_tab(page, name: str, title: str):
    """The page of the lesson `name`, with that tab open."""
    page.session_state[f"{name}.tab"] = title
    page.run()
    assert not page.exception
    return page


def tables(page) -> str:
    """All that stands on the page as HTML."""
    return "".join(element.proto.body for element in page.get("html"))
