"""Image files: their sizes and colours before they are decoded, and their bytes."""

import warnings
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image, UnidentifiedImageError

from pipeline.datasets._reading import check_file
from pipeline.errors import UserError

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp")
Colours = Literal["auto", "grey", "rgb"]
_FORMATS = ("PNG", "JPEG", "BMP")
_PIXELS = 50_000_000  # of one image; a file of some kilobytes may stand for more
_BYTES = 8 * 2**30  # of all images together
_GREY = ("1", "L", "LA", "I", "I;16", "I;16B", "I;16L", "I;16N", "F")


@dataclass(frozen=True)
class _Header:
    path: Path
    size: tuple[int, int]  # height, width
    mode: str  # Pillow's


def read_images(
    where: str, paths: Sequence[Path], size: tuple[int, int] | None, colours: Colours
) -> tuple[np.ndarray, list[str]]:
    """uint8 (N, channels, height, width), and lines on what was converted. Raises UserError that names the file."""
    with ThreadPoolExecutor(4) as pool:
        headers = list(pool.map(header_of, paths))
        notes = _sizes(where, headers, size)
        height, width = size or headers[0].size
        mode, more = _mode(where, headers, colours)
        channels = 1 if mode == "L" else 3
        if (total := len(paths) * channels * height * width) > _BYTES:
            raise UserError(
                f"{where}: {len(paths)} images of {height}×{width} are {total / 2**30:.0f} GiB; make them smaller "
                "by dataset.size=[32,32]"
            )
        images = np.empty((len(paths), channels, height, width), np.uint8)

        def decode(number: int) -> None:
            images[number] = _pixels(headers[number], mode, (height, width))

        for _ in pool.map(decode, range(len(paths))):
            pass
    return images, notes + more


def header_of(path: Path) -> _Header:
    """Size and mode, without decoding the image."""
    with _opened(path) as image:
        width, height = image.size
        if width * height > _PIXELS:
            raise UserError(
                f"{path}: {width}×{height} pixels, more than {_PIXELS:,}; make the image smaller, or leave it out"
            )
        return _Header(path, (height, width), image.mode)


def _opened(path: Path) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limit here is lower
            return Image.open(check_file(path), formats=_FORMATS)
    except Image.DecompressionBombError:
        raise UserError(f"{path}: more than {_PIXELS:,} pixels; make the image smaller, or leave it out") from None
    except UnidentifiedImageError:
        raise UserError(f"{path}: no PNG, JPEG or BMP image; get it again, or leave it out") from None
    except (OSError, ValueError, SyntaxError) as error:
        raise _damaged(path, error) from None


def _pixels(header: _Header, mode: str, size: tuple[int, int]) -> np.ndarray:
    """(channels, height, width)"""
    with _opened(header.path) as image:
        try:
            image.load()
        except (OSError, ValueError, SyntaxError) as error:
            raise _damaged(header.path, error) from None
        if header.mode.startswith("I"):  # 16 bits; Pillow would cut off what is above 255
            image = Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).clip(0, 255).astype(np.uint8))
        converted = image.convert(mode)
        if header.size != size:
            converted = converted.resize((size[1], size[0]), Image.Resampling.BILINEAR)
        pixels = np.asarray(converted)
    return pixels[np.newaxis] if pixels.ndim == 2 else np.moveaxis(pixels, 2, 0)


def _sizes(where: str, headers: Sequence[_Header], size: tuple[int, int] | None) -> list[str]:
    sizes = Counter(header.size for header in headers)
    if size is not None:
        resized = sum(count for other, count in sizes.items() if other != size)
        return [f"{where}: {resized} of {len(headers)} images resized to {size[0]}×{size[1]}"] if resized else []
    if len(sizes) == 1:
        return []
    common, rare = sizes.most_common()[0], sizes.most_common()[-1]
    example = next(header.path for header in headers if header.size == rare[0])
    height, width = common[0]
    raise UserError(
        f"{example}: {rare[0][0]}×{rare[0][1]} pixels (height × width), where {common[1]} of {len(headers)} images "
        f"are {height}×{width}; dataset.size=[{height},{width}] resizes all"
    )


def _mode(where: str, headers: Sequence[_Header], colours: Colours) -> tuple[str, list[str]]:
    """The mode that all are converted to: grey where all are, or what was asked for."""
    modes = Counter(header.mode for header in headers)
    grey = sum(count for mode, count in modes.items() if mode in _GREY)
    is_grey = grey == len(headers) if colours == "auto" else colours == "grey"
    mode = "L" if is_grey else "RGB"
    plain = {"L": ("L", "1"), "RGB": ("RGB",)}[mode]
    changed = {other: count for other, count in modes.items() if other not in plain}
    if not changed:
        return mode, []
    named = ", ".join(f"{count} {other}" for other, count in sorted(changed.items()))
    kind = "grey (8 bits)" if mode == "L" else "red, green, blue (8 bits)"
    return mode, [f"{where}: images of other modes ({named}) of {len(headers)} are converted to {kind}"]


def _damaged(path: Path, error: Exception) -> UserError:
    reason = " ".join(str(error).split())[:120]
    return UserError(f"{path}: cut off or damaged ({reason}); get it again, or leave it out")
