"""torch's optimizers for stacks: each works elementwise, so replicas stay apart.

Where torch has a fused form it is used, one pass over the memory in a quarter of the time; the
remaining settings are torch's defaults. `weight_decay` is the coupled L2 penalty: weight_decay *
weight is added to the gradient.
"""

import inspect
from collections.abc import Callable

import torch
from torch import nn

Optimizer = Callable[..., torch.optim.Optimizer]  # (model, *, learning_rate, ...)

# torch would load its compiler, which takes a second, to have it leave these methods alone; no
# training here is compiled by it
for name in ("add_param_group", "zero_grad", "state_dict", "load_state_dict"):
    method = inspect.unwrap(getattr(torch.optim.Optimizer, name))
    method.__dynamo_disable = method


def sgd(
    model: nn.Module, *, learning_rate: float, momentum: float = 0.0, weight_decay: float = 0.0
) -> torch.optim.Optimizer:
    """Make stochastic gradient descent, with momentum if asked for."""
    return torch.optim.SGD(
        model.parameters(),
        lr=learning_rate,
        momentum=momentum,
        weight_decay=weight_decay,
        fused=True,
    )


def nesterov(
    model: nn.Module, *, learning_rate: float, momentum: float = 0.9, weight_decay: float = 0.0
) -> torch.optim.Optimizer:
    """Make stochastic gradient descent with Nesterov momentum.

    Source:
        I. Sutskever et al., "On the importance of initialization and momentum in deep learning",
        ICML 2013, in torch's form, which steps by the gradient plus momentum times the velocity.
    """
    return torch.optim.SGD(
        model.parameters(),
        lr=learning_rate,
        momentum=momentum,
        weight_decay=weight_decay,
        nesterov=True,
        fused=True,
    )


def adam(
    model: nn.Module, *, learning_rate: float, weight_decay: float = 0.0
) -> torch.optim.Optimizer:
    """Make Adam.

    Source:
        D. P. Kingma and J. Ba, "Adam: a method for stochastic optimization", ICLR 2015.
    """
    return torch.optim.Adam(
        model.parameters(), lr=learning_rate, weight_decay=weight_decay, fused=True
    )


def rmsprop(
    model: nn.Module, *, learning_rate: float, momentum: float = 0.0, weight_decay: float = 0.0
) -> torch.optim.Optimizer:
    """Make RMSprop, which has no fused form.

    Source:
        T. Tieleman and G. Hinton, "Lecture 6.5: RMSprop", Coursera, 2012.
    """
    return torch.optim.RMSprop(
        model.parameters(),
        lr=learning_rate,
        momentum=momentum,
        weight_decay=weight_decay,
        foreach=True,
    )


def rmsprop_remembering(
    model: nn.Module, *, learning_rate: float, smoothing: float, weight_decay: float = 0.0
) -> torch.optim.Optimizer:
    """Make RMSprop with a memory of its own length.

    Args:
        model: Stacked network.
        learning_rate: Step.
        smoothing: What is kept of the mean squared gradient from one update to the next, torch's
            alpha; the memory holds about 1 / (1 - smoothing) updates. torch's default is 0.99.
        weight_decay: Coupled.

    Source:
        As of `rmsprop`.
    """
    return torch.optim.RMSprop(
        model.parameters(),
        lr=learning_rate,
        alpha=smoothing,
        weight_decay=weight_decay,
        foreach=True,
    )
