"""From what is kept to shards: the mixture, its copies, and the sequences they are packed into."""
