"""Films: a scene as MP4, WebM or GIF, one frame in memory at a time.

The caller's thread draws while another encodes. Colours are converted to BT.709 in limited range
and the file says so. The number of encoder threads is fixed, so that the same scene gives the same
film on any machine.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, cast

import av
import av.filter
import numpy as np

from ..errors import InputError, OutputError, unknown_name
from ..files import replacing
from ..scene import Scene
from ..types import ByteArray
from .raster import Canvas, pixel_size
from .yuv import to_yuv420, to_yuv444

Progress: TypeAlias = Callable[[int, int], None]

WAITING: Final = 4  # frames drawn ahead of the encoder
ENCODER_THREADS: Final = 4
BT709: Final = 1  # the code of its primaries, transfer and matrix alike
LIMITED: Final = 1
PALETTE_FRAMES: Final = 24  # frames from which a GIF's 256 colours are chosen


def write_mp4(
    scene: Scene,
    path: str | Path,
    *,
    fps: float | None = None,
    scale: float = 1.0,
    quality: Literal["420", "444"] = "420",
    crf: int = 23,
    progress: Progress | None = None,
) -> None:
    """Write an H.264 film that every player and browser starts at once.

    `quality="444"` keeps full colour along thin lines, which not every player can show. `crf` from
    0 (no loss) to 51. An odd side is made even by repeating the last row or column of pixels.
    """
    if not 0 <= crf <= 51:
        raise InputError("The quality crf of H.264 is 0 to 51", received=f"{crf}")
    options = {"preset": "ultrafast" if quality == "420" else "veryfast", "crf": str(crf)}
    container = {"movflags": "+faststart"}
    _write(scene, path, "libx264", options, container, fps, scale, quality, progress)


def write_webm(
    scene: Scene,
    path: str | Path,
    *,
    fps: float | None = None,
    scale: float = 1.0,
    crf: int = 32,
    progress: Progress | None = None,
) -> None:
    """Write a VP9 film. `crf` from 0 (best) to 63."""
    if not 0 <= crf <= 63:
        raise InputError("The quality crf of VP9 is 0 to 63", received=f"{crf}")
    options = {"deadline": "realtime", "cpu-used": "8", "row-mt": "1", "crf": str(crf), "b": "0"}
    _write(scene, path, "libvpx-vp9", options, {}, fps, scale, "420", progress)


def write_gif(
    scene: Scene,
    path: str | Path,
    *,
    width: int = 960,
    fps: float = 12.5,
    progress: Progress | None = None,
) -> None:
    """Write a GIF that plays for ever, drawn at its own (smaller) size.

    A GIF has at most 256 colours, chosen from 24 frames across the film; the nearest is taken.
    Frames last whole hundredths of a second: 12.5, 20 or 25 a second are exact.
    """
    if not 16 <= width <= 4096:
        raise InputError("A GIF is 16 to 4,096 pixels wide", received=f"{width}")
    if not 1 <= fps <= 50:
        raise InputError("A GIF has 1 to 50 frames a second", received=f"{fps:g}")
    hundredths = round(100 / fps)
    times = _times(scene, 100 / hundredths)
    scale = width / scene.size[0]
    with replacing(path) as beside:
        palette = _palette(scene, times, scale)
        with _reported(path), av.open(str(beside), "w", format="gif") as output:
            stream: Any = output.add_stream("gif", rate=Fraction(100, hundredths))
            stream.width, stream.height = pixel_size(scene.size, scale)
            stream.pix_fmt = "pal8"
            stream.time_base = Fraction(1, 100)
            graph = _palette_use(stream.width, stream.height, palette)
            for number, drawn in enumerate(_drawn(scene, times, scale)):
                frame = av.VideoFrame.from_ndarray(drawn.pixels, format="rgb24")
                frame.pts, frame.time_base = number * hundredths, Fraction(1, 100)
                graph.picture.push(frame)
                for shown in graph.pull():
                    output.mux(stream.encode(shown))
                _tell(progress, number + 1, len(times))
            graph.picture.push(None)
            for shown in graph.pull():
                output.mux(stream.encode(shown))
            output.mux(stream.encode(None))


@dataclass
class Drawn:
    """A frame's pixels (row, column, rgb), and the windows that differ from the frame before."""

    pixels: ByteArray
    changed: list[tuple[int, int, int, int]]


class Planes:
    """A frame as the encoder takes it, of which only what changed is converted again."""

    def __init__(self, width: int, height: int, quality: str) -> None:
        self.width, self.height = width + width % 2, height + height % 2
        self.quality = quality
        half = 1 if quality == "444" else 2
        self.y = np.zeros((self.height, self.width), np.uint8)
        self.cb = np.zeros((self.height // half, self.width // half), np.uint8)
        self.cr = self.cb.copy()
        # One more than can wait, be encoded and be filled at a time: new memory costs much.
        self._frames = [
            av.VideoFrame(self.width, self.height, f"yuv{quality}p") for _ in range(WAITING + 3)
        ]
        self._given = 0

    def convert(self, drawn: Drawn) -> None:
        """Bring the planes up to the drawn frame."""
        convert = to_yuv444 if self.quality == "444" else to_yuv420
        for left, top, right, bottom in drawn.changed:
            edges = (left // 2 * 2, top // 2 * 2, (right + 1) // 2 * 2, (bottom + 1) // 2 * 2)
            convert(drawn.pixels, self.y, self.cb, self.cr, *edges)

    def frame(self) -> av.VideoFrame:
        """A copy for the encoder; it is written over once the encoder has been given more."""
        frame = self._frames[self._given % len(self._frames)]
        self._given += 1
        frame.make_writable()  # where the encoder itself still holds it, it gets new memory
        for plane, values in zip(frame.planes, (self.y, self.cb, self.cr), strict=True):
            rows = np.frombuffer(cast(Any, plane), np.uint8).reshape(-1, plane.line_size)
            rows[: values.shape[0], : values.shape[1]] = values
        frame.colorspace, frame.color_range = BT709, LIMITED
        frame.color_primaries, frame.color_trc = cast(Any, BT709), cast(Any, BT709)
        return frame


def _write(
    scene: Scene,
    path: str | Path,
    codec: str,
    options: dict[str, str],
    container: dict[str, str],
    fps: float | None,
    scale: float,
    quality: str,
    progress: Progress | None,
) -> None:
    if quality not in ("420", "444"):
        raise unknown_name("quality", str(quality), ("420", "444"))
    rate = scene.fps if fps is None else fps
    if not 0.1 <= rate <= 240:
        raise InputError("A film has 0.1 to 240 frames a second", received=f"{rate:g}")
    times = _times(scene, rate)
    planes = Planes(*pixel_size(scene.size, scale), quality)
    with replacing(path) as beside, _reported(path):
        form = Path(path).suffix[1:].lower()
        with av.open(str(beside), "w", format=form, options=container) as output:
            output.metadata["title"] = scene.title
            stream: Any = output.add_stream(codec, rate=Fraction(rate).limit_denominator(1001))
            stream.width, stream.height = planes.width, planes.height
            stream.pix_fmt = f"yuv{quality}p"
            stream.options = options
            stream.thread_type, stream.thread_count = "AUTO", ENCODER_THREADS
            context = stream.codec_context
            context.colorspace, context.color_range = BT709, LIMITED
            context.color_primaries, context.color_trc = BT709, BT709
            with _Encoder(output, stream) as encoder:
                for number, drawn in enumerate(_drawn(scene, times, scale)):
                    planes.convert(drawn)
                    frame = planes.frame()
                    frame.pts = number
                    encoder.put(frame)
                    _tell(progress, number + 1, len(times))


def _times(scene: Scene, rate: float) -> list[float]:
    count = max(1, int(np.ceil(scene.duration * rate - 1e-6)))
    return [number / rate for number in range(count)]


def _drawn(scene: Scene, times: list[float], scale: float) -> Iterator[Drawn]:
    """Each frame in turn; its pixels hold until the next is asked for."""
    # Half of the processors: the other half encodes.
    threads = max(1, min((os.cpu_count() or 1) // 2, 8))
    canvas = Canvas(scene.size, scene.ground, scale=scale, threads=threads)
    for time in times:
        pixels = canvas.draw(scene.marks(time))
        yield Drawn(pixels, canvas.changed)


class _Encoder:
    """A thread that encodes frames while the caller draws the next ones, a few ahead.

    The caller draws, because a view may use what belongs to one thread (an open recording). Left
    through an exception, the thread ends without finishing the film.
    """

    def __init__(self, output: Any, stream: Any) -> None:
        self._output, self._stream = output, stream
        self._ready: queue.Queue[av.VideoFrame | None] = queue.Queue(WAITING)
        self._error: BaseException | None = None
        self._stopped = False
        self._thread = threading.Thread(target=self._encode, name="layerwise-encode", daemon=True)

    def __enter__(self) -> _Encoder:
        self._thread.start()
        return self

    def put(self, frame: av.VideoFrame | None) -> None:
        """Hand a frame over, None after the last; raises what went wrong with those before."""
        while self._error is None:
            try:
                self._ready.put(frame, timeout=0.1)
                return
            except queue.Full:
                continue
        raise self._error

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        self._stopped = error is not None
        with suppress(*(() if error is None else (BaseException,))):
            self.put(None)
        self._thread.join()
        if error is None and self._error is not None:
            raise self._error

    def _encode(self) -> None:
        try:
            while (frame := self._ready.get()) is not None:
                if not self._stopped:
                    self._output.mux(self._stream.encode(frame))
            if not self._stopped:
                self._output.mux(self._stream.encode(None))
        except BaseException as error:  # raised again where the film is written
            self._error = error


@dataclass
class _Graph:
    """A running filter graph with an open end for pictures."""

    graph: Any
    picture: Any
    sink: Any

    def pull(self) -> Iterator[av.VideoFrame]:
        while True:
            try:
                yield self.sink.pull()
            except (av.BlockingIOError, av.EOFError):
                return


def _palette(scene: Scene, times: list[float], scale: float) -> av.VideoFrame:
    """The 256 colours that serve frames across the film best, as FFmpeg's palettegen finds them."""
    graph = av.filter.Graph()
    width, height = pixel_size(scene.size, scale)
    picture = graph.add_buffer(
        width=width, height=height, format=av.VideoFormat("rgb24"), time_base=Fraction(1, 100)
    )
    chooser = graph.add("palettegen", "reserve_transparent=0:stats_mode=full")
    sink = graph.add("buffersink")
    picture.link_to(chooser)
    chooser.link_to(sink)
    graph.configure()
    chosen = np.unique(np.linspace(0, len(times) - 1, PALETTE_FRAMES).astype(int))
    for number, drawn in enumerate(_drawn(scene, [times[index] for index in chosen], scale)):
        frame = av.VideoFrame.from_ndarray(drawn.pixels, format="rgb24")
        frame.pts, frame.time_base = number, Fraction(1, 100)
        picture.push(frame)
    picture.push(None)
    return cast(av.VideoFrame, sink.pull())


def _palette_use(width: int, height: int, palette: av.VideoFrame) -> _Graph:
    graph = av.filter.Graph()
    base = Fraction(1, 100)
    picture = graph.add_buffer(
        width=width, height=height, format=av.VideoFormat("rgb24"), time_base=base
    )
    colors = graph.add_buffer(
        width=palette.width, height=palette.height, format=palette.format, time_base=base
    )
    user = graph.add("paletteuse", "dither=none:diff_mode=rectangle")
    sink = graph.add("buffersink")
    picture.link_to(user, 0, 0)
    colors.link_to(user, 0, 1)
    user.link_to(sink)
    graph.configure()
    palette.pts, palette.time_base = 0, base
    colors.push(palette)
    colors.push(None)
    return _Graph(graph, picture, sink)


def _tell(progress: Progress | None, done: int, total: int) -> None:
    if progress is not None:
        progress(done, total)


class _reported:  # noqa: N801 - reads as a phrase: with _reported(path)
    """Turn FFmpeg's errors into ours."""

    def __init__(self, path: str | Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        # An error that is the operating system's own (a full disk) is told by `replacing`.
        if isinstance(error, av.FFmpegError) and not isinstance(error, OSError):
            raise OutputError(f"Cannot write {self.path}: FFmpeg says {error}") from error
