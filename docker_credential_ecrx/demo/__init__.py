"""The main job shown on one machine, without AWS."""
