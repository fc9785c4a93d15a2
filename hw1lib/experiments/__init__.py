"""The report's chapters as computations: one package per section, all with the same five names."""
