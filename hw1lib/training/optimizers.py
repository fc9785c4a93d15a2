"""torch's optimizers for stacks: each works elementwise, so replicas stay apart."""

from collections.abc import Callable
from functools import partial

import torch
from torch import nn

# fused: one pass over the memory, a quarter of the time; RMSprop has no such form
OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "sgd": partial(torch.optim.SGD, fused=True),
    "adam": partial(torch.optim.Adam, fused=True),
    "rmsprop": partial(torch.optim.RMSprop, foreach=True),
}


def optimizer(
    name: str,
    model: nn.Module,
    *,
    learning_rate: float,
    momentum: float = 0.0,
    weight_decay: float = 0.0,
) -> torch.optim.Optimizer:
    """Make one of torch's optimizers for a stack; each works elementwise, so replicas stay apart.

    Args:
        name: A key of `OPTIMIZERS`; their remaining settings are torch's defaults.
        model: Network whose parameters it updates.
        learning_rate: Step size.
        momentum: Of SGD and RMSprop; Adam has its own.
        weight_decay: Coupled L2 penalty, added to the gradient as weight_decay * weight.
    """
    settings = {} if name == "adam" else {"momentum": momentum}
    return OPTIMIZERS[name](
        model.parameters(),
        lr=learning_rate,
        weight_decay=weight_decay,
        **settings,
    )


def nesterov(
    model: nn.Module, *, learning_rate: float, momentum: float, weight_decay: float = 0.0
) -> torch.optim.Optimizer:
    """Make torch's SGD with Nesterov momentum for a stack; arguments as in `optimizer`.

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
