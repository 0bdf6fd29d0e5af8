"""The process and its machine: device, signals, locks, console, atomic files."""
