"""The report's chapters as computations: one module per section, all with the same five names."""
