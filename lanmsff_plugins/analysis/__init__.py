"""What the tools measure and draw."""
