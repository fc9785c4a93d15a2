"""How networks learn: the one loop, minibatches, optimizers, losses, and when to stop.

Imports networks and data.
"""
