"""The doctor finds what is wrong, and says what helps."""

import os
import shutil
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from hw1lib import doctor
from hw1lib.publish.given import ExecutionError


@pytest.fixture
def checkout(monkeypatch):
    monkeypatch.chdir(doctor.CHECKOUT)


def test_a_machine_that_passes_the_tests_is_well(checkout, monkeypatch, capsys):
    monkeypatch.setattr(doctor, "MEMORY", 0.0)
    monkeypatch.setattr(doctor, "DISK", 0.0)
    assert doctor.main([]) == 0
    said = capsys.readouterr().out.splitlines()
    assert len(said) == len(doctor.CHECKS)
    assert all(line.startswith("fine") for line in said)


def wrong(check):
    with pytest.raises(doctor.Wrong) as found:
        check()
    return str(found.value)


def test_another_python_is_wrong(monkeypatch):
    version = namedtuple("version", "major minor micro")
    monkeypatch.setattr(sys, "version_info", version(3, 14, 0))
    assert wrong(doctor.python).startswith("Python 3.14.0; 3.11 to 3.13 are needed")


def test_a_library_of_another_checkout_is_wrong(tmp_path, monkeypatch):
    (tmp_path / "hw1lib").mkdir()
    monkeypatch.chdir(tmp_path)
    assert f"not from this checkout, {tmp_path}" in wrong(doctor.python)


def test_a_locale_that_cannot_print_is_wrong(monkeypatch):
    class Ascii:
        encoding = "ascii"

    monkeypatch.setattr(sys, "stdout", Ascii())
    said = wrong(doctor.settings)
    monkeypatch.undo()
    assert said == "text is written as ascii; set PYTHONUTF8=1"


def test_settings_are_listed(monkeypatch):
    monkeypatch.setenv("HW1_RESULTS", "elsewhere")
    assert "HW1_RESULTS=elsewhere" in doctor.settings()


def test_too_little_memory_or_disk_is_wrong(monkeypatch):
    monkeypatch.setattr(doctor, "MEMORY", 1e9)
    if "SC_AVPHYS_PAGES" in os.sysconf_names:
        assert "are needed: end something, or WORKERS=1" in wrong(doctor.memory)
    usage = shutil.disk_usage(".")._replace(free=0)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    assert "0.0 GiB free for results" in wrong(doctor.disk)


def test_a_folder_of_images_that_is_not_there_is_wrong(tmp_path, monkeypatch):
    monkeypatch.setenv("HW1_DATA", str(tmp_path / "nowhere"))
    assert wrong(doctor.images).endswith("which does not exist; correct or unset HW1_DATA")
    (tmp_path / "MNIST").mkdir()
    monkeypatch.setenv("HW1_DATA", str(tmp_path))
    assert doctor.images().startswith("mnist and cifar10 will be downloaded when needed")


def test_a_checkout_without_packs_is_wrong(tmp_path, monkeypatch):
    monkeypatch.setenv("HW1_REFERENCE", str(tmp_path))
    assert wrong(doctor.results).startswith(f"no packs of full results in {tmp_path}")


def test_own_results_are_counted(tmp_path, monkeypatch):
    monkeypatch.setenv("HW1_RESULTS", str(tmp_path))
    assert doctor.results().startswith(f"0 of your own in {tmp_path}, and of ")
    for name in ("a" * 64, "b" * 64, "c" * 64 + ".partial", "d" * 64 + ".damaged-1"):
        (tmp_path / "one" / name[:2] / name).mkdir(parents=True)
    assert doctor.results().startswith("2 of your own in ")


def test_a_kernel_or_a_printer_that_fails_is_wrong(monkeypatch):
    def fails(*arguments, **settings):
        raise ExecutionError("no kernel")

    monkeypatch.setattr(doctor, "execute", fails)
    assert wrong(doctor.kernel).startswith("a notebook does not run: no kernel")

    def lost(*arguments):
        raise OSError("no pandoc")

    monkeypatch.setattr(doctor, "run_pandoc", lost)
    assert wrong(doctor.printing).startswith("a page cannot be printed: no pandoc")


def test_what_is_wrong_is_told_beside_the_rest(monkeypatch, capsys):
    def broken():
        raise doctor.Wrong("it is broken; mend it")

    def sound():
        return "it is fine"

    monkeypatch.setattr(doctor, "CHECKS", (broken, sound))
    assert doctor.main([]) == 1
    assert capsys.readouterr().out == (
        "WRONG  broken: it is broken; mend it\nfine   sound: it is fine\n"
    )


def test_the_checkout_is_this_one():
    assert Path(__file__).resolve().parents[1] == doctor.CHECKOUT
