"""What a command makes."""
