"""What the buttons below a chapter's figures begin in JupyterLab: comparisons and small trainings.

With HW1_SCREENSHOTS a picture of each is kept in the folder of that name.
"""

import os
import re
from pathlib import Path

import pytest
from lab_pages import changed, run_all

pytestmark = pytest.mark.browser


def kept(box, name):
    """Keep a picture for whoever wants to look."""
    if folder := os.environ.get("HW1_SCREENSHOTS"):
        box.screenshot(path=Path(folder) / f"{name}.png")


def press(box, name):
    box.get_by_role("button", name=name).click()


def test_a_run_is_put_beside_ours_with_a_table_of_verdicts(open_page, lab):
    page = open_page(lab)
    _, box = run_all(page, lab, "21_weight_paths")
    ids = page.locator(".explorer [id]").evaluate_all("found => found.map(one => one.id)")
    assert len(set(ids)) == len(ids)  # or a label would lead into another figure
    press(box, "Your run against ours")
    table = box.locator(".told table")
    table.wait_for(timeout=60_000)
    heads = table.locator("th").all_inner_texts()
    assert heads[:4] == ["claim", "in our words", "your run", "ours"]
    rows = table.locator("tbody tr")
    assert rows.count() >= 5
    assert "not tested" in rows.first.inner_text()  # three trainings are too few
    assert "Settings that differ" in box.locator(".status").inner_text()
    assert "points inside our band" in box.locator(".readings").inner_text()
    assert box.locator(".legend").get_by_text("ours: test accuracy").is_visible()
    kept(box, "against")
    press(box, "Back to what is stored")
    table.wait_for(state="hidden")


def test_small_networks_are_trained_and_their_mistakes_shown(open_page, lab):
    page = open_page(lab)
    _, box = run_all(page, lab, "12_image_task")
    box.get_by_label("Pixels", exact=True).select_option(label="permuted")
    press(box, "Train small networks")
    box.get_by_label("Look at", exact=True).wait_for(timeout=90_000)
    words = box.locator(".panels > svg").nth(1).locator("svg text")
    assert words.count() > 3
    assert box.get_by_label("Pixels", exact=True).input_value() == "1"
    assert all(re.search("→", text) for text in words.all_text_contents())
    kept(box, "mistakes")
    changed(page, box, lambda: box.get_by_label("Look at", exact=True).select_option("1"))
    changed(page, box, lambda: box.get_by_label("Images", exact=True).select_option("1"))
    kept(box, "mistakes-natural")
    press(box, "Back to what is stored")
    box.get_by_label("Network", exact=True).wait_for()


def test_a_place_between_two_networks_says_what_images_are(open_page, lab):
    page = open_page(lab)
    _, box = run_all(page, lab, "33_interpolation")
    press(box, "Train two and go between them")
    box.get_by_text("What it says there").wait_for(timeout=60_000)
    for key in ("Home", "End"):
        changed(page, box, lambda key=key: box.get_by_label("Position", exact=True).press(key))
    kept(box, "between")


def test_pixels_that_a_network_reacts_to_are_shown(open_page, lab):
    page = open_page(lab)
    _, box = run_all(page, lab, "34_sensitivity")
    press(box, "Train with small and large batches")
    box.get_by_text("Reacts to").first.wait_for(timeout=60_000)
    changed(page, box, lambda: box.get_by_label("Trained with", exact=True).select_option("1"))
    kept(box, "maps")


def test_a_classifier_is_visited_with_its_confusions(open_page, lab):
    page = open_page(lab)
    _, box = run_all(page, lab, "24_error_surface")
    box.get_by_label("Network", exact=True).select_option("2")
    press(box, "Train one and go there")
    box.get_by_text("Test images").first.wait_for(timeout=60_000)
    changed(page, box, lambda: box.get_by_label("First direction", exact=True).press("End"))
    kept(box, "confusions")
