"""What clients can ask for, one module each: `async (conversation, flight, params) -> result`, raising `RpcError`."""
