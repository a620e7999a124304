"""A page on which a planner moves a lever and sees the whole uncertain future move with it."""
