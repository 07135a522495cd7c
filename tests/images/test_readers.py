"""What is read, against arrays and against bytes written by hand; and how what is wrong is refused."""

import gzip
import pickle
import struct

import numpy as np
import pytest
from PIL import Image

from neuraltopic.errors import NeuralTopicError, NeuralTopicWarning, UsageError
from neuraltopic.images.readers import read_images
from tests.images.digits import SIDE, crosses_and_rings, write_npz

# Two images of 2 x 3: zero, zero, uint8, three axes; their sizes as big-endian numbers; the pixels.
IDX_IMAGES = (
    bytes([0, 0, 8, 3]) + struct.pack(">III", 2, 2, 3) + bytes([0, 1, 2, 3, 4, 5, 250, 251, 252, 253, 254, 255])
)
IDX_LABELS = bytes([0, 0, 8, 1]) + struct.pack(">I", 2) + bytes([7, 2])
PIXELS = [[[0, 1, 2], [3, 4, 5]], [[250, 251, 252], [253, 254, 255]]]


def save_png(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, format="PNG")


def test_the_parts_of_an_npz(tmp_path):
    images, labels = crosses_and_rings()
    path = write_npz(tmp_path / "m.npz")
    read = read_images(path)
    assert (read.kind, read.part, read.name, len(read)) == ("npz", "train", str(path), 32)
    test = read_images(path, part="test")
    np.testing.assert_array_equal(test.pixels, images[::5])
    assert test.labels == tuple(map(str, labels[::5]))
    assert test.ids == tuple(map(str, range(8)))


def test_an_npz_of_one_array(tmp_path):
    images, labels = crosses_and_rings()
    np.savez(tmp_path / "m.npz", pictures=images, kinds=labels)
    read = read_images(tmp_path / "m.npz", part="test")  # it has no parts
    np.testing.assert_array_equal(read.pixels, images)
    assert read.labels is not None
    assert read.labels[:2] == ("0", "1")
    np.savez(tmp_path / "n.npz", images)
    assert read_images(tmp_path / "n.npz").labels is None


@pytest.mark.parametrize("shape", [(5, 3, 4), (5, 3, 4, 1), (5, 1, 3, 4)])
def test_shapes_of_an_npy(tmp_path, shape):
    values = np.arange(60, dtype=np.uint8)
    np.save(tmp_path / "m.npy", values.reshape(shape))
    np.testing.assert_array_equal(read_images(tmp_path / "m.npy").pixels, values.reshape(5, 3, 4))


def test_flat_images_that_are_square(tmp_path):
    np.save(tmp_path / "m.npy", np.arange(32, dtype=np.uint8).reshape(2, 16))
    assert read_images(tmp_path / "m.npy").pixels.shape == (2, 4, 4)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([True, False]), [255, 0]),
        (np.array([0, 1], np.int64), [0, 255]),
        (np.array([0, 200], np.int64), [0, 200]),
        (np.array([0, 200], np.float64), [0.0, 200.0]),
        (np.array([-0.5, 0.25], np.float32), [-0.5, 0.25]),
    ],
)
def test_what_numbers_mean(tmp_path, values, expected):
    np.save(tmp_path / "m.npy", values.reshape(2, 1, 1))
    pixels = read_images(tmp_path / "m.npy").pixels
    assert pixels.ravel().tolist() == expected
    assert pixels.dtype == (np.float32 if values.dtype.kind == "f" else np.uint8)


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("separator", ["-", "."])
def test_idx_files_written_by_hand(tmp_path, suffix, separator):
    pack = gzip.compress if suffix else bytes
    (tmp_path / f"train-images{separator}idx3-ubyte{suffix}").write_bytes(pack(IDX_IMAGES))
    (tmp_path / f"train-labels{separator}idx1-ubyte{suffix}").write_bytes(pack(IDX_LABELS))
    read = read_images(tmp_path)
    assert read.pixels.tolist() == PIXELS
    assert (read.kind, read.part, read.labels) == ("idx", "train", ("7", "2"))
    with pytest.raises(UsageError, match="expected images to test; got only train-images"):
        read_images(tmp_path, part="test")


def test_one_idx_file(tmp_path):
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(IDX_IMAGES)
    assert read_images(tmp_path / "t10k-images-idx3-ubyte").pixels.tolist() == PIXELS
    assert read_images(tmp_path, part="test").labels is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (IDX_IMAGES[:-1], "expected 12 bytes of numbers after the header; got 11."),
        (IDX_IMAGES + b"1", "got 13 or more"),
        (IDX_IMAGES[:10], "the sizes of 3 axes"),
        (IDX_LABELS, "the first bytes 00 00 08 03 of 3 axes"),
        (gzip.compress(IDX_IMAGES, mtime=0)[:-9], "an IDX file that can be read"),
    ],
)
def test_a_damaged_idx_file(tmp_path, content, said):
    (tmp_path / "train-images-idx3-ubyte").write_bytes(content)
    with pytest.raises(NeuralTopicError) as raised:
        read_images(tmp_path)
    assert said in str(raised.value)


def test_idx_labels_of_other_images(tmp_path):
    (tmp_path / "train-images-idx3-ubyte").write_bytes(IDX_IMAGES)
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(IDX_LABELS[:4] + struct.pack(">I", 1) + b"7")
    with pytest.raises(NeuralTopicError, match="expected 2, one per image"):
        read_images(tmp_path)


def test_a_folder_of_png_comes_back_as_it_was_saved(tmp_path):
    images, labels = crosses_and_rings(6)
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        save_png(tmp_path / f"{'cross' if label == 0 else 'ring'}" / f"{number}.png", image)
    (tmp_path / "README.txt").touch()
    save_png(tmp_path / ".cache" / "x.png", images[0])
    (tmp_path / "cross" / ".hidden.png").touch()
    told = []
    with pytest.warns(NeuralTopicWarning, match="1 file without the suffix .png left out"):
        read = read_images(tmp_path, progress=lambda *said: told.append(said))
    order = [0, 2, 4, 1, 3, 5]
    np.testing.assert_array_equal(read.pixels, images[order])
    assert read.labels == ("cross",) * 3 + ("ring",) * 3
    assert read.ids[:4] == ("cross/0.png", "cross/2.png", "cross/4.png", "ring/1.png")
    assert read.kind == "png folder"
    assert told[0] == ("reading", 0, 6)
    assert told[-1] == ("reading", 6, 6)


def test_colours_become_their_luminance_and_16_bits_the_upper_8(tmp_path):
    colour = np.zeros((2, 2, 3), np.uint8)
    colour[..., 1] = 200
    save_png(tmp_path / "a.png", colour)
    save_png(tmp_path / "b.PNG", np.array([[0, 65535], [256, 511]], np.uint16))
    read = read_images(tmp_path)
    assert read.labels is None
    assert read.pixels[0].tolist() == [[117, 117], [117, 117]]  # 0.587 * 200
    assert read.pixels[1].tolist() == [[0, 255], [1, 1]]


def test_a_png_of_another_size(tmp_path):
    save_png(tmp_path / "a.png", np.zeros((4, 3), np.uint8))
    save_png(tmp_path / "b.png", np.zeros((4, 5), np.uint8))
    with pytest.raises(NeuralTopicError) as raised:
        read_images(tmp_path)
    assert str(raised.value).startswith(f"{tmp_path / 'b.png'}: expected 3 x 4 pixels, as a.png has; got 5 x 4.")


def test_a_png_that_is_none(tmp_path):
    (tmp_path / "a.png").write_bytes(b"GIF89a")
    with pytest.raises(NeuralTopicError, match=r"a\.png: expected a PNG file that can be read"):
        read_images(tmp_path)


def test_some_png_without_a_label(tmp_path):
    save_png(tmp_path / "cat" / "a.png", np.zeros((2, 2), np.uint8))
    save_png(tmp_path / "b.png", np.zeros((2, 2), np.uint8))
    with pytest.raises(NeuralTopicError, match=r"got b\.png beside a folder cat"):
        read_images(tmp_path)


def refused(path, **options):
    with pytest.raises(NeuralTopicError) as raised:
        read_images(path, **options)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_what_cannot_be_read(tmp_path):
    assert "no such file or folder" in refused(tmp_path / "gone.npz")
    (tmp_path / "empty").mkdir()
    assert "got no file" in refused(tmp_path / "empty")
    (tmp_path / "empty" / "a.jpg").touch()
    assert "got 1 other files" in refused(tmp_path / "empty")
    (tmp_path / "notes.txt").write_text("hello")
    assert "another kind of file" in refused(tmp_path / "notes.txt")
    (tmp_path / "data.gz").write_bytes(b"\x1f\x8bno gzip")
    assert "another kind of file" in refused(tmp_path / "data.gz")
    (tmp_path / "text.npz").write_text("hello")
    assert "arrays that numpy can read" in refused(tmp_path / "text.npz")
    (tmp_path / "pickle.npy").write_bytes(pickle.dumps([1]))
    assert "no Python objects" in refused(tmp_path / "pickle.npy")
    np.savez(tmp_path / "two.npz", a=np.zeros((2, 3, 3)), b=np.zeros((2, 3, 3)))
    assert "got the arrays a, b" in refused(tmp_path / "two.npz")
    np.savez(tmp_path / "none.npz", a=np.zeros(3))
    assert "one array of images" in refused(tmp_path / "none.npz")
    assert "one of train, test" in refused(tmp_path / "none.npz", part="all")
    np.savez(tmp_path / "train.npz", x_train=np.zeros((2, 3, 3), np.uint8))
    assert "Choose part train" in refused(tmp_path / "train.npz", part="test")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (np.zeros((2, 3, 3, 3), np.uint8), "one of shape (2, 3, 3, 3)"),
        (np.zeros((2, 7), np.uint8), "one of shape (2, 7)"),
        (np.zeros((0, 3, 3), np.uint8), "one of shape (0, 3, 3)"),
        (np.full((2, 3, 3), 256), "whole numbers from 256 to 256"),
        (np.full((2, 3, 3), -1), "grey levels from 0 to 255"),
        (np.full((2, 3, 3), np.nan), "a NaN or an infinity"),
        (np.full((2, 3, 3), 1j), "complex128"),
    ],
)
def test_arrays_that_are_no_grey_images(tmp_path, values, said):
    np.save(tmp_path / "m.npy", values)
    assert said in refused(tmp_path / "m.npy")


def test_the_digest_is_of_pixels_and_labels(tmp_path):
    path = write_npz(tmp_path / "m.npz")
    one, other = read_images(path), read_images(path, part="test")
    assert one.sha256() == read_images(path).sha256() != other.sha256()
    assert one.pixels.shape[1:] == (SIDE, SIDE)


def test_mnist(data_folder):
    images = read_images(data_folder / "mnist.npz", part="test")
    assert images.pixels.shape == (10_000, 28, 28)
    assert images.labels is not None
    assert images.labels[:4] == ("7", "2", "1", "0")
