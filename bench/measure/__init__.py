"""Measures natspike beside the tools that a user would take instead."""
