"""What moved a variable from one scenario to another, followed back along the equations."""
