"""The review page: for a reviewer with a browser, on a phone too. Made on the server; nothing runs in the browser."""
