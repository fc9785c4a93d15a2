"""Formulas that readers type: what they mean, and that nothing else is ever computed."""

import numpy as np
import pytest
import torch

from hw1lib.exploring.formulas import FormulaError, parse, values

X = np.linspace(-1, 1, 41)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("sin(5*pi*x)", np.sin(5 * np.pi * X)),
        ("2*x^2", 2 * X**2),
        (" -x**3 + e ", np.e - X**3),
        ("sinc(5*x)", np.sinc(5 * X)),
        ("x > 0", (X > 0) * 1.0),
        ("abs(x) % 0.25", np.abs(X) % 0.25),
        ("max(x, -x) / 2", np.abs(X) / 2),
        ("7", np.full(41, 7.0)),
        ("+(1e-3)", np.full(41, 1e-3)),
        ("2^-1", np.full(41, 0.5)),
    ],
)
def test_a_formula_means_what_it_says_to_numpy_and_to_torch(text, meant):
    formula = parse(text)
    np.testing.assert_allclose(values(formula, X), meant, rtol=1e-12, atol=1e-15)
    of_torch = formula(torch.from_numpy(X), torch)
    torch.testing.assert_close(of_torch, torch.from_numpy(meant), rtol=1e-9, atol=1e-12)
    assert formula(torch.from_numpy(X).float(), torch).dtype == torch.float32


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "type a formula of x, such as"),
        ("2x", "near letter 1, '2': is a sign missing, such as * in 2*x?"),
        ("sin(x", "1 times '(', but 0 times ')'"),
        ("x)", "1 times ')', but 0 times '('"),
        ("x + y", "letter 5: 'y' is not known; known are x, pi, e, abs"),
        ("x^2 + y", "letter 7: 'y' is not known"),
        ("  x + y", "letter 7: 'y' is not known"),
        ("sin + 1", "letter 1: sin needs brackets, as in sin(x)"),
        ("min(x)", "letter 1: min takes 2 numbers, not 1"),
        ("sin(x, x)", "letter 1: sin takes 1 number, not 2"),
        ("x(2)", "letter 1: a sign is missing before the bracket"),
        ("x.real", "letter 1: only numbers, x,"),
        ("x^2 3", "near letter 5, '3'"),
        ("x = 2", "near letter 3"),
        ("sin(5πx)", "letter 6, 'π'"),
        ("x" * 201, "at most 200 letters, this one 201"),
        ("-" * 60 + "x", "at most 30 levels deep"),
        ("((" * 90, "180 times '('"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(text, sentence):
    with pytest.raises(FormulaError) as refused:
        parse(text)
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "x.tofile('x')",
        "(lambda: x)()",
        "[x for x in (1,)]",
        "x if x else x",
        "sin(x, out=x)",
        "sin(*[x])",
        "'text'",
        "True",
        "x and x",
        "0 < x < 1",
        "x == x",
        "f'{x}'",
        "(x := 2)",
        "x @ x",
        "x // 2",
        "1j",
        "...",
    ],
)
def test_nothing_but_arithmetic_is_computed(text):
    with pytest.raises(FormulaError):
        parse(text)


def test_a_tower_of_powers_ends_at_once():
    with pytest.raises(FormulaError, match="no finite value at 41 of 41 points, x = -1 first"):
        values(parse("9**9**9**9"), X)
    with pytest.raises(FormulaError, match=r"letter 3: a number is at most 1e\+30"):
        parse("x*" + "9" * 198)


def test_points_without_a_value_are_counted():
    with pytest.raises(FormulaError, match="at 1 of 41 points, x = 0 first"):
        values(parse("1/x"), np.round(X, 12) + 0.0)
    with pytest.raises(FormulaError, match="at 21 of 41"):
        values(parse("log(x)"), np.round(X, 12) + 0.0)
