"""The review of one payload that is about to leave, step by step."""
