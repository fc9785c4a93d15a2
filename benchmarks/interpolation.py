"""Print how long a line between two networks takes, beside the loop over a DataLoader."""

from itertools import pairwise

import torch
from torch import nn
from torch.utils.data import DataLoader

from benchmarks.reference import Pictures
from benchmarks.timing import best
from hw1lib.data import image_sets
from hw1lib.measuring import geometry
from hw1lib.networks import builders, replicas
from hw1lib.networks.replicas import Streams
from hw1lib.training import classification, losses

WIDTHS = (784, 500, 100, 50, 10)


def point_by_point(
    start: dict[str, torch.Tensor],
    end: dict[str, torch.Tensor],
    alphas: list[float],
    loader: DataLoader,
) -> list[tuple[float, float]]:
    """Load a blend of two state dicts for each alpha, and pass over all images."""
    model = nn.Sequential(
        *(nn.Flatten(), nn.Linear(784, 500), nn.ReLU(), nn.Linear(500, 100), nn.ReLU()),
        *(nn.Linear(100, 50), nn.ReLU(), nn.Linear(50, 10)),
    )
    criterion = nn.CrossEntropyLoss(reduction="sum")
    results = []
    for alpha in alphas:
        model.load_state_dict({k: (1 - alpha) * start[k] + alpha * end[k] for k in start})
        total, right = 0.0, 0
        with torch.no_grad():
            for x, y in loader:
                outputs = model(x)
                total += criterion(outputs, y).item()
                right += (outputs.argmax(dim=1) == y).sum().item()
        results.append((total / len(loader.dataset), right / len(loader.dataset)))
    return results


def state_dict(weights: torch.Tensor) -> dict[str, torch.Tensor]:
    """Cut the weights (P,) of one network into those of `point_by_point`'s layers."""
    shapes = [shape for n, m in pairwise(WIDTHS) for shape in ((m, n), (m,))]
    names = [f"{layer}.{kind}" for layer in (1, 3, 5, 7) for kind in ("weight", "bias")]
    parts = weights.split([torch.Size(shape).numel() for shape in shapes])
    return {name: p.view(shape) for name, p, shape in zip(names, parts, shapes, strict=True)}


def line(rounds: int, points: int = 61, plain_points: int = 1, plain_images: int = 7_000) -> None:
    """Time a line over all images, and the plain loop at a few of its points on a part of them."""
    images = image_sets.load("mnist")
    model = builders.mlp(Streams([0, 1]), *WIDTHS)
    task = classification.task(
        images, flat=True, train_examples=60_000, test_examples=10_000, device="cpu"
    )
    start, end = replicas.weights(model).detach()
    alphas = torch.linspace(-1, 2, points)
    loader = DataLoader(Pictures(images, plain_images), batch_size=1000)
    wanted = [losses.cross_entropy, losses.accuracy]

    def ours() -> list[torch.Tensor]:
        stack = geometry.Blends(model, start, end, alphas)
        return [
            losses.over_split(stack, *split, wanted, prepare=task.prepare)
            for split in (task.train, task.test)
        ]

    few = alphas[:: points // plain_points][:plain_points].tolist()
    times = best(
        rounds,
        ours=ours,
        plain=lambda: point_by_point(state_dict(start), state_dict(end), few, loader),
    )
    count = len(task.train[1]) + len(task.test[1])
    plain = times["plain"] * points / len(few) * count / len(loader.dataset)
    size = replicas.parameter_count(model)
    print(f"{points} points between networks of {size:,} parameters, {count:,} images")
    print(f"  {times['ours']:.1f} s; DataLoader loop {plain:.0f} s")
    print(
        f"  (scaled up from {len(few)} point on {len(loader.dataset):,} images, batches of "
        f"{loader.batch_size})"
    )
    print(f"  {plain / times['ours']:.1f} times as fast (wanted: 20)")
