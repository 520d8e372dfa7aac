"""What measures: runs of a rule, their scores, damage, tracking, upright views, textures, symmetries and periods."""
