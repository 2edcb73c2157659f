"""What a person sees of a run: SQL views, the story of one document, and the report."""
