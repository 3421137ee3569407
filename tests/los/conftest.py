"""A sky to look at."""

from skycocoon import SourceDisc, Sun

SUN = Sun()
DISC = SourceDisc()
