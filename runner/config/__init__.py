"""Read a composed configuration into typed, checked data."""
