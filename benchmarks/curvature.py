"""Exact Hessians of a stack beside the double loop that homework solutions write."""

import resource
import subprocess
import sys

import torch
from torch import nn

from benchmarks import reference
from benchmarks.timing import best
from hw1lib.data import functions
from hw1lib.measuring import curvature
from hw1lib.networks import builders
from hw1lib.networks.replicas import Streams
from hw1lib.training import losses
from hw1lib.training.run import threads


def problem(replicas: int, points: int = 300) -> tuple[nn.Module, curvature.Loss]:
    """Make medium regressors of 572 weights in double precision, and their loss."""
    x = functions.grid(points)[:, None].double()
    y = functions.sinc(x)
    model = builders.mlp(
        Streams(range(replicas)), *builders.MEDIUM, activation=builders.leaky_relu
    ).double()
    return model, lambda network: losses.mean_squared_error(network(x), y)


def row_by_row(points: int = 300) -> torch.Tensor:
    """Differentiate the gradient entry by entry, as in a double loop."""
    model = reference.regressor(builders.MEDIUM).double()
    x = functions.grid(points)[:, None].double()
    loss = nn.functional.mse_loss(model(x), functions.sinc(x))
    parameters = list(model.parameters())
    gradient = torch.autograd.grad(loss, parameters, create_graph=True)
    rows = []
    for part in gradient:
        for entry in part.flatten():
            row = torch.autograd.grad(entry, parameters, retain_graph=True, materialize_grads=True)
            rows.append(torch.cat([piece.flatten() for piece in row]))
    return torch.stack(rows)


def hessians(rounds: int, replicas: int = 4) -> None:
    """Compare Hessians of a stack, each, with one of a plain network."""
    model, loss = problem(replicas)
    with threads(1):
        times = best(rounds, plain=row_by_row, stacked=lambda: curvature.hessians(model, loss))
    each = times["stacked"] / replicas
    print(f"exact Hessian of 572 weights, 300 points, float64, one thread, {replicas} replicas")
    print(f"  row by row {times['plain']:.2f} s, stacked {each:.3f} s each")
    print(f"  {times['plain'] / each:.1f} times faster each (wanted: 6)")


def memory() -> None:
    """Measure the peak of a process that computes 100 Hessians and their eigenvalues."""
    command = [sys.executable, "-m", "benchmarks.curvature"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    print("100 such Hessians with their eigenvalues, a process of its own")
    print(f"  {float(done.stdout):.2f} GiB at its peak (wanted: under 2 GiB)")


def hundred() -> None:
    """Compute 100 Hessians with eigenvalues and print this process's peak in GiB."""
    model, loss = problem(100)
    torch.linalg.eigvalsh(curvature.hessians(model, loss))
    # kibibytes on Linux, bytes on macOS
    unit = 1 if sys.platform == "darwin" else 1024
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30)


if __name__ == "__main__":
    hundred()
