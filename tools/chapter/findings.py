"""What this chapter found, in sentences that its result computes."""

from hw1lib.chapters.example.result import Result


def loss_sentence(result: Result) -> str:
    """Say how the arms' final losses compare."""
    if not result.effect.n:
        return "No pair of trainings ended with finite losses."
    return f"Small steps end at {result.effect.factor} times the loss of large ones."
