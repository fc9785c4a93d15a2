"""A question about an order: which of some networks has the least of something, which the most."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

from hw1lib.exploring.questions import NOTHING, PREDICTION, UNSEEN, Question, behind
from hw1lib.exploring.views import (
    Along,
    Axis,
    Panel,
    Reading,
    State,
    View,
    choice,
    line,
    rule,
    words,
)
from hw1lib.showing.palette import BLUE, PINK


@dataclass(frozen=True, kw_only=True)
class Order(Question):
    """Which of some networks has the least of something, and which the most; values are (R, N)."""

    names: tuple[str, ...]  # of the N networks, two to four

    how = (
        "Choose an order before you look: the least stands first. The bars count the trainings, "
        "one of each network, that end in an order."
    )

    @property
    def orders(self) -> list[tuple[int, ...]]:
        """All orders of the networks, the least first."""
        return list(itertools.permutations(range(len(self.names))))

    @property
    def texts(self) -> list[str]:
        """The orders as a reader sees them."""
        return [" < ".join(self.names[n] for n in order) for order in self.orders]

    @property
    def counts(self) -> np.ndarray:
        """How many seeds have each order, (orders,)."""
        found = np.zeros(len(self.orders), dtype=int)
        for sorted_ in np.argsort(self.known, axis=1, kind="stable"):
            found[self.orders.index(tuple(sorted_))] += 1
        return found

    def predicted(self, state: State) -> str:
        """Return the order that is chosen."""
        return self.texts[int(state["guess"])]

    def measured(self) -> dict[str, Any]:
        """Return how many seeds have each order."""
        counts = zip(self.texts, self.counts.tolist(), strict=True)
        return {"trainings": len(self.known), "orders": dict(counts)}

    def verdict(self, state: State) -> str:
        """Say whether the order is the most frequent one, or occurs at all."""
        counts = self.counts
        if not counts.sum():
            return NOTHING
        chosen = counts[int(state["guess"])]
        return (
            "the most frequent order"
            if chosen == counts.max()
            else "an order of some trainings"
            if chosen
            else "an order of no training"
        )

    def placed(self, state: State) -> str:
        """Say how frequent the order is."""
        counts = self.counts
        most = int(counts.argmax())
        return (
            f"It is {self.verdict(state)}: {counts[int(state['guess'])]} of {counts.sum()}; "
            f"{self.texts[most]} has {counts[most]}."
        )

    def view(self) -> View:
        """Describe a choice among the orders, whose counts lie behind a control."""
        counts, texts = self.counts, self.texts
        rows, total = np.arange(len(texts), dtype=float)[::-1], max(int(counts.sum()), 1)
        said = (UNSEEN, *(f"{count} of {counts.sum()} trainings" for count in counts))
        every = np.stack([np.zeros(len(texts)), np.arange(1.0, len(texts) + 1)])
        places = np.arange(float(len(texts)))
        return self.asked(
            Panel(
                title=self.quantity,
                x=Axis(label="trainings", low=-0.1 * total, high=1.1 * total),
                y=Axis(label="order", low=-0.6, high=len(texts) - 0.4),
                picks={"y": ("guess", rows)},
                bare=True,
            ),
            [
                *(
                    line(
                        behind(np.array([0.0, count])), np.full(2, row - 0.2), colour=BLUE, width=8
                    )
                    for count, row in zip(counts, rows, strict=True)
                ),
                words(np.full(len(texts), total / 2), rows + 0.15, places, texts),
                words(
                    np.full(len(texts), 0.95 * total),
                    rows + 0.15,
                    behind(places),
                    [str(count) for count in counts],
                    colour=BLUE,
                ),
                rule(y=Along(rows[:, None] - 0.2, ("guess",)), colour=PINK, label=PREDICTION),
            ],
            [choice("guess", "You predict", texts)],
            alt="The orders, one below the other, and a line at the one that was predicted; once "
            "the answer is shown, a bar and a number for the trainings with each.",
            readings=[
                Reading(
                    label="with your order",
                    value=Along(every, ("look", "guess")),
                    words=said,
                )
            ],
        )
