"""What a command makes: a folder of results, whole or not at all."""
