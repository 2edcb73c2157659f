"""From a prompt to a stored answer: wire format, client, limits, budget, answer store, embedded server."""
