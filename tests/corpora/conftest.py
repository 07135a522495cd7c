import pytest


@pytest.fixture
def data_variable(tmp_path, monkeypatch):
    """An empty folder of data sets, which NEURALTOPIC_DATA names."""
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("NEURALTOPIC_DATA", str(folder))
    return folder
