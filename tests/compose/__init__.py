"""The compose file: what it must hold, and a real run of it on stand-ins for the images that cannot be pulled here."""
