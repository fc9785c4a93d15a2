import contextlib
import dataclasses
import gzip
import hashlib
import http.server
import os
import pickle
import re
import shutil
import socket
import subprocess
import sys
import tarfile
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import stats
from torchvision import datasets

from hw1lib.data import folders, functions, image_sets, published, randomized, standins

SMALL = (200, 100)


@pytest.fixture(autouse=True)
def no_memory_of_the_network():
    published._first_to_answer.cache_clear()
    yield
    published._first_to_answer.cache_clear()


# ---------------------------------------------------------------- one-dimensional targets


def test_targets_agree_with_closed_forms():
    x = functions.grid(
        1000, torch.float64
    )  # an even count: x = 0, where numpy would divide by 0, is out
    sine = np.sin(5 * np.pi * x.numpy())
    expected = {"sinc": sine / (5 * np.pi * x.numpy()), "sine": sine, "sign": np.sign(sine)}
    expected["sign"][[0, -1]] = 0  # rounding noise there, which the definition avoids
    assert set(functions.TARGETS) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(functions.TARGETS[name](x).numpy(), values, rtol=0, atol=1e-14)


def test_sinc_agrees_with_numpy_on_1001_points_and_is_one_at_zero():
    x = functions.grid(1001, torch.float64)
    np.testing.assert_allclose(functions.TARGETS["sinc"](x), np.sinc(5 * x.numpy()), atol=1e-15)
    assert functions.TARGETS["sinc"](torch.zeros(1)).item() == 1.0


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_sign_is_zero_at_its_jumps_and_one_in_size_elsewhere(dtype):
    x = functions.grid(1001, dtype)
    y = functions.TARGETS["sign"](x)
    assert (y == 0).nonzero().flatten().tolist() == list(range(0, 1001, 100))
    middles = y[50::100].tolist()  # x = -0.9, -0.7, ...: sin(-4.5 pi) = -1, sin(-3.5 pi) = 1, ...
    assert middles == [-1, 1] * 5
    assert y.abs().sum() == 1001 - 11


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_targets_keep_dtype_and_shape_and_their_symmetry_exactly(dtype):
    x = functions.grid(602, dtype).view(2, 7, 43)
    for name, parity in {"sinc": 1, "sine": -1, "sign": -1}.items():
        y = functions.TARGETS[name](x)
        assert (y.dtype, y.shape) == (dtype, x.shape)
        assert torch.equal(functions.TARGETS[name](-x), parity * y)


def test_grid_is_uniform_symmetric_and_holds_its_ends():
    x = functions.grid(300)
    assert x.dtype == torch.float32
    assert (x[0], x[-1]) == (-1, 1)
    assert torch.equal(x, -x.flip(0))
    torch.testing.assert_close(x.diff(), torch.full((299,), 2 / 299))
    with pytest.raises(ValueError, match="points=1"):
        functions.grid(1)


# ---------------------------------------------------------------------- the real sets


@pytest.fixture(scope="module")
def real_root():
    root = os.environ.get("HW1_DATA")
    if not root:
        pytest.skip("the environment variable HW1_DATA is not set, so there are no real sets")
    return Path(root)


def real(name, root):
    if not (root / published._PUBLISHED[name].folder).exists():
        pytest.skip(f"HW1_DATA holds no {name}")
    return image_sets.load(name, "real")


@pytest.mark.parametrize("name", image_sets.DATASETS)
def test_a_set_without_its_pixels_is_known_by_the_real_ones_fingerprint(name, real_root):
    known, there = image_sets._known(name), real(name, real_root)
    assert (known.has_pixels, there.has_pixels) == (False, True)
    for field in ("name", "source", "mean", "std", "classes", "fingerprint", "description"):
        assert getattr(known, field) == getattr(there, field)
    for part in ("train", "test"):
        one, other = getattr(known, part), getattr(there, part)
        assert one.images.shape == other.images.shape
        assert (one.images.dtype, one.labels.dtype) == (other.images.dtype, other.labels.dtype)
        assert len(one) == len(other)


def test_mnist_is_the_published_set(real_root):
    mnist = real("mnist", real_root)
    assert (mnist.name, mnist.source, mnist.description) == ("mnist", "real", "MNIST")
    assert mnist.train.images.shape == (60_000, 1, 28, 28)
    assert mnist.test.images.shape == (10_000, 1, 28, 28)
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert mnist.train.labels.bincount().tolist() == counts
    assert mnist.test.labels.bincount()[0] == 980
    for split, train in ((mnist.train, True), (mnist.test, False)):
        theirs = datasets.MNIST(real_root, train=train)
        assert torch.equal(split.images[:, 0], theirs.data)
        assert torch.equal(split.labels, theirs.targets)


def test_cifar10_is_the_published_set(real_root):
    cifar = real("cifar10", real_root)
    assert (cifar.name, cifar.source, cifar.description) == ("cifar10", "real", "CIFAR-10")
    assert cifar.train.images.shape == (50_000, 3, 32, 32)
    assert cifar.test.images.shape == (10_000, 3, 32, 32)
    assert cifar.train.labels.bincount().tolist() == [5000] * 10
    assert cifar.test.labels.bincount().tolist() == [1000] * 10
    assert cifar.classes[0] == "airplane"
    for split, train in ((cifar.train, True), (cifar.test, False)):
        theirs = datasets.CIFAR10(real_root, train=train)
        assert np.array_equal(split.images.permute(0, 2, 3, 1).numpy(), theirs.data)
        assert split.labels.tolist() == theirs.targets


@pytest.mark.parametrize("name", image_sets.DATASETS)
def test_canonical_constants_are_those_of_the_training_images(real_root, name):
    images = real(name, real_root)
    mean, std = image_sets._channel_statistics(images.train.images)
    assert images.mean == pytest.approx(mean, abs=6e-5)
    assert images.std == pytest.approx(std, abs=6e-5)


# ---------------------------------------------------- files in the layout of a real set


def idx(array):
    header = [0, 0, 8, array.ndim, *b"".join(n.to_bytes(4, "big") for n in array.shape)]
    return bytes(header) + array.tobytes()


@pytest.fixture
def tiny_files(monkeypatch):
    """The files of an MNIST of 20 + 10 images and a CIFAR-10 of 50 + 10, checksums patched."""
    g = np.random.default_rng(0)
    files = {}
    for prefix, n in (("train", 20), ("t10k", 10)):
        files[f"{prefix}-images-idx3-ubyte"] = idx(g.integers(0, 256, (n, 28, 28), np.uint8))
        files[f"{prefix}-labels-idx1-ubyte"] = idx((np.arange(n) % 10).astype(np.uint8))
    resources = [(f"{f}.gz", md5(gzip.compress(c, mtime=0))) for f, c in files.items()]
    monkeypatch.setattr(datasets.MNIST, "resources", resources)

    names = [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]
    for name in names:
        pixels = g.integers(0, 256, (10, 3072), np.uint8)
        files[name] = pickle.dumps({"data": pixels, "labels": list(range(10))})
    files["batches.meta"] = pickle.dumps({"label_names": [f"class {i}" for i in range(10)]})
    listed = [[name, md5(files[name])] for name in names]
    meta = {"filename": "batches.meta", "key": "label_names", "md5": md5(files["batches.meta"])}
    monkeypatch.setattr(datasets.CIFAR10, "train_list", listed[:5])
    monkeypatch.setattr(datasets.CIFAR10, "test_list", listed[5:])
    monkeypatch.setattr(datasets.CIFAR10, "meta", meta)
    for known in published._PUBLISHED.values():
        for file in known.files:
            monkeypatch.setitem(known.files, file, md5(files[file]))
    return files


def md5(content):
    return hashlib.md5(content).hexdigest()


@pytest.fixture
def tiny_root(tiny_files, tmp_path):
    root = tmp_path / "sets"
    for name, content in tiny_files.items():
        folder = "MNIST/raw" if name.endswith("ubyte") else "cifar-10-batches-py"
        (root / folder).mkdir(parents=True, exist_ok=True)
        (root / folder / name).write_bytes(content)
    return root


@pytest.mark.parametrize(("name", "sizes"), [("mnist", (20, 10)), ("cifar10", (50, 10))])
def test_files_are_read_as_torchvision_reads_them(tiny_root, name, sizes):
    images = image_sets.load(name, root=tiny_root)
    assert (len(images.train), len(images.test)) == sizes
    theirs = {"mnist": datasets.MNIST, "cifar10": datasets.CIFAR10}[name](tiny_root)
    pixels = torch.as_tensor(theirs.data).reshape(sizes[0], *images.train.images.shape[2:], -1)
    assert torch.equal(images.train.images, pixels.permute(0, 3, 1, 2))
    assert images.train.labels.tolist() == list(theirs.targets)
    assert images.train.images.dtype == torch.uint8
    assert images.train.labels.dtype == torch.int64


def test_files_are_known_as_torchvision_knows_them():
    cifar, known = datasets.CIFAR10, published._PUBLISHED["cifar10"]
    files = dict([*cifar.train_list, *cifar.test_list])
    assert known.files == {**files, cifar.meta["filename"]: cifar.meta["md5"]}
    assert known.folder == cifar.base_folder
    assert cifar.url == known.mirrors[0] + known.archive
    mnist, known = datasets.MNIST, published._PUBLISHED["mnist"]
    assert known.mirrors == (*mnist.mirrors,)
    assert known.archive == mnist.resources[0][0]


def test_torchvision_is_not_waited_for_where_no_server_answers(root):
    script = (
        "import dataclasses, sys\n"
        "from hw1lib.data import published\n"
        "nowhere = ('http://127.0.0.1:9/',)\n"
        "mnist = dataclasses.replace(published._PUBLISHED['mnist'], mirrors=nowhere)\n"
        "published._PUBLISHED['mnist'] = mnist\n"
        "try: published.read('mnist', sys.argv[1])\n"
        "except published.UnavailableError: print('torchvision' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(root)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"


def test_a_set_is_read_once_until_its_files_change(tiny_root, monkeypatch):
    reads = []
    real = published._verified
    monkeypatch.setattr(published, "_verified", lambda *of: reads.append(of) or real(*of))
    for name in image_sets.DATASETS:
        published.read(name, tiny_root)
        there = len(reads)
        published.read(name, tiny_root)
        assert len(reads) == there
    path = tiny_root / "MNIST" / "raw" / "t10k-labels-idx1-ubyte"
    path.write_bytes(path.read_bytes()[:-1] + b"\xff")
    with pytest.raises(published.DataError, match="is damaged"):
        published.read("mnist", tiny_root)


@pytest.mark.parametrize("mode", ["auto", "real"])
@pytest.mark.parametrize(
    "file", ["MNIST/raw/t10k-labels-idx1-ubyte", "cifar-10-batches-py/data_batch_3"]
)
@pytest.mark.parametrize("harm", ["truncated", "altered", "missing", "unreadable"])
def test_a_damaged_real_set_is_refused_and_named_never_replaced(
    tiny_root, monkeypatch, mode, file, harm
):
    path = tiny_root / file
    content = path.read_bytes()
    if harm == "truncated":
        path.write_bytes(content[:-7])
    elif harm == "altered":
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    elif harm == "missing":
        path.unlink()
    else:
        forbid(monkeypatch, "read_bytes", path)
    message = {"missing": "incomplete", "unreadable": "Permission denied"}.get(harm, "damaged")
    name = "mnist" if "MNIST" in file else "cifar10"
    with pytest.raises(
        published.DataError, match=f"(?s){path.name}.*{message}|{message}.*{path.name}"
    ):
        image_sets.load(name, mode, root=tiny_root)


def forbid(monkeypatch, method, forbidden):
    """Let one method of Path fail on one path, as for a user without the right to it."""
    original = getattr(Path, method)

    def refusing(path, *args, **kwargs):
        if path == forbidden:
            raise PermissionError(13, "Permission denied", str(path))
        return original(path, *args, **kwargs)

    monkeypatch.setattr(Path, method, refusing)


# --------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("fashion",), "unknown dataset 'fashion'; known: mnist, cifar10"),
        ((3,), "unknown dataset 3; known"),
        (("mnist", "fake"), "unknown data mode 'fake'; known: auto, real, standin, folder:PATH"),
        (("mnist", "folder"), "unknown data mode 'folder'"),
        (("mnist", 0), "unknown data mode 0"),
    ],
)
def test_unknown_names_and_modes_are_refused_with_what_is_known(arguments, message):
    with pytest.raises(ValueError, match=message):
        image_sets.load(*arguments)


@pytest.mark.parametrize("sizes", [(0, 10), (10,), 10, (10, 2.5), ("10", "10")])
def test_sizes_that_are_not_two_counts_are_refused(sizes):
    with pytest.raises(ValueError, match="sizes must be two whole numbers"):
        image_sets.load("mnist", "standin", sizes=sizes)


@pytest.mark.parametrize("mode", ["auto", "real"])
def test_hw1_data_must_name_a_folder_with_something_in_it(monkeypatch, tmp_path, mode):
    monkeypatch.setenv("HW1_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(FileNotFoundError, match=r"HW1_DATA names .*nowhere, which does not exist"):
        image_sets.load("mnist", mode)
    monkeypatch.setenv("HW1_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"HW1_DATA names .*, which is empty"):
        image_sets.load("mnist", mode)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HW1_DATA", str(tmp_path / "file"))
    with pytest.raises(published.DataError, match=r"HW1_DATA names .*file, which cannot be listed"):
        image_sets.load("mnist", mode)


def test_a_root_that_is_missing_or_forbidden_is_refused(monkeypatch, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"root is .*nowhere, which does not exist"):
        image_sets.load("mnist", root=tmp_path / "nowhere")
    forbid(monkeypatch, "stat", tmp_path)
    with pytest.raises(published.DataError, match=r"cannot read .*: Permission denied"):
        image_sets.load("mnist", root=tmp_path)


def test_standin_ignores_hw1_data_and_the_network(monkeypatch):
    monkeypatch.setenv("HW1_DATA", "nowhere")
    monkeypatch.setattr(socket, "socket", None)
    assert image_sets.load("mnist", "standin", sizes=SMALL).source == "standin"


# --------------------------------------------------------------------------- downloads


def point_to(monkeypatch, *mirrors):
    for name, of in published._PUBLISHED.items():
        elsewhere = dataclasses.replace(of, mirrors=mirrors)
        monkeypatch.setitem(published._PUBLISHED, name, elsewhere)


@contextlib.contextmanager
def swallowing_server():
    """A server that accepts every connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"


@contextlib.contextmanager
def file_server(folder):
    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=folder)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def refusing_address():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}/"  # closed again by then


@pytest.fixture
def archives(tiny_files, tmp_path, monkeypatch):
    """A folder of what the servers offer: four .gz files and one .tar.gz."""
    folder = tmp_path / "offered"
    folder.mkdir()
    batches = tmp_path / "cifar-10-batches-py"
    batches.mkdir()
    for name, content in tiny_files.items():
        if name.endswith("ubyte"):
            (folder / f"{name}.gz").write_bytes(gzip.compress(content, mtime=0))
        else:
            (batches / name).write_bytes(content)
    archive = folder / datasets.CIFAR10.filename
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(batches, batches.name)
    monkeypatch.setattr(datasets.CIFAR10, "tgz_md5", md5(archive.read_bytes()))
    shutil.rmtree(batches)
    return folder


@pytest.fixture
def root(tmp_path):
    path = tmp_path / "root"
    path.mkdir()
    return path


@pytest.mark.filterwarnings("ignore:Python 3.14:DeprecationWarning")  # torchvision's tarfile
@pytest.mark.parametrize("name", image_sets.DATASETS)
def test_a_set_is_downloaded_once_and_is_then_torchvisions(monkeypatch, archives, root, name):
    with file_server(archives) as address:
        point_to(monkeypatch, address)
        first = image_sets.load(name, "real", root=root)
    point_to(monkeypatch, refusing_address())
    assert image_sets.load(name, "real", root=root).fingerprint == first.fingerprint
    theirs = {"mnist": datasets.MNIST, "cifar10": datasets.CIFAR10}[name](root)
    assert first.train.labels.tolist() == list(theirs.targets)
    assert not list(root.glob(".download-*"))
    assert socket.getdefaulttimeout() is None


def test_of_several_mirrors_one_that_answers_is_used(monkeypatch, archives, root):
    with file_server(archives) as good, swallowing_server() as silent:
        point_to(monkeypatch, silent, refusing_address(), good)
        begin = time.monotonic()
        assert image_sets.load("mnist", "real", root=root).source == "real"
    assert time.monotonic() - begin < 5


@pytest.mark.parametrize("fault", ["altered", "missing"])
def test_a_failed_download_leaves_nothing_behind(monkeypatch, archives, root, fault):
    second = archives / "t10k-images-idx3-ubyte.gz"
    if fault == "altered":
        second.write_bytes(gzip.compress(b"something else"))
    else:
        second.unlink()
    with file_server(archives) as address:
        point_to(monkeypatch, address)
        with pytest.raises(published.UnavailableError, match=r"its download from .* failed"):
            image_sets.load("mnist", "real", root=root)
    assert not list(root.iterdir())


def test_a_root_that_cannot_be_written_is_named(monkeypatch, archives, root):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied", str(root))

    monkeypatch.setattr(published.tempfile, "TemporaryDirectory", refuse)
    with file_server(archives) as address:
        point_to(monkeypatch, address)
        with pytest.raises(
            published.UnavailableError, match=f"failed: .*Permission denied.*{root.name}"
        ):
            image_sets.load("mnist", "real", root=root)


def test_auto_falls_back_with_one_warning_and_real_fails_when_refused(monkeypatch, root):
    point_to(monkeypatch, refusing_address(), refusing_address())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        images = image_sets.load("mnist", root=root, sizes=SMALL)
    assert [w.category for w in caught] == [image_sets.StandInWarning]
    assert str(caught[0].message) == (
        f"MNIST is not in {root} and cannot be downloaded from 127.0.0.1, 127.0.0.1; "
        "using the stand-in for MNIST (scikit-learn digits) instead"
    )
    assert caught[0].filename == __file__
    assert images.source == "standin"
    with pytest.raises(
        published.UnavailableError, match=r"MNIST is not in .* and cannot be downloaded"
    ):
        image_sets.load("mnist", "real", root=root)
    assert not list(root.iterdir())


def test_a_network_that_swallows_connections_is_given_up_and_remembered(monkeypatch, root):
    assert (
        published.REACH_SECONDS <= 8
    )  # so that both sets together stay below 20, drawing included
    monkeypatch.setattr(published, "REACH_SECONDS", 0.5)
    with swallowing_server() as one, swallowing_server() as other:
        point_to(monkeypatch, one, other)
        begin = time.monotonic()
        with pytest.warns(image_sets.StandInWarning):
            image_sets.load("mnist", root=root, sizes=SMALL)
        assert 0.5 <= time.monotonic() - begin < 3
        begin = time.monotonic()
        with pytest.raises(published.UnavailableError):
            image_sets.load("mnist", "real", root=root)
        assert time.monotonic() - begin < 0.3


def test_a_download_that_falls_silent_is_given_up(monkeypatch, archives, root):
    monkeypatch.setattr(published, "STALL_SECONDS", 0.3)
    over = threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"x")
            over.wait(10)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        point_to(monkeypatch, f"http://127.0.0.1:{server.server_port}/")
        begin = time.monotonic()
        with pytest.raises(published.UnavailableError, match=r"failed: timed out"):
            image_sets.load("mnist", "real", root=root)
        assert time.monotonic() - begin < 3
        over.set()
        server.shutdown()
    assert not list(root.iterdir())


def test_a_name_that_takes_forever_to_look_up_is_given_up(monkeypatch, root):
    monkeypatch.setattr(published, "REACH_SECONDS", 0.3)

    def slow(*_, **__):
        time.sleep(2)
        raise socket.gaierror("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    begin = time.monotonic()
    assert published._first_to_answer(("http://nowhere.invalid/",)) is None
    assert time.monotonic() - begin < 1


def test_a_server_error_is_no_answer(tmp_path):
    with file_server(tmp_path) as address:
        assert published._first_to_answer((f"{address}missing",)) is None


# --------------------------------------------------------------------------- stand-ins


@pytest.mark.parametrize(("name", "shape"), [("mnist", (1, 28, 28)), ("cifar10", (3, 32, 32))])
def test_standins_have_the_shape_of_the_real_set(name, shape):
    images = image_sets.load(name, "standin", sizes=SMALL)
    assert images.train.images.shape == (200, *shape)
    assert images.test.images.shape == (100, *shape)
    assert images.train.images.dtype == torch.uint8
    assert images.train.labels.dtype == torch.int64
    assert len(images.classes) == 10
    assert images.train.labels.unique().tolist() == list(range(10))
    assert "stand-in" in images.description
    assert images.normalized(images.train.images).mean().item() == pytest.approx(0, abs=1e-3)
    assert images.normalized(images.train.images).var().item() == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize(
    ("name", "fingerprint"),
    [
        ("mnist", "da354a6287f444b2e2c4aa393468194148fd56be36b8e772e646938b71b35669"),
        ("cifar10", "b519fbcebecb0bb1ae1f04a1b2c2b71bdd100fb71d4a867e7880c9183caa4967"),
    ],
)
def test_standins_are_the_same_bits_everywhere(name, fingerprint):
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    assert image_sets.load(name, "standin", sizes=SMALL).fingerprint == fingerprint
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize("draw", [standins.digits, standins.shapes])
def test_a_small_standin_is_the_beginning_of_a_larger_one(draw):
    for small, large in zip(draw((130, 7)), draw((260, 110)), strict=True):
        for part, whole in zip(small, large, strict=True):
            assert np.array_equal(part, whole[: len(part)])


def test_training_and_test_digits_have_different_originals(monkeypatch):
    used = []
    warped = standins._warped

    def spy(originals, uniform):
        used.append({original.tobytes() for original in originals})
        return warped(originals, uniform)

    monkeypatch.setattr(standins, "_warped", spy)
    monkeypatch.setattr(standins, "CHUNK", 10_000)
    standins.digits((5000, 2000))
    train, test = used
    assert len(train) > 1300
    assert len(test) > 340
    assert not train & test


def test_colour_does_not_tell_the_shape():
    """Mean colours of the classes differ no more than those of random groups would."""
    images, labels = standins.shapes((2000, 10))[0]
    colours = images.mean(axis=(2, 3))  # (N, 3)
    groups = np.stack([colours[labels == k].mean(axis=0) for k in range(10)])
    scores = (groups - colours.mean(axis=0)) / (colours.std(axis=0) / np.sqrt(200))
    assert np.abs(scores).max() < 4


# -------------------------------------------------------------------- folders of images


def write_image(path, size=(12, 10), mode="RGB", seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = (size[1], size[0]) if mode == "L" else (size[1], size[0], len(mode))
    pixels = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    Image.fromarray(pixels).save(path)
    return pixels


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "pets"
    for split in ("train", "test"):
        for i, name in enumerate(["dog", "cat", "ant"]):
            for j in range(3):
                write_image(root / split / name / f"{j}.png", seed=10 * i + j)
    return root


def load_folder(folder):
    return image_sets.load("cifar10", f"folder:{folder}")


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_folder_is_read_with_its_classes_mixed(tmp_path, mode):
    root = tmp_path / "pets"
    pixels = [
        write_image(root / "train" / name / f"{j}.png", mode=mode, seed=j + len(name))
        for name in ("ape", "horse")
        for j in range(2)
    ]
    for name in ("ape", "horse"):
        write_image(root / "test" / name / "0.png", mode=mode)
    (root / "train" / "ape" / "notes.txt").write_text("not an image")
    (root / "train" / "ape" / "._0.png").write_bytes(b"\0\5\x16\7")  # as a Mac leaves them
    (root / "train" / "__MACOSX").mkdir()
    (root / "train" / ".ipynb_checkpoints").mkdir()
    images = load_folder(root)
    assert (images.name, images.source, images.classes) == ("pets", "folder", ("ape", "horse"))
    assert images.train.labels.tolist() == [0, 1, 0, 1]
    assert images.test.labels.tolist() == [0, 1]
    channels = 1 if mode == "L" else 3
    assert images.train.images.shape == (4, channels, 10, 12)
    order = folders.mixed(np.array([0, 0, 1, 1]))
    expected = np.stack(pixels)[order].reshape(4, 10, 12, channels).transpose(0, 3, 1, 2)
    assert np.array_equal(images.train.images.numpy(), expected)
    flat = expected.transpose(1, 0, 2, 3).reshape(channels, -1) / 255
    assert images.mean == pytest.approx(flat.mean(axis=1), abs=1e-12)
    assert images.std == pytest.approx(flat.std(axis=1), abs=1e-12)
    assert images.description == "images of the folder pets"


def test_a_folder_with_an_odd_image_is_refused_and_the_image_named(folder):
    odd = folder / "test" / "dog" / "odd.png"
    write_image(odd, size=(12, 11))
    with pytest.raises(published.DataError, match=r"odd.png is 12x11 colour, .* is 12x10 colour"):
        load_folder(folder)
    write_image(odd, mode="L")
    with pytest.raises(
        published.DataError, match=r"odd.png is 12x10 grayscale, .* is 12x10 colour"
    ):
        load_folder(folder)
    write_image(odd, mode="RGBA")
    with pytest.raises(
        published.DataError, match=r"odd.png has the mode RGBA, expected L .* or RGB"
    ):
        load_folder(folder)
    odd.write_bytes((folder / "test" / "dog" / "0.png").read_bytes()[:100])
    with pytest.raises(published.DataError, match=r"cannot read the image .*odd.png"):
        load_folder(folder)
    odd.write_text("no image")
    with pytest.raises(published.DataError, match=r"cannot read the image .*odd.png"):
        load_folder(folder)


def test_a_folder_without_what_it_takes_is_refused(folder, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*nowhere"):
        load_folder(tmp_path / "nowhere")
    write_image(folder / "test" / "emu" / "0.png")
    with pytest.raises(published.DataError, match=r"test holds classes that .*train does not: emu"):
        load_folder(folder)
    write_image(folder / "train" / "emu" / "0.png")
    shutil.rmtree(folder / "test" / "emu")
    with pytest.raises(published.DataError, match=r"train holds classes that .*test does not: emu"):
        load_folder(folder)
    shutil.rmtree(folder / "train" / "emu")
    (folder / "train" / "emu").mkdir()
    with pytest.raises(published.DataError, match=r"emu holds no images"):
        load_folder(folder)
    for name in ("emu", "dog", "cat"):
        shutil.rmtree(folder / "train" / name)
    with pytest.raises(
        published.DataError, match=r"train holds 1 class folder, expected 2 or more"
    ):
        load_folder(folder)
    shutil.rmtree(folder / "train" / "ant")
    with pytest.raises(published.DataError, match=r"train holds no class folders"):
        load_folder(folder)


@pytest.mark.parametrize("counts", [(100, 100, 100), (7, 200, 31), (1, 5)])
def test_the_first_images_of_a_folder_hold_every_class_in_its_share(counts):
    labels = np.repeat(np.arange(len(counts)), counts)
    order = folders.mixed(labels)
    assert sorted(order) == list(range(len(labels)))
    for n in range(1, len(labels) + 1):
        seen = np.bincount(labels[order[:n]], minlength=len(counts))
        assert (np.abs(seen - n * np.array(counts) / len(labels)) <= 1).all()
    within = order[labels[order] == 1]
    assert (np.diff(within) < 0).any() or counts[1] < 6  # not as the files are named
    np.testing.assert_array_equal(folders.mixed(labels), order)


def test_an_image_is_turned_as_its_camera_says(folder):
    file = folder / "train" / "ant" / "0.jpg"
    pixels = np.zeros((12, 10, 3), np.uint8)
    pixels[:6] = 255  # the upper half is white, as the file has it
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by a quarter
    Image.fromarray(pixels).save(file, exif=exif, quality=100)
    images = load_folder(folder).train.images.float()
    found = [image for image in images if (image[:, :, 7:] > 200).all()]
    assert len(found) == 1  # white on the right, 12 wide and 10 high like the others
    assert (found[0][:, :, :5] < 50).all()


@pytest.mark.parametrize("size", [(9, 40), (40, 257)])
def test_images_too_small_or_too_large_are_refused(tmp_path, size):
    for split in ("train", "test"):
        for name in ("ape", "horse"):
            write_image(tmp_path / split / name / "0.png", size=size)
    with pytest.raises(published.DataError, match=r"expected sides of 10 to 256 pixels"):
        load_folder(tmp_path)


def test_more_images_than_the_memory_takes_are_refused(folder, monkeypatch):
    monkeypatch.setattr(folders, "MOST", 18 * 360 - 1)
    with pytest.raises(published.DataError, match="18 images of 360 values, more than 6,479"):
        load_folder(folder)
    monkeypatch.setattr(folders, "MOST", 18 * 360)
    load_folder(folder)


@pytest.mark.parametrize("name", ["price_5$ *best*", "`x` <b>|", "Käse_und_Brot", "写真"])
def test_a_folders_name_is_written_literally(folder, name):
    folder.rename(folder.parent / name)
    images = load_folder(folder.parent / name)
    assert images.name == name
    assert not re.search(r"(?<!\\)[$*`<_|]", images.description)
    assert images.description.replace("\\", "") == f"images of the folder {name}"


# ------------------------------------------------------------------------- image tensors


def test_normalization_has_the_closed_form_and_refuses_what_is_normalized():
    images = image_sets.load("cifar10", "standin", sizes=SMALL)
    batch = images.train.images[[5, 3]]
    mean, std = (np.reshape(c, (3, 1, 1)) for c in (images.mean, images.std))
    expected = (batch.numpy() / 255 - mean) / std
    actual = images.normalized(batch)
    assert actual.dtype == torch.float32
    np.testing.assert_allclose(actual.numpy(), expected, atol=1e-6)
    assert torch.equal(images.normalized(batch.view(2, 1, 3, 32, 32))[:, 0], actual)
    with pytest.raises(ValueError, match=r"takes uint8 images, got torch.float32"):
        images.normalized(actual)
    with pytest.raises(ValueError, match=r"shape \(2, 1, 32, 32\), expected \(..., 3, H, W\)"):
        images.normalized(batch[:, :1])


def test_fingerprint_follows_every_bit():
    images = image_sets.load("mnist", "standin", sizes=SMALL)
    other = images.train.images.clone()
    other[7, 0, 3, 3] ^= 1
    changed = image_sets.Split(other, images.train.labels)
    prints = {
        image_sets.assembled("mnist", "standin", train, images.test, images.classes).fingerprint
        for train in (images.train, changed)
    }
    assert len(prints) == 2
    assert images.fingerprint in prints


def test_pixels_are_permuted_alike_in_all_images_and_channels():
    positions = torch.arange(6 * 7).view(1, 1, 6, 7)
    order = randomized.permute_pixels(positions, seed=3).flatten()
    assert sorted(order.tolist()) == list(range(42))
    assert order.tolist() != list(range(42))
    g = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (5, 3, 6, 7), dtype=torch.uint8, generator=g)
    shuffled = randomized.permute_pixels(images, seed=3)
    assert (shuffled.dtype, shuffled.shape) == (images.dtype, images.shape)
    assert torch.equal(shuffled.flatten(-2), images.flatten(-2)[..., order])
    restored = torch.empty_like(images.flatten(-2))
    restored[..., order] = shuffled.flatten(-2)
    assert torch.equal(restored.view_as(images), images)
    assert not torch.equal(randomized.permute_pixels(images, seed=4), shuffled)


# ------------------------------------------------------------------------- random labels


def redrawn(share, seed=0, n=20_000, classes=10):
    truth = torch.arange(n) % classes
    generator = torch.Generator().manual_seed(seed)
    return truth, randomized.randomize_labels(truth, share, classes, generator)


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 1.0])
def test_so_many_labels_become_wrong_as_a_uniform_draw_leaves(share):
    truth, labels = redrawn(share)
    wrong = 0.9 * share  # one draw in ten is right by chance
    error = np.sqrt(wrong * (1 - wrong) / len(truth))
    assert (labels != truth).double().mean().item() == pytest.approx(wrong, abs=4 * error)
    assert labels.dtype == truth.dtype
    assert 0 <= labels.min() <= labels.max() <= 9


def test_random_labels_know_nothing_of_the_true_ones():
    truth, labels = redrawn(1.0)
    table = np.zeros((10, 10))
    np.add.at(table, (truth.numpy(), labels.numpy()), 1)
    assert stats.chi2_contingency(table).pvalue > 1e-3


def test_what_a_smaller_share_redraws_a_larger_one_redraws_alike():
    truth, some = redrawn(0.25)
    _, more = redrawn(0.75)
    changed = some != truth
    assert torch.equal(more[changed], some[changed])
    assert (more != truth).sum() > 2 * changed.sum()


def test_random_labels_are_the_seeds_and_leave_the_true_ones_alone():
    truth, labels = redrawn(1.0, seed=1)
    assert torch.equal(labels, redrawn(1.0, seed=1)[1])
    assert (labels != redrawn(1.0, seed=2)[1]).double().mean() > 0.85
    assert torch.equal(truth, torch.arange(20_000) % 10)


@pytest.mark.parametrize("share", [-0.1, 1.5, float("nan")])
def test_a_share_of_random_labels_is_no_more_than_all(share):
    with pytest.raises(ValueError, match=f"between 0 and 1, got {share}"):
        redrawn(share)


def test_a_set_that_is_loaded_again_takes_no_more_memory(tiny_root):
    def places(mode, **how):
        images = image_sets.load("mnist", mode, **how)
        return {split.images.data_ptr() for split in (images.train, images.test)}, images

    real_, one = places("real", root=tiny_root)
    drawn, other = places("standin", sizes=(20, 10))
    assert places("real", root=tiny_root)[0] == real_
    assert places("standin", sizes=(20, 10))[0] == drawn
    assert not real_ & drawn
    assert places("standin", sizes=(21, 10))[1].fingerprint != other.fingerprint != one.fingerprint
