"""The colours and marks of all figures: Okabe and Ito's, told apart by colour-blind readers."""

BLUE = "#0072B2"
RED = "#D55E00"
GREEN = "#009E73"
PINK = "#CC79A7"
ORANGE = "#E69F00"
SKY = "#56B4E9"
BLACK = "#000000"
YELLOW = "#F0E442"
GRAY = "0.55"

COLORS = (BLUE, RED, GREEN, PINK, ORANGE, SKY, BLACK, YELLOW)
MARKS = ("o", "s", "^", "v", "D", "P", "X", "*")
