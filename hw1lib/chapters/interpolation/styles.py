"""How the figures of chapter 33 draw and name its ways of training and its pairs."""

from hw1lib.chapters.interpolation.result import End, Pair, Result
from hw1lib.chapters.interpolation.spec import (
    ALIGNED,
    B_PAIR,
    B_RATE,
    B_STEPS,
    CONTRASTS,
    DECAY,
    MAIN,
    NESTEROV,
    OPTIMIZERS,
    OTHER,
    SIDE,
    STEPS,
    main,
)
from hw1lib.showing.palette import BLACK, BLUE, GREEN, PINK, RED

SPLITS = {"training": (BLUE, "-"), "test": (RED, "--")}  # colour and dash of each
# the same, where every point was trained further
TRAINED_ON = {"training": (BLACK, "-."), "test": (GREEN, (0, (1, 1)))}
Style = tuple[str, str, object]  # name, colour and dash
WAYS: dict[tuple[bool, bool], Style] = {  # by whether batch and rate are the larger
    (False, False): ("small batch, low rate", BLUE, "-"),
    (True, False): ("large batch, low rate", RED, "--"),
    (False, True): ("small batch, high rate", GREEN, "-."),
    (True, True): ("large batch, high rate", PINK, (0, (1, 1))),
}
FEWER: Style = ("small batch, fewer updates", BLACK, (0, (4, 1, 1, 1)))
SHORT = {  # under an axis, where there is little room
    **{
        main(optimizer, contrast): f"{optimizer}\n{text}"
        for optimizer in OPTIMIZERS
        for contrast, text in zip(CONTRASTS, ("batch,\nlow", "batch,\nhigh", "rate"), strict=True)
    },
    STEPS: "equal\nupdates",
    OTHER: "another\nstart",
    ALIGNED: "another,\naligned",
    DECAY: "decay",
    B_PAIR: "B",
    B_STEPS: "B,\nequal\nupdates",
    B_RATE: "B,\nrate",
}


SPELLED = {  # what differs between the ends, at the side of a figure
    **{
        main(optimizer, contrast): f"{optimizer}, {text}"
        for optimizer in OPTIMIZERS
        for contrast, text in zip(
            CONTRASTS, ("batch, at the low rate", "batch, at the high rate", "rate"), strict=True
        )
    },
    STEPS: "Adam, batch, equal updates",
    DECAY: "Adam, batch, weight decay",
    OTHER: "Adam, batch, another start",
    ALIGNED: "the same, units aligned",
    B_PAIR: "B's network, batch",
    B_STEPS: "B's network, batch, equal updates",
    B_RATE: "B's network, rate",
}
GROUPS = {  # of these pairs
    "same start": (
        *(main(optimizer, contrast) for optimizer in OPTIMIZERS for contrast in CONTRASTS),
        STEPS,
        DECAY,
    ),
    "another start": (OTHER, B_PAIR, B_STEPS, B_RATE),
    "another start, aligned": (ALIGNED,),
}


UNTOUCHED = (*MAIN, *SIDE, B_PAIR, B_STEPS, B_RATE)  # pairs measured as they should be


def group_style(name: str) -> tuple[str, str]:
    """Choose colour and mark of a pair by network and optimizer."""
    if name in (B_PAIR, B_STEPS, B_RATE):
        return GREEN, "^"
    return (BLUE, "o") if name.startswith(NESTEROV) else (RED, "s")


def way(result: Result, end: End) -> Style:
    """Choose name, colour and dash of a way of training."""
    settings, spec = end.settings, result.spec
    if settings.leaves_early:
        return FEWER
    return WAYS[settings.batch_size > spec.small_batch, settings.learning_rate == spec.high_rate]


def title(name: str, pair: Pair) -> str:
    """Write what differs between the ends."""
    if name in SIDE:
        return name.replace(" initialization", "\ninitialization")
    first, second = (end.settings for end in pair.ends)
    batch, rate = first.batch_size, first.learning_rate
    if batch == second.batch_size:
        return f"rate {rate:g} → {second.learning_rate:g}\nbatch {batch}"
    return f"batch {batch} → {second.batch_size}\nrate {rate:g}"
