"""The exchanges that a producer can be run for."""

from producers.gemini_v1 import GEMINI_V1
from producers.venue import Venue

VENUES: dict[str, Venue] = {venue.name: venue for venue in (GEMINI_V1,)}
