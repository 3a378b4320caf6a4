"""News for people and machines elsewhere: webhooks, links, callbacks."""
