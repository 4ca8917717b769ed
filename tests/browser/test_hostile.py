"""Links with the smallest and the largest numbers there are: each shows a player, and no error."""

import pytest


@pytest.mark.parametrize(
    "link",
    [
        "linear_regression?linear_regression.A=1e-320,0;0,1e-320",
        "linear_regression?linear_regression.A=1e-160,0;0,1e-160",
        "linear_regression?linear_regression.A=1e300,0;0,1e300",
        "gradient_descent?gradient_descent.start=-0&gradient_descent.target=1e-320",
    ],
)
def test_a_player_comes_and_plays(visit, link):
    visitor = visit()  # in the end it has seen no error in the console and no exception
    page = visitor.open(link.replace(";", "%3B"))
    assert int(page.inner_text("[data-testid=player-last]")) > 0
    visitor.click("end")
    visitor.until_step(int(page.inner_text("[data-testid=player-last]")))
