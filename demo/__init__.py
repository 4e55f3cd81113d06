"""The parts of the demo: pure steps on frames, and one module per tab of the workbench."""
