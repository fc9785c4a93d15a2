"""Print how much sooner eight weight paths on MNIST are there than with plain loops.

One plain network is timed on a part of an epoch and stands for eight, which would take eight
times as long one after another; both sides keep the weights.
"""

import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from benchmarks.timing import best
from hw1lib.data import image_sets
from hw1lib.data.image_sets import ImageSet
from hw1lib.networks import builders, replicas
from hw1lib.networks.replicas import Streams
from hw1lib.training import classification, loop, losses, optimizers

WIDTHS = (784, 10, 20, 10)
RUNS = 8
BATCH_SIZE = 64
ADAM = {"lr": 4e-4, "weight_decay": 1e-4}


class Digits(Dataset):
    """Digits one by one, as torchvision's MNIST gives them: through PIL and transforms."""

    def __init__(self, images: ImageSet, count: int) -> None:
        """Keep the first `count` training images."""
        self.pixels = images.train.images[:count, 0].numpy()
        self.labels = images.train.labels[:count].tolist()
        self.transform = transforms.Compose(
            [transforms.ToTensor(), transforms.Normalize(images.mean, images.std)]
        )

    def __len__(self) -> int:
        """Count the images."""
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        """Decode one image."""
        return self.transform(Image.fromarray(self.pixels[index])), self.labels[index]


def perceptron() -> nn.Sequential:
    """Build report A's network from torch's own layers."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, 10),
        nn.ReLU(),
        nn.Linear(10, 20),
        nn.ReLU(),
        nn.Linear(20, 10),
    )


def train_from_loader(digits: Digits) -> Tensor:
    """Pass once over the digits with Adam and a DataLoader; return the weights."""
    model = perceptron()
    optimizer = torch.optim.Adam(model.parameters(), **ADAM)
    criterion = nn.CrossEntropyLoss()
    for inputs, targets in DataLoader(digits, batch_size=BATCH_SIZE, shuffle=True):
        optimizer.zero_grad()
        loss = criterion(model(inputs), targets)
        loss.backward()
        optimizer.step()
    return parameters_to_vector(model.parameters()).detach().clone()


def train_from_memory(inputs: Tensor, targets: Tensor) -> Tensor:
    """Pass once over normalized digits in memory with Adam; return the weights."""
    model = perceptron()
    optimizer = torch.optim.Adam(model.parameters(), **ADAM)
    criterion = nn.CrossEntropyLoss()
    for chosen in torch.randperm(len(inputs)).split(BATCH_SIZE):
        optimizer.zero_grad()
        loss = criterion(model(inputs[chosen]), targets[chosen])
        loss.backward()
        optimizer.step()
    return parameters_to_vector(model.parameters()).detach().clone()


def trajectories(rounds: int, count: int = 6400) -> None:
    """Compare eight stacked networks with eight loops, on a part of an epoch."""
    images = image_sets.load("mnist")
    digits = Digits(images, count)
    inputs = images.normalized(images.train.images[:count]).flatten(1)
    targets = images.train.labels[:count]

    def ours() -> None:
        streams = Streams(range(RUNS))
        model = builders.mlp(streams, *WIDTHS)
        task = classification.task(
            images, flat=True, train_examples=count, test_examples=1, device="cpu"
        )
        loop.fit(
            model,
            task.minibatches(BATCH_SIZE, streams.order),
            losses.cross_entropy,
            optimizers.adam(model, learning_rate=ADAM["lr"], weight_decay=ADAM["weight_decay"]),
            epochs=1,
            probes={"weights": loop.Probe(replicas.weights)},
        )

    times = best(
        rounds,
        ours=ours,
        memory=lambda: train_from_memory(inputs, targets),
        loader=lambda: train_from_loader(digits),
    )
    loader, memory = RUNS * times["loader"], RUNS * times["memory"]
    print(f"eight weight paths of 784-10-20-10 on {images.description}, batches of {BATCH_SIZE}")
    print(
        f"  {count} images: DataLoader loops {loader:.2f} s, in-memory loops {memory:.2f} s, "
        f"stacked {times['ours']:.2f} s"
    )
    print(f"  {loader / times['ours']:.1f} times faster than eight DataLoader loops (wanted: 20)")
    print(f"  {memory / times['ours']:.1f} times faster than eight in-memory loops (wanted: 4)")
