# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import json
import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file
from samples import SMALL, gaussian

from seedlm.codec import PRESETS, Encoded, encode, load, preset, save
from seedlm.errors import SeedlmError


@pytest.fixture(scope="module")
def encoded() -> Encoded:
    return encode(gaussian(5, 30), SMALL)


@pytest.fixture
def file(tmp_path: Path, encoded: Encoded) -> Path:
    path = tmp_path / "weights.safetensors"
    save(encoded, path)
    return path


@pytest.mark.parametrize("name", PRESETS)
def test_round_trip(name: str, tmp_path: Path) -> None:
    encoded = encode(gaussian(2, 25), preset(name), mode="exhaustive")
    save(encoded, tmp_path / "file")
    loaded = load(str(tmp_path / "file"))
    assert loaded.code == encoded.code
    assert loaded.shape == encoded.shape
    assert loaded.relative_error == encoded.relative_error
    np.testing.assert_array_equal(loaded.scale, encoded.scale, strict=True)
    np.testing.assert_array_equal(loaded.codes, encoded.codes)


def test_saved_bytes_are_reproducible(file: Path, encoded: Encoded) -> None:
    again = file.with_name("again")
    save(encoded, again)
    assert again.read_bytes() == file.read_bytes()


def test_save_replaces_and_leaves_nothing_else(file: Path, encoded: Encoded) -> None:
    file.write_text("old")
    save(encoded, file)
    assert load(file).shape == encoded.shape
    assert list(file.parent.iterdir()) == [file]
    file.with_name("plain").touch()
    assert stat.S_IMODE(file.stat().st_mode) == stat.S_IMODE(file.with_name("plain").stat().st_mode)


def test_save_to_a_missing_folder(tmp_path: Path, encoded: Encoded) -> None:
    path = tmp_path / "missing" / "file"
    with pytest.raises(SeedlmError) as error:
        save(encoded, path)
    assert str(error.value) == f"{path}: No such file or directory"


def test_save_over_a_folder_leaves_nothing(tmp_path: Path, encoded: Encoded) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(SeedlmError, match=r"folder: Is a directory$"):
        save(encoded, tmp_path / "folder")
    assert list(tmp_path.iterdir()) == [tmp_path / "folder"]


def assert_not_loaded(path: Path, reason: str) -> None:
    with pytest.raises(SeedlmError) as error:
        load(path)
    message = str(error.value)
    assert message.startswith(f"{path}: ")
    assert reason in message
    assert "\n" not in message


def test_missing_file(tmp_path: Path) -> None:
    assert_not_loaded(tmp_path / "absent", "No such file")


def test_folder(tmp_path: Path) -> None:
    assert_not_loaded(tmp_path, "")


@pytest.mark.parametrize("size", [0, 4, 8, 100])
def test_truncated_start(file: Path, size: int) -> None:
    file.write_bytes(file.read_bytes()[:size])
    assert_not_loaded(file, "not a whole safetensors file")


def test_truncated_end_and_trailing_bytes(file: Path) -> None:
    data = file.read_bytes()
    for changed in (data[:-1], data + b"\0"):
        file.write_bytes(changed)
        assert_not_loaded(file, "not a whole safetensors file")


def test_every_flipped_byte_is_found(file: Path) -> None:
    data = file.read_bytes()
    for position in range(len(data)):
        changed = bytearray(data)
        changed[position] ^= 0x11
        file.write_bytes(changed)
        assert_not_loaded(file, "")


def test_foreign_file(tmp_path: Path) -> None:
    path = tmp_path / "foreign"
    save_file({"weight": np.zeros(3, np.float32)}, path)
    assert_not_loaded(path, "not a file of format seedlm-encoded")
    path.write_text("hello, this is no safetensors file")
    assert_not_loaded(path, "not a whole safetensors file")


def rewrite(path: Path, **changes: object) -> None:
    with safe_open(path, framework="numpy") as file:
        fields = json.loads(file.metadata()["seedlm"])
        names = file.keys()
        tensors = {name: file.get_tensor(name) for name in names}
    save_file(tensors, path, {"seedlm": json.dumps({**fields, **changes})})


def test_other_version(file: Path) -> None:
    rewrite(file, version=2)
    assert_not_loaded(file, "version 2 is not 1")


def test_metadata_that_are_not_json(tmp_path: Path) -> None:
    save_file({"codes": np.zeros(3, np.uint8)}, tmp_path / "file", {"seedlm": "{"})
    assert_not_loaded(tmp_path / "file", "metadata 'seedlm' is not JSON")


def test_changed_field(file: Path) -> None:
    rewrite(file, shape=[5, 29])
    assert_not_loaded(file, "checksum does not match")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"shape": [5, 300]}, "codes are uint8 [5, 12], but"),
        ({"shape": 5}, "fields are invalid"),
        ({"relative_error": "small"}, "fields are invalid"),
        ({"code": {"block": 8, "taps": [0]}}, "fields are invalid"),
        ({"code": None}, "fields are invalid"),
    ],
)
def test_invalid_field_with_a_right_checksum(
    file: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, object], reason: str
) -> None:
    monkeypatch.setattr("seedlm.codec.storage._digest", lambda *_: "0")
    rewrite(file, sha256="0", **changes)
    assert_not_loaded(file, reason)


def test_other_tensors_with_a_right_checksum(
    file: Path, monkeypatch: pytest.MonkeyPatch, encoded: Encoded
) -> None:
    monkeypatch.setattr("seedlm.codec.storage._digest", lambda *_: "0")
    save(encoded, file)
    with safe_open(file, framework="numpy") as opened:
        metadata = opened.metadata()
    save_file({"codes": encoded.codes}, file, metadata)
    assert_not_loaded(file, "fields are invalid")


def test_invalid_codes_with_a_right_checksum(file: Path, encoded: Encoded) -> None:
    damaged = replace(encoded, codes=encoded.codes.copy())
    damaged.codes[0, 0] = 0
    save(damaged, file)
    assert_not_loaded(file, "block 0 of row 0 has seed 0")
