"""From a picture to what a network takes."""
