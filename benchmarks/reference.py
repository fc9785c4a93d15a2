"""The loops as homework solutions write them: one network, torch's own parts, nothing clever."""

from itertools import pairwise

import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from hw1lib.data.image_sets import ImageSet


def regressor(widths: tuple[int, ...]) -> nn.Sequential:
    """Stack nn.Linear and nn.LeakyReLU."""
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise(widths):
        layers += [nn.Linear(n_in, n_out), nn.LeakyReLU()]
    return nn.Sequential(*layers[:-1])


def fit_function(model: nn.Module, x: torch.Tensor, y: torch.Tensor, epochs: int) -> list[float]:
    """Train by full-batch RMSprop and record the loss at every update."""
    optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-3, weight_decay=1e-4)
    criterion = nn.MSELoss()
    losses = []
    for _ in range(epochs):
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


class Pictures(Dataset):
    """Images one by one, as torchvision's sets give them: through PIL and transforms."""

    def __init__(self, images: ImageSet, count: int) -> None:
        """Keep the first `count` training images."""
        # PIL takes colours last, and grey images without that axis
        self.pixels = images.train.images[:count].permute(0, 2, 3, 1).squeeze(-1).numpy()
        self.labels = images.train.labels[:count].tolist()
        self.transform = transforms.Compose(
            [transforms.ToTensor(), transforms.Normalize(images.mean, images.std)]
        )

    def __len__(self) -> int:
        """Count the images."""
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        """Decode one image."""
        return self.transform(Image.fromarray(self.pixels[index])), self.labels[index]


def convolutional(channels: int) -> nn.Sequential:
    """Build report A's CNN from torch's own layers."""
    return nn.Sequential(
        nn.Conv2d(3, channels, 5),
        nn.ReLU(),
        nn.Conv2d(channels, 32, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(4608, 256),
        nn.ReLU(),
        nn.Linear(256, 10),
    )


def train_on_pictures(model: nn.Module, pictures: Pictures, batch_size: int) -> float:
    """Pass once over the pictures with SGD and a DataLoader; return the mean loss."""
    loader = DataLoader(pictures, batch_size=batch_size, shuffle=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    criterion = nn.CrossEntropyLoss()
    total = 0.0
    for inputs, targets in loader:
        optimizer.zero_grad()
        loss = criterion(model(inputs), targets)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(inputs)
    return total / len(pictures)
