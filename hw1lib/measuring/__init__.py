"""What is measured on a network: curvature, geometry, sharpness, sensitivity and paths, in torch.

Imports networks, data and training.
"""
