"""The forecast: a minute history in, Prophet fitted, a table of minutes with sides out, measured honestly."""
