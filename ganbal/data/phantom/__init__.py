"""The embedded phantom set: simulated chest radiographs for tests and the demo."""
