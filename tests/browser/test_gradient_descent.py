"""The lesson as a learner meets it."""

PAGE = "gradient_descent"

# Coloured pixels of each picture, its canvases together.
INK = """boxes => boxes.map(box => {
    let strong = 0;
    for (const canvas of box.querySelectorAll('canvas')) {
        const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        for (let i = 0; i < data.length; i += 4) {
            const [low, , high] = [data[i], data[i + 1], data[i + 2]].sort((a, b) => a - b);
            if (data[i + 3] > 200 && high - low > 60) strong += 1;
        }
    }
    return strong;
})"""


def test_a_diverging_run_is_drawn_and_explained_and_can_be_mended(visit):
    visitor = visit()
    page = visitor.open(f"{PAGE}?gradient_descent.learning_rate=1.1&gradient_descent.steps=2000")
    visitor.click("end")
    visitor.until_step(2000)
    assert min(page.eval_on_selector_all(".canvas", INK)) > 200
    page.wait_for_selector("text=Why it runs away")
    page.get_by_role("button", name="the largest that still learns").click()
    page.wait_for_selector("text=Why it runs away", state="detached")
    visitor.rest()
    assert "0.995" in page.inner_text("[data-testid=stSidebar]")


def test_the_menu_of_presets_sets_the_controls(visit):
    visitor = visit()
    page = visitor.open(PAGE)
    page.get_by_role("button", name="as in the notes").click()
    page.get_by_text("past the edge").click()
    page.wait_for_selector("text=Why it runs away")
    visitor.rest()
    assert page.inner_text("[data-testid=player-last]") == "40"
    assert page.get_by_role("button", name="past the edge").is_visible()
    assert "gradient_descent.learning_rate=1.05" in page.url


def test_a_guess_then_the_experiment_plays_by_itself(visit):
    visitor = visit()
    page = visitor.open(PAGE)
    button = page.get_by_role("button", name="Play it")
    assert button.is_disabled()
    page.get_by_text("swing and never settle", exact=True).click()
    visitor.rest()
    button.click()
    page.wait_for_selector("text=as you said")
    page.wait_for_timeout(1500)
    assert visitor.step() > 3
    assert "13.93" in page.inner_text("[data-testid=stMain]")


def test_a_link_out_of_range_gets_a_message_and_a_sensible_run(visit):
    visitor = visit()
    page = visitor.open(f"{PAGE}?gradient_descent.learning_rate=7&gradient_descent.steps=1e999")
    text = page.inner_text("[data-testid=stMain]")
    assert "learning_rate = 7 is not allowed" in text
    assert "steps = inf is not allowed" in text
    assert page.inner_text("[data-testid=player-last]") == "100"


def test_a_start_of_the_wrong_length_leaves_the_last_good_run_on_screen(visit):
    visitor = visit()
    page = visitor.open(PAGE)
    page.get_by_text("More settings").click()
    field = page.get_by_label("Start", exact=True)
    field.fill("1, 2")
    field.press("Enter")
    page.wait_for_selector("text=it must hold 2 numbers, not 5")
    visitor.rest()
    visitor.click("end")
    visitor.until_step(100)
    field.fill("5, 5, 5, 5, 5")
    field.press("Enter")
    page.wait_for_selector("text=it must hold 2 numbers, not 5", state="detached")
