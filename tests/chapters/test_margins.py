"""The margin of every claim, written down a second time.

A margin says how large an effect has to be before it counts, and is chosen before its result is
seen. Changing one is a decision: it is made in the chapter, with its reason, and a second time
here. A chapter that is not listed here has its `MARGINS` in its own test file.
"""

import importlib

import pytest

from hw1lib.chapters.registry import discover

MARGINS = {
    "function_fit": {
        "A-C1a": 0.1, "A-C1b": 0.1, "A-C2": 0.1, "A-C3a": 1.25, "A-C3b": 1.25, "A-C4": 0.1,
        "A-C5": 1.25, "A-C6": 1.25, "A-C7a": 1.25, "A-C7b": 1.25, "A-C7c": 10.0, "A-C7d": 1.25,
        "B-C1": 0.05, "B-C2": 1.25, "B-C3": 1.25, "B-C4": 0.05, "B-C5": 1.25, "B-C6": 1.25,
        "B-C7": 0.1, "E-11a": 0.1, "E-11b": 1.25, "E-11c": 1.25, "E-11d": 1.25,
    },
    "image_task": {
        "A-C8a": 1.1, "A-C8b": 1.0, "A-C8c": 1.1, "A-C9a": 1.1, "A-C9b": 1.0, "A-C9c": 1.1,
        "A-C10a": 1.1, "A-C10b": 1.0, "A-C10c": 1.1, "A-C11a": 1.0, "A-C11b": 1.0, "B-C8a": 1.1,
        "B-C8b": 0.05, "E-12a": 0.1, "E-12b": 1.0, "E-12c": 1.0, "E-12d": 1.0, "E-12e": 1.0,
    },
    "weight_paths": {
        "A-C12a": 0.1, "A-C12b": 10.0, "A-C13a": 1.1, "A-C13b": 1.1, "A-C13c": 1.1,
        "A-C13d": 10.0, "E-21a": 0.1, "E-21b": 0.1,
    },
    "gradient_norm": {
        "A-C14a": 0.1, "A-C14b": 1.12, "A-C14c": 0.01, "A-C15a": 1.5, "A-C15b": 1.5,
        "A-C15c": 1.12, "A-C16a": 0.1, "A-C16b": 1.12, "A-C16c": 0.01, "A-C17a": 2.0,
        "A-C17b": 2.0, "A-C17c": 2.0, "A-C17d": 2.0, "A-C17e": 2.0, "A-C17f": 2.0, "A-C17g": 10.0,
        "A-C17h": 10.0, "A-C17i": 1.5, "B-C9a": 0.1, "B-C9b": 0.1, "B-C10a": 0.05, "B-C10b": 0.05,
        "E-22a": 0.1, "E-22b": 2.0, "E-22c": 2.0, "E-22d": 0.1, "E-22e": 1.25, "E-22f": 1.25,
    },
    "minimal_ratio": {
        "A-C18a": 0.1, "A-C18b": 0.1, "A-C19a": 0.1, "A-C19b": 0.1, "A-C19c": 0.1, "A-C19d": 0.1,
        "A-C20a": 0.3, "A-C20b": 0.3, "A-C20c": 0.3, "A-C20d": 0.3, "A-C21": 0.3,
        "B-C11a": 0.05, "B-C11b": 0.05, "B-C12a": 0.3, "B-C12b": 0.3, "B-C12c": 0.3,
        "B-C12a, along": 0.3, "B-C12b, along": 0.3, "B-C12c, along": 0.3, "B-C13": 0.3,
        "E-23a": 0.3, "E-23b": 0.3, "E-23c": 0.3, "E-23d": 0.3,
    },
    "error_surface": {
        "E-24i": 0.25, "E-24a": 1.0, "E-24b": 1.0, "E-24c": 1.25, "E-24d": 1.25, "E-24e": 1.25,
        "E-24f": 1.25, "E-24g": 1.25, "E-24h": 1.25,
    },
    "random_labels": {
        "A-C22": 1.0, "B-C14": 1.0, "A-C22, A's scale": 1.0, "A-C22, trained on": 1.0,
        "B-C14, B's scale": 1.0, "B-C15": 1.25, "B-C15, B's scale": 1.25, "E-31a": 1.25,
        "E-31b": 1.25, "E-31c": 5.0, "E-31d": 1.25, "E-31e": 1.25, "E-31f": 1.0, "E-31g": 1.0,
        "E-31h": 2.0, "E-31i": 2.0, "E-31j": 1.25, "E-31k": 2.0, "E-31l": 2.0,
    },
    "capacity": {
        "A-C23a": 1.1, "A-C23b": 1.1, "A-C24a": 0.02, "A-C24b": 1.1, "A-C24c": 1.0, "A-C24d": 0.1,
        "A-C25a": 1.0, "A-C25b": 0.1, "A-C25c": 0.1, "A-C26a": 0.005, "A-C26b": 0.25,
        "A-C26c": 1.02, "A-C26d": 0.1, "A-C27a": 1.0, "A-C27b": 1.0, "B-C16": 1.1, "B-C17": 1.02,
        "B-C18": 0.1, "E-32a": 0.1, "E-32b": 1.0, "E-32c": 1.25, "E-32d": 0.5, "E-32e": 1.1,
    },
    "interpolation": {
        "A-C28a": 0.5, "A-C28b": 0.5, "A-C29": 1.25, "A-C30a": 0.05, "A-C30b": 0.05,
        "A-C30c": 1.0, "A, faster, low rate": 0.2, "A, faster, high rate": 0.2, "A-C31": 0.2,
        "A-C32": 1.0, "B-C19a": 1.25, "B-C19b": 1.25, "B-C19, per update": 1.25, "B-C20": 0.05,
        "B-C20, rate": 0.05, "E-33e": 1.25, "E-33c": 1.25, "E-33a": 0.05, "E-33b": 0.05,
        "E-33d": 0.05, "33, SGD": 0.05, "33, order, SGD": 0.05, "33, order, Adam": 0.05,
        "33, distance": 1.25,
    },
    "sensitivity": {
        "A-C33a": 1.25, "A-C33b": 1.25, "A-C33c": 0.1, "A-C33, control": 1.25, "A-C34a": 0.1,
        "A-C34b": 0.1, "A-C34c": 0.1, "A-C35a": 1.25, "A-C35b": 1.25, "A-C36": 1.25,
        "A-C36b": 1.25, "E-34g": 1.25, "E-34h": 1.25, "E-34i": 0.1, "E-34a": 10.0,
        "34, perceptron": 1.25, "34, F1": 10.0, "34, F1, equal loss": 10.0, "E-34b": 1000.0,
        "E-34c, probabilities": 1.25, "E-34c, outputs": 1.25, "E-34d, probabilities": 1.25,
        "E-34d, outputs": 1.25, "E-34e, probabilities": 0.3, "E-34e, outputs": 0.3,
        "34e at equal loss, probabilities": 0.3, "34e at equal loss, outputs": 0.3, "E-34f": 0.3,
        "34f at equal loss": 0.3,
    },
}  # fmt: skip


@pytest.mark.parametrize("chapter", discover().values(), ids=lambda chapter: chapter.name)
def test_no_margin_moves_unnoticed(chapter):
    written = MARGINS.get(chapter.name)
    if written is None:
        written = importlib.import_module(f"test_{chapter.name}").MARGINS
    assert {claim.id: claim.margin.size for claim in chapter.claims} == written


def test_no_margin_is_left_of_a_chapter_that_is_gone():
    assert set(MARGINS) <= {chapter.name for chapter in discover().values()}
