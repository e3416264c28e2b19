"""Stand-ins for the images that the compose file names, where none can be pulled."""
