"""What networks learn: functions of one variable, and image sets as whole tensors.

Imports no other folder of the library.
"""
