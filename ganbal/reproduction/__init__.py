"""The published systems, trained again and compared with their published figures."""
