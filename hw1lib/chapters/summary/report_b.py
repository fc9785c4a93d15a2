"""What report B says or shows, from its first sentence to its last."""

from hw1lib.chapters.summary.said import Said

ROWS = (
    Said(
        "1-1",
        "networks of 7, 4 and 1 hidden layers fit sinc and the sign by Adam",
        shown=("fig-fit-loss",),
        taken="number of points not given: 300",
    ),
    Said("1-1", "losses and predictions", shown=("fig-fit-loss", "fig-fit-together")),
    Said("1-1", "sinc: steady, shallow slightly higher, and fastest", ("B-C1", "B-C2", "B-C3")),
    Said("1-1", "sinc: shallow deviates, the others are close", ("B-C4",)),
    Said(
        "1-1",
        "sign: the loss of the deep network falls consistently",
        shown=("fig-fit-loss",),
        lacking="judged for sinc only (B-C1)",
    ),
    Said("1-1", "sign: medium slightly higher, shallow lowest", ("B-C5", "B-C6")),
    Said("1-1", "sign: deep and medium capture the change of sign", shown=("fig-fit-together",)),
    Said("1-1", "sign: shallow deviates at the jumps", ("B-C7",), ("fig-fit-jumps",)),
    Said(
        "1-1", "a small and a large CNN learn MNIST", shown=("fig-image-digits", "tbl-image-digits")
    ),
    Said("1-1", "loss and accuracy after every epoch", shown=("fig-image-digits",)),
    Said("1-1", "the small network's loss falls consistently", ("B-C8b",)),
    Said("1-1", "the large one's falls faster", ("B-C8a",)),
    Said("1-1", "a comment that belongs to other curves", shown=("tbl-image-slips",)),
    Said(
        "1-2",
        "the paths of eight trainings, of one layer and of all weights",
        shown=("fig-paths-joint", "tbl-paths-own"),
        lacking="the paths of a regressor, which B draws besides, are not drawn",
    ),
    Said("1-2", "gradient norm along training of 1-500-1", shown=("fig-norm-course",)),
    Said(
        "1-2",
        "a lower norm goes with a lower loss, and the loss falls steadily",
        ("B-C9a", "B-C9b", "B-C10a", "B-C10b"),
    ),
    Said(
        "1-2",
        "a zero gradient is a minimum, or a vanished gradient that hinders learning",
        ("B-C11a", "B-C11b"),
        lacking="whether it hinders learning is not measured",
    ),
    Said(
        "1-2",
        "gradient norm by loss as minimal ratio, along training of 1-128-1",
        ("B-C12a, along",),
        ("fig-ratio-b",),
        taken="validation between the training points; B's weight decay is not given, 1e-4 taken",
    ),
    Said(
        "1-2",
        "the ratio falls with the loss",
        ("B-C12a, along", "B-C12b, along", "B-C12c, along", "B-C12a", "B-C12b", "B-C12c"),
        ("fig-ratio-b",),
    ),
    Said(
        "1-2", "a high ratio tells of a bad start or step", ("B-C13",), lacking="neither was varied"
    ),
    Said(
        "1-3",
        "784-512-10 learns random labels of MNIST for 1,000 epochs",
        ("B-C14", "B-C14, B's scale"),
        ("fig-random-scale",),
    ),
    Said("1-3", "the training loss falls, the test loss rises", ("B-C15", "B-C15, B's scale")),
    Said("1-3", "no meaningful pattern is learned", shown=("tbl-random-test",)),
    Said("1-3", "ten widths learn MNIST in steps of 600", shown=("fig-capacity-sweep",)),
    Said(
        "1-3",
        "the training loss falls with size, the test loss not always",
        ("B-C16", "B-C17", "B-C18"),
    ),
    Said("1-3", "the training accuracy improves with size", shown=("tbl-capacity-sweep",)),
    Said(
        "1-3",
        "batches of 64 and 1000 at rate 1.5e-3 for 15 epochs",
        shown=("fig-interpolation-varied-courses",),
    ),
    Said("1-3", "two rates, 1e-3 and 1e-2", shown=("fig-interpolation-varied-courses",)),
    Said(
        "1-3",
        "batch 64 falls steadily, batch 1000 slower",
        ("B-C19a", "B-C19b", "B-C19, per update"),
    ),
    Said("1-3", "lines from -2 to 2 and from 0 to 1", shown=("fig-interpolation-b-lines",)),
    Said(
        "1-3",
        "training and test of the combined model",
        shown=("fig-interpolation-b-lines", "fig-interpolation-b"),
    ),
    Said("1-3", "training and test vary together", ("B-C20", "B-C20, rate")),
)
