"""Arrow schemas and pydantic models: the contracts between stages. Imports nothing of the project."""
