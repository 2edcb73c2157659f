"""From HTML to the text worth training on."""
