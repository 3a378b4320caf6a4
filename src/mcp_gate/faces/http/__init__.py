"""The review API over HTTP (contract 7): for commands, the screen, scripts and browsers."""
