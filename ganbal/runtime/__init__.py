"""The process and its machine: device, signals, console, files that are written atomically."""
