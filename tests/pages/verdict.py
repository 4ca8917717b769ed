"""What the verdict of a page says."""

import re


def verdict(page) -> dict[str, list[str]]:
    """Its rows: quantity -> predicted, measured with what a run lacks, error; none where the run is
    not whole.
    """
    bodies = [element.proto.body for element in page.get("html")]
    body = next((body for body in bodies if 'verdict"' in body), "")
    rows = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', body)
    return {
        re.sub(r"<span.*", "", head): re.findall(r"<td[^>]*>(.*?)</td>", cells)
        for head, cells in rows
    }
