"""What the package costs, measured against what one would do without it.

``python -m benchmarks --help`` tells how to run it; `results/latest.md` is the last full run.
"""
