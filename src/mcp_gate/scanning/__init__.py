"""Runs the detectors where they hold nothing up: small texts at once, larger ones in processes of their own."""
