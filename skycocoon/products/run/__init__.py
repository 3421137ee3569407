"""The main job: maps, spectra against data, figures and a summary."""
