"""The colours of plots: the palette of Okabe and Ito, which colour-blind people tell apart.

No plot needs them to be read: a marker, a line, a frame or a word says the same.
"""

BLUE = "#0072B2"
VERMILION = "#D55E00"
COLOURS = (BLUE, VERMILION, "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
