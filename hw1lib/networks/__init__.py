"""Networks: stacks of R replicas as one module, and how they are built.

Imports no other folder of the library.
"""
