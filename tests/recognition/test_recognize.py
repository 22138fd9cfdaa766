from __future__ import annotations

import io
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from scipy import ndimage

import mnistkit
from mnistkit import recognize, recognize_many
from mnistkit.errors import ImageError, ModelError, PictureError, UnknownNameError
from mnistkit.recognition.loading import pretrained_network

CLEAN = mnistkit.load_dataset("digits").test.take(40)
"""UCI's digits at 28x28: paper is 0, and no pixel of noise."""


def one(picture, **options):
    reading = recognize(picture, **options)
    assert len(reading) == 1, (reading.warnings, list(map(str, reading)))
    return reading[0]


def drawn(size, strokes, *, paper=(244, 240, 230), ink=(30, 30, 60), width=6):
    """A sheet with strokes on it, each a list of points."""
    image = Image.new("RGB", size, paper)
    draw = ImageDraw.Draw(image)
    for stroke in strokes:
        draw.line(stroke, fill=ink, width=width, joint="curve")
    return np.asarray(image)


def photographed(pixels, seed=0, *, noise=4.0, shadow=0.45):
    """The same with a shadow from one side, and a camera's noise."""
    rng = np.random.default_rng(seed)
    light = np.where(np.arange(pixels.shape[1]) < pixels.shape[1] // 3, 1 - shadow, 1.0)
    lit = pixels * light[None, :, None] + rng.normal(0, noise, pixels.shape)
    return np.clip(lit, 0, 255).astype(np.uint8)


SEVEN = [[(60, 40), (140, 40), (95, 160)]]
FOUR = [[(70, 30), (50, 100), (140, 100)], [(115, 60), (110, 170)]]


def test_clean_digits_are_read():
    readings = recognize_many(list(CLEAN.images))
    assert all(len(reading) == 1 for reading in readings)
    labels = np.array([reading[0].label for reading in readings])
    alone = pretrained_network("cnn", "handwriting").classify(CLEAN.images)[0].argmax(axis=1)
    assert (labels == alone).mean() >= 0.95
    assert (labels == CLEAN.labels).mean() >= 0.8


@given(
    st.integers(0, len(CLEAN) - 1),
    st.tuples(*[st.integers(0, 30)] * 4),
    st.booleans(),
    st.integers(1, 5),
)
@settings(max_examples=60)
def test_shift_padding_inversion_and_enlargement_change_nothing(number, padding, inverted, factor):
    image = CLEAN.images[number]
    top, bottom, left, right = padding
    changed = np.pad(image, ((top, bottom), (left, right)))
    changed = changed.repeat(factor, axis=0).repeat(factor, axis=1)
    changed = 255 - changed if inverted else changed
    before, after = one(image), one(changed)
    assert after.label == before.label
    np.testing.assert_allclose(after.image.astype(int), before.image, atol=1)
    moved = zip(before.box, (left, top, left, top), strict=True)
    assert after.box == tuple(factor * (edge + padded) for edge, padded in moved)


@pytest.mark.mirror
@pytest.mark.parametrize(
    "seen",
    [
        lambda images: images,
        lambda images: 255 - images,
        lambda images: images.repeat(8, axis=1).repeat(8, axis=2),
    ],
    ids=["white on black", "black on white", "eight times larger"],
)
def test_mnist_survives_the_whole_path(mnist, seen):
    """No more than 0.2 points are lost against the network on the images as they are."""
    images, labels = mnist.test.images[:1500], mnist.test.labels[:1500]
    probabilities, _ = pretrained_network("cnn", "handwriting").classify(images)
    alone = (probabilities.argmax(axis=1) == labels).mean()
    readings = recognize_many(list(seen(images)))
    read = [len(reading) == 1 and reading[0].label == label
            for reading, label in zip(readings, labels, strict=True)]  # fmt: skip
    assert np.mean(read) >= alone - 0.002
    assert alone > 0.99


@pytest.mark.parametrize(("strokes", "label"), [(SEVEN, 7), (FOUR, 4)])
@pytest.mark.parametrize("width", [1, 3, 8, 16])
def test_any_pen(strokes, label, width):
    assert one(drawn((200, 200), strokes, width=width)).label == label


@pytest.mark.parametrize(
    ("paper", "ink"),
    [
        ((255, 255, 255), (0, 0, 0)),
        ((0, 0, 0), (255, 255, 255)),
        ((240, 240, 120), (40, 40, 220)),
        ((200, 90, 90), (90, 145, 90)),  # nearly the same lightness
    ],
)
def test_any_colours(paper, ink):
    assert one(drawn((200, 200), SEVEN, paper=paper, ink=ink)).label == 7


def test_shadow_and_noise():
    digit = one(photographed(drawn((200, 200), SEVEN)))
    assert digit.label == 7
    left, top, right, bottom = digit.box
    assert abs(left - 57) < 8 and abs(top - 37) < 8  # noqa: PT018  (one box)
    assert abs(right - 143) < 8 and abs(bottom - 163) < 8  # noqa: PT018


def lined(squared, colour):
    """A sheet of ruled or squared paper."""
    sheet = Image.fromarray(drawn((300, 300), []))
    draw = ImageDraw.Draw(sheet)
    for at in range(20, 300, 40):
        draw.line([(0, at), (300, at + 6)], fill=colour, width=2)
        if squared:
            draw.line([(at + 6, 0), (at, 300)], fill=colour, width=2)
    return sheet


@pytest.mark.parametrize("squared", [False, True])
def test_ruled_and_squared_paper(squared):
    sheet = lined(squared, (160, 170, 215))
    draw = ImageDraw.Draw(sheet)
    strokes = [[(x + 40, y + 50) for x, y in stroke] for stroke in FOUR]
    for stroke in strokes:
        draw.line(stroke, fill=(30, 30, 60), width=6)
    digit = one(photographed(np.asarray(sheet), shadow=0.2))
    assert digit.label == 4
    assert digit.box[2] - digit.box[0] < 120


@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize("width", [8, 20])
def test_a_long_stroke_is_no_line_of_the_paper(squared, width):
    sheet = lined(squared, (190, 195, 220))
    draw = ImageDraw.Draw(sheet)
    draw.line([(170, 20), (162, 285)], fill=(30, 30, 60), width=width)
    digit = one(photographed(np.asarray(sheet), shadow=0.2))
    assert digit.label == 1
    assert digit.box[3] - digit.box[1] > 250


def test_ink_in_the_alpha_channel(tmp_path):
    alpha = 255 - drawn((200, 200), SEVEN, paper=(255,) * 3, ink=(0,) * 3)[..., 0]
    for ink in (0, 255):
        pixels = np.dstack([np.full((200, 200, 3), ink, np.uint8), alpha])
        Image.fromarray(pixels).save(tmp_path / "seven.png")
        assert one(tmp_path / "seven.png").label == 7


def test_several_digits_are_read_line_by_line():
    place = [(0, 0), (160, 10), (20, 220)]
    strokes = [
        [[(x + right, y + down) for x, y in stroke] for stroke in form]
        for form, (right, down) in zip((SEVEN, FOUR, SEVEN), place, strict=True)
    ]
    sheet = drawn((360, 440), [stroke for form in strokes for stroke in form])
    reading = recognize(sheet)
    assert reading.text == "747"
    assert reading.number == 747
    assert reading.probability == min(digit.probability for digit in reading)
    assert all("several digits found" in digit.warnings for digit in reading)


@pytest.mark.parametrize(
    "sheet",
    [
        np.full((100, 80), 255, np.uint8),
        np.zeros((1, 1), np.uint8),
        np.full((60, 60, 3), 0.5),
        photographed(drawn((200, 150), [])),
    ],
    ids=["white", "one pixel", "grey", "photographed"],
)
def test_an_empty_sheet_gives_none(sheet):
    reading = recognize(sheet)
    assert list(reading) == []
    assert reading.warnings
    assert reading.text == "" and reading.probability == 0  # noqa: PT018


@pytest.mark.parametrize("slant", [0.0, 0.2, 0.8])
def test_a_fold_across_an_empty_sheet_is_no_digit(slant):
    """It would make a fine 1."""
    y, x = np.mgrid[:300, :260]
    fold = 14 * np.exp(-(((x - 130 - slant * (y - 150)) / 8) ** 2))
    noise = np.random.default_rng(0).normal(0, 1.2, x.shape)
    reading = recognize((225 - fold + noise).astype(np.uint8))
    assert list(reading) == []
    assert "no digit found" in reading.warnings


@pytest.mark.parametrize("turned", [0, 4])
def test_only_a_grid_is_no_digit(turned):
    sheet = np.full((300, 260), 225.0)
    sheet[10::40] -= 60
    sheet[:, 15::40] -= 60
    sheet = ndimage.rotate(sheet, turned, reshape=False, order=1, mode="nearest")
    noise = np.random.default_rng(0).normal(0, 1.2, sheet.shape)
    assert list(recognize((ndimage.gaussian_filter(sheet, 1) + noise).astype(np.uint8))) == []


def test_a_one_at_the_border_is_no_line_of_the_paper():
    sheet = drawn((200, 150), [[(4, 60), (2, 140)]], width=5)
    assert one(photographed(sheet, shadow=0.1)).label == 1


def test_only_ruled_lines_are_no_digit():
    sheet = Image.fromarray(drawn((300, 300), []))
    draw = ImageDraw.Draw(sheet)
    for at in range(20, 300, 30):
        draw.line([(0, at), (300, at)], fill=(130, 140, 200), width=2)
    reading = recognize(photographed(np.asarray(sheet)))
    assert all(digit.warnings for digit in reading)


@pytest.mark.parametrize("word", ["A", "#", "W", "@"])
def test_what_looks_like_no_digit_is_said(word):
    from matplotlib import font_manager
    from PIL import ImageFont

    image = Image.new("L", (120, 120), 255)
    font = ImageFont.truetype(font_manager.findfont("DejaVu Sans"), 80)
    ImageDraw.Draw(image).text((20, 10), word, font=font, fill=0)
    for digit in recognize(np.asarray(image)):
        assert digit.warnings


def test_what_is_doubtful_between_digits_is_not_left_out():
    """A number without one of its digits is another number."""
    star = [[(20, 40), (80, 160)], [(80, 40), (20, 160)], [(10, 100), (90, 100)]]
    star += [[(50, 40), (50, 160)], [(30, 60), (80, 70)]]
    moved = [(FOUR, 0), (star, 150), (SEVEN, 210)]
    strokes = [[(x + by, y) for x, y in stroke] for part, by in moved for stroke in part]
    reading = recognize(photographed(drawn((400, 200), strokes)))
    assert len(reading) == 3
    assert (reading.text[0], reading.text[2]) == ("4", "7")
    assert "looks like no digit" in reading[1].warnings
    assert "looks like no digit" not in reading[0].warnings + reading[2].warnings
    small = [[((x + 80) / 2, y / 2 + 60) for x, y in stroke] for stroke in star]
    strokes = [*FOUR, *[[(x + 110, y) for x, y in stroke] for stroke in small]]
    assert recognize(photographed(drawn((300, 200), strokes))).text == "4"


@pytest.mark.parametrize(
    ("part", "cut_off"),
    [
        (np.s_[45:, :], True),
        (np.s_[45:, :130], True),
        (np.s_[45:, 60:144], True),
        (np.s_[:, 60:144], False),
        (np.s_[38:162, 60:144], False),
    ],
    ids=["top", "corner", "three sides", "exactly as broad", "all sides"],
)
def test_a_digit_that_is_cut_off_is_said(part, cut_off):
    digit = one(drawn((200, 200), SEVEN)[part])
    assert ("touches the border" in digit.warnings) == cut_off


def test_nothing_is_said_of_the_border_of_a_small_picture_that_somebody_cut_out():
    sheet = drawn((24, 24), [[(4, 0), (20, 0), (11, 23)]], paper=(0, 0, 0), ink=(255,) * 3, width=3)
    digit = one(sheet)
    assert digit.box[1] == 0
    assert "touches the border" not in digit.warnings


@pytest.mark.parametrize(("strokes", "label"), [(SEVEN, 7), (FOUR, 4)])
@pytest.mark.parametrize("paper", [(90, 80, 60), (118, 98, 72)])
def test_ink_on_brown_paper_is_dark_or_light(paper, strokes, label):
    for ink in ((30, 24, 18), (235, 230, 220)):
        sheet = drawn((200, 200), strokes, paper=paper, ink=ink, width=14)
        assert one(photographed(sheet, shadow=0.1)).label == label


def test_probabilities_are_those_of_the_label():
    digit = one(CLEAN.images[0])
    assert digit.probabilities.shape == (10,)
    assert digit.probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert digit.probability == digit.probabilities[digit.label] == digit.probabilities.max()
    assert 0 <= digit.score <= 1
    assert digit.image.shape == (28, 28)
    assert digit.image.dtype == np.uint8
    assert set(digit.to_dict()) == {
        "label", "probability", "probabilities", "box", "score", "warnings"
    }  # fmt: skip


def test_one_bad_picture_does_not_stop_the_others(tmp_path):
    (tmp_path / "broken.png").write_bytes(b"no picture")
    sheet = drawn((200, 200), SEVEN)
    readings = recognize_many([sheet, tmp_path / "broken.png", np.full((20, 20), np.nan), sheet])
    assert [reading.text for reading in readings] == ["7", "", "", "7"]
    assert isinstance(readings[1].error, PictureError)
    assert isinstance(readings[2].error, ImageError)
    assert readings[1].source.endswith("broken.png")
    assert readings[1].to_dict()["error"] == str(readings[1].error)


def test_one_bad_picture_alone_is_an_error():
    with pytest.raises(PictureError):
        recognize(b"no picture")


def test_an_array_of_pictures():
    texts = [reading.text for reading in recognize_many(CLEAN.images[:3])]
    assert texts == [recognize(image).text for image in CLEAN.images[:3]]
    assert recognize_many(np.zeros((0, 28, 28), np.uint8)) == []


def test_bytes_and_files_and_images(tmp_path):
    image = Image.fromarray(drawn((200, 200), SEVEN))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    image.save(tmp_path / "seven.png")
    for source in (buffer.getvalue(), buffer, image, tmp_path / "seven.png",
                   str(tmp_path / "seven.png")):  # fmt: skip
        assert one(source).label == 7


def test_any_model_with_weights():
    assert one(CLEAN.images[0], model="dense128").label == CLEAN.labels[0]


def test_a_model_of_ones_own(tmp_path):
    """What was trained here reads pictures too, as a Keras model and as a saved run."""
    data = mnistkit.load_dataset("digits")
    trainer = mnistkit.Trainer("dense128")
    trainer.fit(data.train, epochs=8)
    trainer.save(tmp_path / "run")
    images = list(CLEAN.images)
    by_model = [reading.text for reading in recognize_many(images, model=trainer.model)]
    by_folder = [reading.text for reading in recognize_many(images, model=tmp_path / "run")]
    assert by_model == by_folder
    assert np.mean([text == str(label) for text, label in zip(by_model, CLEAN.labels,
                                                              strict=True)]) > 0.8  # fmt: skip


def test_models_that_do_not_read_digits():
    with pytest.raises(UnknownNameError, match="no trained weights for model='cnnn'"):
        recognize(CLEAN.images[0], model="cnnn")
    with pytest.raises(ModelError, match="expected the name of a model"):
        recognize(CLEAN.images[0], model=3)
    with pytest.raises(ModelError, match="has 4 outputs"):
        recognize(CLEAN.images[0], model=mnistkit.create_model("dense128", num_classes=4))


def test_threads_agree():
    images = list(CLEAN.images)
    expected = [reading.text for reading in recognize_many(images)]
    results = [None] * 6

    def read(index):
        results[index] = [reading.text for reading in recognize_many(images)]

    threads = [threading.Thread(target=read, args=(index,)) for index in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 6


@given(
    st.tuples(st.integers(1, 90), st.integers(1, 90)),
    st.sampled_from(["noise", "bits", "gradient", "blocks"]),
    st.integers(0, 2**32),
    st.booleans(),
)
def test_any_pixels_give_digits_or_none(shape, kind, seed, colour):
    """Nothing but our own results, whatever the pixels are."""
    rng = np.random.default_rng(seed)
    full = (*shape, 3) if colour else shape
    pixels = {
        "noise": lambda: rng.integers(0, 256, full),
        "bits": lambda: rng.integers(0, 2, full) * 255,
        "gradient": lambda: np.broadcast_to(np.linspace(0, 255, shape[1])[None, :, None][
            ..., 0 if not colour else slice(None)], full),
        "blocks": lambda: np.kron(rng.integers(0, 256, full[:2]), np.ones((3, 3)))[
            : shape[0], : shape[1]],
    }[kind]()  # fmt: skip
    reading = recognize(np.asarray(pixels).astype(np.uint8))
    for digit in reading:
        left, top, right, bottom = digit.box
        assert 0 <= left < right <= pixels.shape[1]
        assert 0 <= top < bottom <= pixels.shape[0]
        assert digit.image.max() == 255


def sheet_of(height, width, *bars):
    """White paper with black bars, each (top, bottom, left, right)."""
    sheet = np.full((height, width), 255, np.uint8)
    for top, bottom, left, right in bars:
        sheet[top:bottom, left:right] = 0
    return sheet


def test_a_tall_one_is_no_ruled_line():
    assert recognize(sheet_of(300, 300, (50, 250, 148, 153))).text == "1"


def test_large_pixels_are_no_small_digit():
    """A bar whose edges are all multiples of 50 pixels is 6x1 once it is brought back."""
    assert recognize(sheet_of(1000, 1000, (400, 700, 500, 550))).text == "1"


def test_strokes_side_by_side_are_two_digits_if_they_look_like_two():
    assert recognize(sheet_of(200, 300, (60, 120, 100, 106), (60, 121, 114, 120))).text == "11"


def test_a_single_line_is_no_digit_and_no_empty_sheet():
    assert recognize(sheet_of(200, 300, (98, 103, 0, 300))).warnings == ("no digit found",)


def printed(size, texts, ink=0):
    from matplotlib import font_manager
    from PIL import ImageFont

    image = Image.new("L", size, 255)
    for text, place, height in texts:
        font = ImageFont.truetype(font_manager.findfont("DejaVu Sans"), height)
        ImageDraw.Draw(image).text(place, text, font=font, fill=ink)
    return np.asarray(image).copy()


def test_a_line_that_rises_is_read_from_left_to_right():
    texts = [(str(n + 1), (20 + 90 * n, 100 - 8 * n), 58) for n in range(6)]
    assert recognize(printed((640, 200), texts)).text == "123456"


def test_a_dark_dot_does_not_hide_a_pale_stroke():
    picture = printed((200, 200), [("5", (60, 20), 120)], ink=165)
    rows, columns = np.nonzero(picture < 200)
    middle = len(rows) // 2
    picture[rows[middle] : rows[middle] + 4, columns[middle] : columns[middle] + 4] = 0
    assert recognize(picture).text == "5"


def test_rows_of_numbers_are_one_picture():
    assert recognize([[0.0] * 40] * 60).warnings


@pytest.mark.parametrize("model", ["a" * 300, ""])
def test_odd_names_of_models(model):
    with pytest.raises(UnknownNameError, match="no trained weights"):
        recognize(CLEAN.images[0], model=model)


def test_a_model_that_cannot_be_used_is_refused():
    import keras

    sigmoids = keras.Sequential(
        [keras.Input((28, 28)), keras.layers.Flatten(), keras.layers.Dense(10, "sigmoid")]
    )
    with pytest.raises(ModelError, match="has no outputs of classes"):
        recognize(CLEAN.images[0], model=sigmoids)
    with pytest.raises(ModelError, match="is not built"):
        recognize(CLEAN.images[0], model=keras.Sequential([keras.layers.Dense(10)]))
    diverged = keras.Sequential(
        [keras.Input((28, 28)), keras.layers.Flatten(), keras.layers.Dense(10, "softmax")]
    )
    diverged.set_weights([weight * np.nan for weight in diverged.get_weights()])
    with pytest.raises(ModelError, match="gives no probabilities"):
        recognize(CLEAN.images[0], model=diverged)
