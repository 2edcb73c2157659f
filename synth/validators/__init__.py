"""What a generated text is refused for, each refusal with its reason."""
