"""Random inputs: model files, command lines and damaged files, as many as one likes, each found again by its number."""
