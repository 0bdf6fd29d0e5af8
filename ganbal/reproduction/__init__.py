"""The published systems trained again, beside their published figures."""
