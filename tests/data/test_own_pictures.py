"""Folders of pictures as people have them: read as they are, or refused in one sentence.

Each kind was reported against another project: torchvision's ImageFolder, Pillow or pandas.
"""

import os
import unicodedata
import warnings

import numpy as np
import pytest
import torch
from PIL import Image

from hw1lib.chapters.gradient_norm.trainings import DigitsTraining, train_digits
from hw1lib.data import folders, image_sets, own_images, published
from hw1lib.data.image_sets import Split
from hw1lib.training.run import Run

PIXELS = np.random.default_rng(0).integers(0, 256, (10, 12, 3), np.uint8)
PICTURE = Image.fromarray(PIXELS)


@pytest.fixture
def root(tmp_path):
    generator = np.random.default_rng(1)
    for split in ("train", "test"):
        for name in ("cat", "dog"):
            (tmp_path / "pets" / split / name).mkdir(parents=True)
            for number in range(2):
                pixels = generator.integers(0, 256, (10, 12, 3), np.uint8)
                Image.fromarray(pixels).save(tmp_path / "pets" / split / name / f"{number}.png")
    return tmp_path / "pets"


def load(root):
    return image_sets.load("mnist", f"folder:{root}")


def refused(root, sentence):
    with pytest.raises(published.DataError, match=sentence) as error:
        load(root)
    assert "\n" not in str(error.value)


# The published digits as pictures


def test_mnist_as_pictures_gives_the_same_numbers_as_mnist(tmp_path):
    """Bit for bit, of the same digits in the same order and normalized alike.

    A folder's order is its own, class by class and mixed, and its mean and standard deviation are
    those of its own pictures; the published set has another order and constants that everybody
    uses. So these digits are put in the folder's order here, and given its constants.
    """
    try:
        mnist = image_sets.load("mnist", "real")
    except published.UnavailableError as reason:
        pytest.skip(f"needs the real digits: {reason}")
    parts = []
    for split, part, count in (("train", mnist.train, 300), ("test", mnist.test, 100)):
        for number in range(count):
            folder = tmp_path / "digits" / split / str(int(part.labels[number]))
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(part.images[number, 0].numpy()).save(folder / f"{number:05d}.png")
        labels = part.labels[:count].numpy()
        by_class = np.argsort(labels, kind="stable")
        order = torch.from_numpy(by_class[folders.mixed(labels[by_class])])
        parts.append(Split(part.images[order], part.labels[order]))
    pictures = load(tmp_path / "digits")
    digits = image_sets.assembled("mnist", "real", *parts, mnist.classes)
    assert pictures.classes == digits.classes
    assert pictures.fingerprint == digits.fingerprint  # so stored results are found, too
    assert (pictures.mean, pictures.std) == (digits.mean, digits.std)
    np.testing.assert_allclose(digits.mean + digits.std, mnist.mean + mnist.std, atol=0.01)
    settings = DigitsTraining((784, 10, 20, 10), 300, 100, 30, 1e-2, epochs=3, seeds=(0, 1))
    found, expected = (
        train_digits(settings, images, run=Run("cpu")) for images in (pictures, digits)
    )
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values)
    assert (found["accuracy"] > 0.3).all()  # something was learned


# Pictures of other kinds


@pytest.mark.parametrize("mode", ["P", "RGBA"])
@pytest.mark.parametrize("kind", ["png", "gif"])
def test_what_is_stored_otherwise_but_shows_the_same_is_read(root, mode, kind):
    few = PICTURE.quantize(16)
    if kind == "gif" and mode == "RGBA":
        pytest.skip("there is none")
    few.convert(mode).save(root / "train" / "cat" / f"other.{kind}")
    expected = torch.from_numpy(np.array(few.convert("RGB"))).permute(2, 0, 1)
    assert any(torch.equal(image, expected) for image in load(root).train.images)


def test_black_and_white_is_grey(tmp_path):
    for split in ("train", "test"):
        for name in ("cat", "dog"):
            (tmp_path / split / name).mkdir(parents=True)
            PICTURE.convert("1").save(tmp_path / split / name / "0.png")
    images = load(tmp_path).train.images
    assert images.shape == (2, 1, 10, 12)
    assert set(images.unique().tolist()) == {0, 255}


@pytest.mark.parametrize(
    ("name", "write", "sentence"),
    [
        ("seen.png", lambda file: PICTURE.quantize(8).save(file, transparency=0), "mode P"),
        ("deep.png", lambda file: Image.new("I;16", (12, 10), 999).save(file), "mode I;16"),
        ("print.jpg", lambda file: PICTURE.convert("CMYK").save(file), "mode CMYK"),
    ],
)
def test_what_cannot_be_read_without_a_choice_is_refused(root, name, write, sentence):
    write(root / "train" / "cat" / name)
    refused(root, rf"{name} has the {sentence}, expected L .* or RGB .*; convert it")


@pytest.mark.parametrize("kind", ["tiff", "gif", "webp", "png"])
def test_many_pictures_in_one_file_are_not_taken_for_the_first(root, kind):
    more = [PICTURE.rotate(180).convert("RGB")]
    file = root / "train" / "cat" / f"many.{kind}"
    PICTURE.save(file, save_all=True, append_images=more)
    refused(root, f"many.{kind} holds 2 images; give each a file of its own")


def test_a_telephones_picture_with_a_preview_is_one_picture(root):
    file = root / "train" / "cat" / "phone.jpg"
    PICTURE.save(file, "MPO", save_all=True, append_images=[PICTURE.resize((6, 5))])
    with Image.open(file) as opened:
        assert opened.n_frames == 2
    assert len(load(root).train) == 5


@pytest.mark.parametrize("kind", ["HEIC", "avif", "svg"])
def test_pictures_that_are_not_read_are_not_missing_without_a_word(root, kind):
    (root / "test" / "dog" / f"photo.{kind}").write_bytes(b"x")
    refused(root, f"photo.{kind} is of a kind that is not read; convert it")


def test_a_damaged_note_of_the_camera_loses_no_picture(root):
    note = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x02\xff\xff\xff\xff\0\0\0\0"
    PICTURE.save(root / "train" / "cat" / "noted.jpg", exif=note)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert len(load(root).train) == 5
    assert not [warning.message for warning in said]


@pytest.mark.parametrize("keep", [0, 40, -80])
def test_a_picture_that_was_cut_off_is_named(root, keep):
    file = root / "train" / "cat" / "cut.jpg"
    PICTURE.save(file)
    file.write_bytes(file.read_bytes()[:keep])
    refused(root, r"cannot read the image .*cut\.jpg")


def test_a_picture_that_would_fill_the_memory_is_refused(root):
    Image.new("L", (12_000, 9_000)).save(root / "train" / "cat" / "map.png")
    refused(root, r"cannot read the image .*map\.png: Image size")


# Folders as systems leave them


def test_what_systems_leave_behind_is_passed_over(root):
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "._0.png"):
        (root / "train" / "cat" / name).write_bytes(b"x")
    for folder in (root / "train", root / "train" / "cat"):
        for name in ("@eaDir", ".thumbnails", "__MACOSX"):
            (folder / name).mkdir()
    images = load(root)
    assert (len(images.train), images.classes) == (4, ("cat", "dog"))


def test_endings_in_capitals_are_endings(root):
    PICTURE.save(root / "train" / "cat" / "IMG.PNG")
    PICTURE.save(root / "train" / "cat" / "IMG.JPG")
    assert len(load(root).train) == 6


@pytest.mark.parametrize("name", ["old", "x.png"])
def test_folders_inside_a_class_are_not_missing_without_a_word(root, name):
    (root / "train" / "cat" / name).mkdir()
    PICTURE.save(root / "train" / "cat" / name / "0.png")
    refused(root, f"cat holds the folder {name}; the images of a class lie in one folder")


def test_links_may_lead_to_pictures_and_not_in_a_circle(root, tmp_path):
    PICTURE.save(tmp_path / "elsewhere.png")
    link = root / "train" / "cat" / "link.png"
    link.symlink_to(tmp_path / "elsewhere.png")
    assert len(load(root).train) == 5
    link.unlink()
    link.symlink_to(link)
    refused(root, r"cannot read the image .*link\.png")
    link.unlink()
    (root / "train" / "emu").symlink_to(root / "train" / "emu")
    refused(root, "emu is a link that leads to no folder")
    (root / "train" / "emu").unlink()
    (root / "train" / "cat" / "up").symlink_to(root)
    refused(root, "cat holds the folder up")


def test_one_name_in_two_spellings_is_one_class(root):
    for split, form in (("train", "NFC"), ("test", "NFD")):
        (root / split / "cat").rename(root / split / unicodedata.normalize(form, "café"))
    assert load(root).classes == ("café", "dog")
    other = root / "train" / unicodedata.normalize("NFD", "café")
    other.mkdir()
    PICTURE.save(other / "0.png")
    refused(root, "holds the class café twice, in two spellings")


def test_classes_that_differ_by_capitals_are_two(root):
    (root / "test" / "cat").rename(root / "test" / "Cat")
    refused(root, "test holds classes that .*train does not: Cat")


def test_a_name_that_is_no_utf8_can_be_written(root):
    other = os.fsdecode(os.fsencode(root.parent) + b"/caf\xe9")
    root.rename(other)
    images = load(other)
    images.description.encode()
    assert images.name == "caf\ufffd"


def test_pictures_that_may_only_be_read_are_read(root):
    for path in [*root.rglob("*"), root]:
        path.chmod(0o555)
    assert len(load(root).train) == 4
    for path in [root, *root.rglob("*")]:
        path.chmod(0o755)


def test_a_folder_is_read_again_once_it_changed(root, monkeypatch):
    first = load(root)
    assert load(root) is first
    PICTURE.save(root / "train" / "cat" / "new.png")
    assert len(load(root).train) == 5
    (root / "train" / "cat" / "new.png").unlink()
    assert len(load(root).train) == 4


# What is said of them


def test_pictures_that_are_there_twice_or_in_both_splits_are_counted(root):
    assert "twice" not in own_images.notice(load(root))
    data = (root / "train" / "cat" / "0.png").read_bytes()
    (root / "train" / "dog" / "copy.png").write_bytes(data)
    (root / "test" / "cat" / "copy.png").write_bytes(data)
    said = own_images.notice(load(root))
    assert "12×10 pixels, colour, in 2 classes, 5 to learn and 5 to be tested on" in said
    assert "right on 50 %; 1 of the images to learn are there twice; 1 of the test images" in said
    assert own_images.notice(image_sets.load("mnist", "standin", sizes=(5, 5)), None) == ""


def test_colours_below_each_other_are_the_same_to_a_perceptron(root):
    images = load(root)
    plain = own_images.in_one_channel(images)
    assert torch.equal(plain.train.images.flatten(1), images.train.images.flatten(1))
    assert (len(plain.mean), plain.classes) == (1, images.classes)
    assert own_images.in_one_channel(plain) is plain


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("~nobody-has-this-name/x", "Could not determine home directory"),
        ("/a" * 5000, "File name too long"),
        ("/tmp/\0", "embedded null byte"),
        ("/tmp/\ud800", "'utf-8' codec can't encode character"),
    ],
)
def test_a_name_that_no_folder_can_have_is_refused_in_a_line(name, why):
    with pytest.raises(published.DataError) as refused:
        image_sets.load("mnist", f"folder:{name}")
    assert str(refused.value).startswith("there is no folder '")
    assert why in str(refused.value)
    assert len(str(refused.value).encode()) < 250


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_and_not_waited_for(root):
    os.mkfifo(root / "train" / next((root / "train").iterdir()).name / "pipe.png")
    with pytest.raises(published.DataError, match=r"pipe\.png is no file, but a pipe or a device$"):
        image_sets.load("mnist", f"folder:{root}")
