"""What stands for the store of a training's states."""

import io

import torch


class Memory:
    """Keeps checkpoints the way a disk would: as copies, after every epoch; may end a training."""

    due = True

    def __init__(self, stop_after=None):
        self.states, self.stop_after = [], stop_after

    def load(self):
        if not self.states:
            return None
        self.states[-1].seek(0)
        return torch.load(self.states[-1], weights_only=True)

    def save(self, state):
        buffer = io.BytesIO()
        torch.save(state, buffer)
        self.states.append(buffer)
        if len(self.states) == self.stop_after:
            raise KeyboardInterrupt
