"""Replicated experiments on depth, optimization and generalization of neural networks."""

import os

# torch's threads otherwise spin while they wait, which costs tenfold where another program wants
# the core; read once, when torch is loaded
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
