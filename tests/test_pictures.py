"""Whatever a camera or a tool wrote, the same upright picture comes back; what cannot be read says so in one line."""
import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lanmsff_plugins.base.errors import DataError
from lanmsff_plugins.pictures import MAX_PIXELS, opened, picture_size, read_picture, to_array

GREY = np.random.default_rng(0).integers(0, 256, (5, 7), dtype=np.uint8)
RGB = np.random.default_rng(1).integers(0, 256, (5, 7, 3), dtype=np.uint8)
ALPHA = np.where(GREY > 127, 255, 0).astype(np.uint8)  # all or nothing
STEPS = np.kron(GREY[:2, :3], np.ones((16, 16), np.uint8))  # blocks, which survive lossy formats

UPRIGHT = {  # by EXIF's orientation, from the stored pixels
    1: lambda x: x, 2: np.fliplr, 3: lambda x: np.rot90(x, 2), 4: np.flipud, 5: np.transpose,
    6: lambda x: np.rot90(x, -1), 7: lambda x: np.rot90(x, 2).T, 8: np.rot90}


def content(image: Image.Image, form: str = "PNG", **options) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def png(width: int, height: int, colour: int, depth: int, rows: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG by hand: what no release of Pillow writes."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    every = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in every)


def oriented(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def refused(source, match: str) -> str:
    with pytest.raises(DataError, match=match) as error:
        read_picture(source)
    assert "\n" not in str(error.value)
    return str(error.value)


# What comes back

@pytest.mark.parametrize("form", ["PNG", "TIFF"])
@pytest.mark.parametrize("orientation", UPRIGHT)
def test_a_picture_is_turned_as_its_exif_tag_says(tmp_path, orientation, form):
    stored = content(Image.fromarray(GREY), form, exif=oriented(orientation))
    (tmp_path / "x").write_bytes(stored)
    for source in (stored, tmp_path / "x"):
        np.testing.assert_array_equal(read_picture(source), UPRIGHT[orientation](GREY))


@pytest.mark.parametrize("form", ["JPEG", "WEBP"])
@pytest.mark.parametrize("orientation", UPRIGHT)
def test_so_is_one_of_a_lossy_format(orientation, form):
    got = read_picture(content(Image.fromarray(STEPS), form, exif=oriented(orientation), quality=95))
    np.testing.assert_allclose(got.astype(int), UPRIGHT[orientation](STEPS).astype(int), atol=12)


@pytest.mark.parametrize("orientation", [0, 9, 65_535])
def test_an_orientation_that_does_not_exist_turns_nothing(orientation):
    np.testing.assert_array_equal(read_picture(content(Image.fromarray(GREY), exif=oriented(orientation))), GREY)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("kind", [2, 7])
def test_a_turned_picture_is_read_though_another_tag_is_damaged(kind):
    """ImageOps.exif_transpose of Pillow 13 writes that tag anew, and fails."""
    exif = oriented(6)
    exif[0x011A] = 72.  # a fraction, of kind 5
    damaged = exif.tobytes().replace(struct.pack(">HH", 0x011A, 5), struct.pack(">HH", 0x011A, kind))
    stored = content(Image.fromarray(GREY), exif=damaged)
    np.testing.assert_array_equal(read_picture(stored), UPRIGHT[6](GREY))


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_16_bits_are_scaled_to_8(form):
    values = np.linspace(0, 65_535, 35).astype(np.uint16).reshape(5, 7)
    got = read_picture(content(Image.fromarray(values), form))
    np.testing.assert_array_equal(got, np.rint(values / 257).astype(np.uint8))
    assert (got.min(), got.max()) == (0, 255)


@pytest.mark.parametrize("dtype", ["int32", "<u2", ">u2"])
def test_so_are_arrays_of_16_bits_in_any_order_and_as_32(dtype):
    values = (GREY.astype(np.int64) * 257).astype(dtype)
    np.testing.assert_array_equal(read_picture(Image.fromarray(values)), GREY)


def test_16_bits_in_colour_are_scaled_to_8():
    rows = b"".join(b"\0" + (row.astype(np.uint16) * 257).astype(">u2").tobytes() for row in RGB)
    np.testing.assert_array_equal(read_picture(png(7, 5, 2, 16, rows), colour=True), RGB)


@pytest.mark.parametrize("value", [-1, 65_536])
def test_integers_beyond_16_bits_are_refused(value):
    refused(Image.fromarray(np.full((2, 2), value, np.int32)), "has values beyond 16 bits; save it with")


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_fewer_bits_than_8_span_black_to_white(depth):
    rows = b"\0" + bytes([0b00001111])
    got = read_picture(png(8 // depth, 1, 0, depth, rows))
    assert (got[0, 0], got[0, -1]) == (0, 255)


def test_one_bit_becomes_black_and_white():
    got = read_picture(content(Image.fromarray(ALPHA).convert("1")))
    np.testing.assert_array_equal(got, ALPHA)


def test_a_palette_is_looked_up():
    image = Image.fromarray(RGB).quantize(64)
    np.testing.assert_array_equal(read_picture(content(image), colour=True), np.array(image.convert("RGB")))
    np.testing.assert_allclose(read_picture(content(image), colour=True), RGB, atol=8)


def test_the_transparent_colour_of_a_palette_becomes_white():
    image = Image.fromarray(GREY).convert("P")
    index = image.getpixel((3, 2))
    expected = np.array(image.convert("L"))
    expected[np.array(image) == index] = 255
    np.testing.assert_array_equal(read_picture(content(image, transparency=index)), expected)


def test_the_transparent_grey_becomes_white_at_8_and_16_bits():
    clear = int(GREY[2, 3])
    expected = np.where(GREY == clear, 255, GREY)
    eight = b"".join(b"\0" + row.tobytes() for row in GREY)
    sixteen = b"".join(b"\0" + (row.astype(np.uint16) * 257).astype(">u2").tobytes() for row in GREY)
    for depth, rows, value in ((8, eight, clear), (16, sixteen, 257 * clear)):
        got = read_picture(png(7, 5, 0, depth, rows, (b"tRNS", struct.pack(">H", value))))
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("mode", ["LA", "RGBA", "PA", "La", "RGBa"])
def test_what_is_transparent_becomes_white(mode):
    grey = mode in ("LA", "La")
    image = Image.fromarray(np.dstack([GREY if grey else RGB, ALPHA]).squeeze(), "LA" if grey else "RGBA")
    if mode == "PA":
        image = Image.fromarray(GREY).convert("P").convert("PA")
        image.putalpha(Image.fromarray(ALPHA))
    image = image if image.mode == mode else image.convert(mode)
    opaque = GREY if grey or mode == "PA" else np.array(Image.fromarray(RGB).convert("L"))
    np.testing.assert_array_equal(read_picture(image), np.where(ALPHA, opaque, 255))


def test_half_transparent_is_half_white():
    image = Image.new("RGBA", (1, 1), (100, 100, 100, 51))
    assert read_picture(content(image)).item() == round(100 * .2 + 255 * .8)


def test_ink_becomes_light():
    """CMYK counts what is printed: no ink is white."""
    colours = np.zeros((8, 8, 3), np.uint8) + np.uint8([200, 10, 30])
    jpeg = content(Image.fromarray(colours).convert("CMYK"), "JPEG", quality=95)
    assert Image.open(io.BytesIO(jpeg)).mode == "CMYK"
    np.testing.assert_allclose(read_picture(jpeg, colour=True), colours, atol=6)
    assert read_picture(content(Image.new("CMYK", (8, 8)), "JPEG")).min() == 255


@pytest.mark.parametrize("form", ["PNG", "BMP", "TIFF", "PPM"])
def test_grey_is_pillow_s_luma_and_colour_is_rgb(form):
    stored = content(Image.fromarray(RGB), form)
    np.testing.assert_array_equal(read_picture(stored), np.array(Image.fromarray(RGB).convert("L")))
    np.testing.assert_array_equal(read_picture(stored, colour=True), RGB)
    np.testing.assert_allclose(read_picture(stored), RGB @ [.299, .587, .114], atol=1)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "LAB", "HSV", "I",
                                  "I;16"])
def test_every_mode_gives_bytes_of_its_size(mode):
    image = Image.new(mode, (7, 5))
    assert (read_picture(image).shape, read_picture(image).dtype) == ((5, 7), np.uint8)
    assert read_picture(image, colour=True).shape == (5, 7, 3)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"])
def test_a_picture_may_be_a_single_pixel(form):
    got = read_picture(content(Image.new("L", (1, 1), 90), form))
    assert got.shape == (1, 1) and abs(int(got.item()) - 90) <= 3


def test_of_an_animation_the_first_frame_is_taken():
    frames = [Image.fromarray(np.full((5, 7), value, np.uint8)) for value in (30, 130, 230)]
    gif = content(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert Image.open(io.BytesIO(gif)).n_frames == 3
    np.testing.assert_array_equal(read_picture(gif), np.full((5, 7), 30))


def test_a_path_its_text_the_bytes_and_the_image_are_one_picture(tmp_path):
    path = tmp_path / "a face.png"
    image = Image.fromarray(RGB)
    image.save(path)
    for source in (path, str(path), path.read_bytes(), image, Image.open(path)):
        np.testing.assert_array_equal(read_picture(source), to_array(image))


def test_the_array_may_be_written_to_and_the_image_stays(tmp_path):
    image = Image.fromarray(GREY)
    read_picture(image)[:] = 0
    np.testing.assert_array_equal(np.array(image), GREY)


# What is refused

@pytest.fixture(params=["path", "bytes"])
def given(request, tmp_path):
    """Gives bytes as what ``read_picture`` takes, and what its message calls that."""
    def give(data: bytes) -> tuple[Path | bytes, str]:
        if request.param == "bytes":
            return data, "the picture"
        (tmp_path / "photo.jpg").write_bytes(data)
        return tmp_path / "photo.jpg", str(tmp_path / "photo.jpg")
    return give


JPEG = content(Image.fromarray(np.random.default_rng(2).integers(0, 256, (64, 64), dtype=np.uint8)), "JPEG")


@pytest.mark.parametrize("data", [
    pytest.param(b"", id="empty"), pytest.param(b"no picture\n" * 9, id="text"), pytest.param(b"<svg/>", id="SVG"),
    *(pytest.param(JPEG[:end], id=f"JPEG cut at {end}") for end in (2, 100, 700, len(JPEG) // 2)),
    *(pytest.param(content(Image.fromarray(GREY))[:end], id=f"PNG cut at {end}") for end in (20, 45, 60)),
    pytest.param(png(7, 5, 0, 8, b""), id="without data"), pytest.param(png(0, 5, 0, 8, b""), id="no pixels"),
])
def test_a_damaged_picture_is_named(data, given):
    source, name = given(data)
    message = refused(source, "cannot be read as an image .*; get the file anew")
    assert message.startswith(f"{name} cannot") and " object at 0x" not in message


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "ICO", "AVIF", "DDS", "JPEG2000"])
def test_flipped_bytes_are_read_or_refused_but_never_crash(form):
    rng = np.random.default_rng(3)
    try:
        whole = content(Image.fromarray(RGB), form)
    except (KeyError, OSError, RuntimeError):
        pytest.skip(f"this Pillow does not write {form}")
    for _ in range(150):
        data = bytearray(whole)
        for where in rng.integers(min(len(data), 300), size=3):
            data[where] = rng.integers(256)
        try:
            got = read_picture(bytes(data))
        except DataError as error:
            assert "\n" not in str(error)
        else:
            assert got.dtype == np.uint8 and got.ndim == 2 and got.size


@pytest.mark.parametrize("colour", [0, 2])
@pytest.mark.parametrize(("side", "message"), [
    (12_000, "has 12000x12000 pixels; expected from 1 to 134,217,728 in all"),
    (20_000, r"cannot be read as an image \(.*400000000 pixels.*\); get the file anew or scale it down"),
    (2 ** 31 - 1, "cannot be read as an image .*; get the file anew or scale it down")])
def test_a_decompression_bomb_is_refused_by_its_header_alone(side, message, colour, given):
    """There are no pixels behind it: whoever tried to decode them would say so."""
    source, name = given(png(side, side, colour, 8, b""))
    assert refused(source, message).startswith(name)


def test_the_limit_is_that_of_the_module_and_counts_for_images_too(monkeypatch):
    monkeypatch.setattr("lanmsff_plugins.pictures.MAX_PIXELS", 34)
    refused(content(Image.fromarray(GREY)), "has 7x5 pixels; expected from 1 to 34 in all")
    refused(Image.fromarray(GREY), "has 7x5 pixels")
    monkeypatch.setattr("lanmsff_plugins.pictures.MAX_PIXELS", 35)
    np.testing.assert_array_equal(read_picture(content(Image.fromarray(GREY))), GREY)
    assert MAX_PIXELS >= 100_000_000  # any camera's


def test_floating_point_values_are_refused(given):
    source, name = given(content(Image.fromarray(np.ones((4, 4), np.float32)), "TIFF"))
    assert refused(source, "has floating-point values, .*; save it with 8 or 16 bits").startswith(name)


def test_postscript_is_not_run(given):
    source, name = given(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n")
    assert refused(source, "is PostScript").startswith(name)


def test_dds_is_refused_where_pillow_is_too_old_to_come_to_an_end_with_a_damaged_one(given, monkeypatch):
    source, name = given(content(Image.fromarray(RGB), "DDS"))
    monkeypatch.setattr("lanmsff_plugins.base.compat.version", lambda package: (13, 0))
    assert read_picture(source).shape == RGB.shape[:2]
    monkeypatch.setattr("lanmsff_plugins.base.compat.version", lambda package: (12, 3))
    assert refused(source, "reading DDS needs Pillow 13, got .*; save it as PNG").startswith(name)


def test_an_image_without_pixels_is_refused():
    refused(Image.new("L", (0, 5)), "the picture has 0x5 pixels")


def test_an_image_that_fails_to_decode_late_is_named(tmp_path):
    (tmp_path / "cut.jpg").write_bytes(JPEG[:len(JPEG) // 2])
    with Image.open(tmp_path / "cut.jpg") as image:  # its header is whole
        assert refused(image, "cannot be read as an image").startswith(str(tmp_path / "cut.jpg"))


@pytest.mark.parametrize("colour", [False, True])
def test_a_missing_file_is_named(tmp_path, colour):
    with pytest.raises(FileNotFoundError) as error:
        read_picture(tmp_path / "photo.jpg", colour)
    assert str(error.value) == f"no picture at {tmp_path / 'photo.jpg'}"


def test_a_folder_is_no_picture_whatever_it_is_called(tmp_path):
    (tmp_path / "photo.jpg").mkdir()
    with pytest.raises(FileNotFoundError) as error:
        read_picture(tmp_path / "photo.jpg")
    assert str(error.value) == f"no picture at {tmp_path / 'photo.jpg'}: it is a folder"


@pytest.mark.parametrize("name", ["two\nlines.jpg", "bell\a.jpg", "b\udcffytes.jpg"])
def test_a_name_that_cannot_be_printed_is_written_out(tmp_path, name):
    (tmp_path / name).write_bytes(b"")
    message = refused(tmp_path / name, "cannot be read as an image")
    assert message.isprintable() and message.isascii()


@pytest.mark.parametrize("source", [None, GREY, io.BytesIO(JPEG), 3])
def test_what_is_no_picture_at_all_is_a_type_error(source):
    with pytest.raises(TypeError, match=f"a file's path, its bytes or a PIL.Image, got {type(source).__name__}"):
        read_picture(source)


def test_within_opened_pillow_s_errors_name_the_place():
    with pytest.raises(DataError, match=r"row 7 cannot be read as an image \(image file is truncated"):
        with opened(JPEG[:700], "row 7") as image:
            image.load()


def test_no_torch_is_needed():
    code = "import lanmsff_plugins.pictures, sys; print('torch' in sys.modules, 'timm' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
@pytest.mark.parametrize("orientation", UPRIGHT)
def test_the_size_is_that_of_the_upright_picture(tmp_path, orientation, form):
    Image.fromarray(GREY).save(tmp_path / "x", form, exif=oriented(orientation))
    assert picture_size(tmp_path / "x") == read_picture(tmp_path / "x").shape[::-1]
