"""Every chapter that learns images learns those of a folder, and says so on all that it shows.

Each chapter's notebook is run here, cell by cell, so that captions are those of the report.
"""

import re

import nbformat
import numpy as np
import pytest
from matplotlib.text import Text
from PIL import Image
from test_notebooks import NOTEBOOKS

from hw1lib.chapters import registry
from hw1lib.data import image_sets, own_images
from hw1lib.data.published import DataError
from hw1lib.judging import verdicts
from hw1lib.measuring import generalization
from hw1lib.results.specs import SettingError
from hw1lib.showing import carried, figures

CHAPTERS = {
    c.notebook: c for c in registry.discover().values() if hasattr(c.profiles["smoke"], "data")
}
# by the number of their notebook, what is made of functions alone
OF_FUNCTIONS = {
    "22": ("zoom", "swing", "memory", "edge", "batch", "oscillation", "slips"),
    "24": ("fit-line", "direction", "slips"),
    "00": ("words", "audit", "literature", "coverage"),
}
# what says in words what the reports or others learned
OF_OTHERS = r"-(verdicts|slips|literature|theirs|long|keskar|index|coverage)$"
NAMED = re.compile(r"MNIST|CIFAR|digit|colour image", re.IGNORECASE)


def make(root, names, *, train, test, size, mode="RGB", seed=0):
    """Write pictures, each with a bright band whose place tells the class."""
    width, height = size
    generator = np.random.default_rng(seed)
    for split, count in (("train", train), ("test", test)):
        for k, name in enumerate(names):
            (root / split / name).mkdir(parents=True)
            for number in range(count):
                shape = (height, width, 3) if mode == "RGB" else (height, width)
                pixels = generator.integers(0, 150, shape, np.uint8)
                pixels[k * height // len(names) : (k + 1) * height // len(names)] += 100
                Image.fromarray(pixels).save(root / split / name / f"{number}.png")
    return root


@pytest.fixture(scope="module", autouse=True)
def store(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HW1_RESULTS", str(tmp_path_factory.mktemp("results")))
        patch.setattr(generalization, "describe", describe)
        yield


def describe(task, model, *, examples, seeds):
    """Measure nothing, which spares most of the time; no image is of another kind there."""
    values = np.random.default_rng(len(seeds)).random((len(generalization.MEASURES), len(seeds)))
    return dict(zip(generalization.MEASURES, values + 0.1, strict=True))


@pytest.fixture(scope="module")
def strange(tmp_path_factory):
    """Eleven classes in colour, with names in several scripts and of marks."""
    names = [
        "猫",
        "собака",
        "<b>emu",
        "*gnu*",
        "$x_1$",
        "`ape`",
        "a|b",
        "#yak",
        "été",
        "&amp;",
        "-",
    ]
    root = tmp_path_factory.mktemp("own") / "Fotos_<b> *1* $"
    return make(root, names, train=6, test=4, size=(11, 12))


def run(chapter, root, **changes):
    spec = chapter.profiles.choose("smoke", data=f"folder:{root}", **changes)
    return chapter.run(spec, device="cpu", progress=False)


def cells(name, root):
    """Run a notebook's cells here: its figures and tables by their ids, what it says, its names.

    A figure is shown by its caption, its alternative text and all that is written in it.
    """
    shown, said, names = {}, [], {}

    def show(figure, name, caption, *, alt, result, standin="", **_):
        figure.draw_without_rendering()
        texts = [text.get_text() for text in figure.findobj(Text)]
        shown[name] = f"{carried.naming(caption, standin) if standin else caption} {alt} {texts}"

    def table(frame, name, caption, *, standin="", **_):
        text = carried.naming(caption, standin) if standin else caption
        shown[name] = f"{text} {frame.to_string()}"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figures, "show", show)
        patch.setattr(figures, "table", table)
        patch.setattr(figures, "say", lambda *sentences: said.extend(sentences))
        patch.setattr(figures, "points", said.extend)
        patch.setattr(figures, "provenance", lambda *_: None)
        for cell in nbformat.read(NOTEBOOKS[name], as_version=4).cells:
            if cell.cell_type == "code":
                exec(compile(cell.source, cell.id, "exec"), names)
                if "parameters" in cell.metadata.get("tags", []):
                    given = {"profile": "smoke", "device": "cpu", "data": f"folder:{root}"}
                    names.update({key: of for key, of in given.items() if key in names})
    return shown, said, names


@pytest.mark.filterwarnings("ignore:Glyph")
@pytest.mark.parametrize("name", [*CHAPTERS, "00_summary"])
def test_all_that_a_chapter_shows_of_a_folder_names_it(name, strange):
    shown, said, names = cells(name, strange)
    description = image_sets.load("mnist", f"folder:{strange}").description
    number = name.split("_")[0]
    others = OF_FUNCTIONS.get(number, ())
    for key, text in shown.items():
        assert (description in text) != key.endswith(others), key
        if not re.search(OF_OTHERS, key):
            assert not NAMED.search(text), (key, NAMED.search(text))
    assert any(description in text for text in said)
    for text in [*shown.values(), *said]:
        assert not re.search(r"\bnan\b|\bNone\b|\binf\b", text)
    assert names["result"].spec.data == f"folder:{strange}"


@pytest.fixture(scope="module", params=["two", "wide"])
def odd(request, tmp_path_factory):
    """Two classes of small grey images, or three of wide colour ones."""
    root = tmp_path_factory.mktemp("own") / request.param
    if request.param == "two":
        return make(root, ["no", "yes"], train=30, test=20, size=(10, 10), mode="L")
    return make(root, "abc", train=20, test=14, size=(100, 40))


@pytest.mark.parametrize("name", CHAPTERS)
def test_odd_folders_are_learned_by_every_chapter(name, odd):
    if odd.name == "wide" and name[:2] in ("12", "31", "33", "34"):
        pytest.skip("takes a minute; the networks are told all sizes alike")
    chapter = CHAPTERS[name]
    result = run(chapter, odd)
    for metric in chapter.metrics.values():
        assert metric(result).ndim == 1
    assert any(np.isfinite(metric(result)).all() for metric in chapter.metrics.values())
    words = {claim.judge(result).word for claim in chapter.claims}
    assert words <= {verdicts.NOT_TESTED, *verdicts.WORDS}
    assert chapter.answer(result)[0].startswith(f"Learned here: images of the folder {odd.name}, ")


def test_labels_at_random_are_right_once_in_so_many_classes(odd):
    if odd.name == "wide":
        pytest.skip("as for the other folder")
    chapter = CHAPTERS["31_random_labels"]
    result = run(chapter, odd)
    claims = {claim.id: claim for claim in chapter.claims}
    assert (claims["E-31i"].effect(result).sides["chance"] == 50).all()
    for which in ("A-C22", "A-C22, A's scale", "B-C14", "B-C14, B's scale", "B-C15, B's scale"):
        verdict = claims[which].judge(result)
        assert verdict.word == verdicts.NOT_TESTED
        assert "other images than images of the folder two" in str(verdict)


@pytest.mark.parametrize("name", CHAPTERS)
@pytest.mark.parametrize(
    ("images", "sentence"),
    [
        ({"train": 3, "test": 3, "size": (10, 10)}, "only 6 are learned|at most the 6 training"),
        ({"train": 9, "test": 9, "size": (5, 5)}, "5x5 colour, expected sides of 10 to 256"),
    ],
    ids=["few", "small"],
)
def test_what_a_chapter_cannot_learn_is_refused_in_one_sentence(name, images, sentence, tmp_path):
    root = make(tmp_path / "pets", ["cat", "dog"], **images)
    with pytest.raises((SettingError, DataError), match=sentence) as refused:
        run(CHAPTERS[name], root)
    assert "\n" not in str(refused.value)


def test_a_picture_that_a_folder_holds_twice_is_fitted_once(tmp_path):
    root = make(tmp_path / "pets", ["cat", "dog"], train=10, test=6, size=(10, 10), mode="L")
    for number in range(10, 20):  # the same under another name and class
        (root / "train" / "dog" / f"{number}.png").write_bytes(
            (root / "train" / "cat" / f"{number - 10}.png").read_bytes()
        )
    result = run(CHAPTERS["32_capacity"], root, noisy_examples=30)
    assert (result.learned, result.fitted) == (30, 20)
    assert result.features.counts.max() == 80
    assert (result.features.squared_error("train", noisy=True)[:, -1] < 1e-12).all()
    assert "10 of the images to learn are there twice" in own_images.notice(result.images)


def test_few_different_pictures_are_too_few_for_random_features(tmp_path):
    root = make(tmp_path / "pets", ["cat", "dog"], train=1, test=1, size=(10, 10))
    for name in ("cat", "dog"):
        for number in range(1, 30):
            (root / "train" / name / f"{number}.png").write_bytes(
                (root / "train" / name / "0.png").read_bytes()
            )
    with pytest.raises(SettingError, match="hold 2 different ones to learn, too few for 5"):
        run(CHAPTERS["32_capacity"], root)
