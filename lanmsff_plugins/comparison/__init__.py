"""Does a layer help on somebody's data? Networks with and without it, trained in pairs, and what that shows."""
