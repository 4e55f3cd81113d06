"""The Transform tab: filter, sort, derive, group and join."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from demo import steps, tables, ui
from demo.conditions import OPERATORS, WITHOUT_VALUE, Condition, keep_rows, mask_of
from demo.expressions import FUNCTIONS, evaluate
from demo.memo import remembered

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

_MOST_CONDITIONS = 5
_KINDS = ("Filter", "Sort", "Derive", "Group", "Join")


def draw(frame: pd.DataFrame, name: str) -> None:
    """Draw the chosen kind of step with a preview of what it would give."""
    kind = ui.pick_one("Step", _KINDS, "transform_kind")
    with st.container(border=True):
        match kind:
            case "Filter":
                _draw_filter(frame, name)
            case "Sort":
                _draw_sort(frame, name)
            case "Derive":
                _draw_derive(frame, name)
            case "Group":
                _draw_group(frame, name)
            case _:
                _draw_join(frame, name)


# --- filter ----------------------------------------------------------------------------------


def _draw_filter(frame: pd.DataFrame, name: str) -> None:
    count = max(1, min(int(st.session_state.get("transform_conditions", 1)), _MOST_CONDITIONS))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Keep the rows that pass**")
        way = ui.pick_one("All or any", ("all", "any"), "transform_match")
    conditions = [_draw_condition(frame, number) for number in range(count)]
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button("Keep rows", key="transform_filter", icon=":material/filter_alt:")
        st.button(
            "Add a condition",
            key="transform_more",
            type="tertiary",
            disabled=count >= _MOST_CONDITIONS,
            on_click=_set_conditions,
            args=(count + 1,),
        )
        if count > 1:
            st.button(
                "Remove the last",
                key="transform_fewer",
                type="tertiary",
                on_click=_set_conditions,
                args=(count - 1,),
            )
        _draw_matches(frame, conditions, match_all=way == "all")
    if pressed:
        words = (" and " if way == "all" else " or ").join(str(each) for each in conditions)
        ui.apply(
            lambda: keep_rows(frame, conditions, match_all=way == "all"),
            to=name,
            message=f"Keep rows where {words}",
        )


def _set_conditions(count: int) -> None:
    st.session_state["transform_conditions"] = count


def _draw_condition(frame: pd.DataFrame, number: int) -> Condition:
    left, middle, right = st.columns([2, 1, 2])
    with left:
        column = ui.pick("Column", ui.names_of(frame), f"transform_column_{number}")
    with middle:
        how = ui.pick("Is", OPERATORS, f"transform_operator_{number}")
    with right:
        value = ui.type_text(
            "Value",
            f"transform_value_{number}",
            disabled=how in WITHOUT_VALUE,
            placeholder="UA, AA" if how == "is one of" else "",
        )
    return Condition(column, how, value)


def _draw_matches(frame: pd.DataFrame, conditions: list[Condition], *, match_all: bool) -> None:
    if any(not each.value and each.operator not in WITHOUT_VALUE for each in conditions):
        return
    try:
        count = remembered(
            frame,
            ("matches", tuple(conditions), match_all),
            lambda: int(mask_of(frame, conditions, match_all=match_all).sum()),
        )
    except ValueError as error:
        st.caption(f":orange[{error}]")
        return
    st.caption(f"{count:,} of {len(frame):,} rows pass")


# --- sort and derive -------------------------------------------------------------------------


def _draw_sort(frame: pd.DataFrame, name: str) -> None:
    st.markdown("**Sort the rows**")
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    with left:
        columns = ui.pick_many("By", ui.names_of(frame), "transform_sort_by")
    with right:
        order = ui.pick_one("Order", ("smallest first", "largest first"), "transform_order")
    if st.button("Sort", key="transform_sort", icon=":material/sort:"):
        ui.apply(
            lambda: steps.sort(frame, columns, ascending=order == "smallest first"),
            to=name,
            message=f"Sort by {ui.listed(columns)}, {order}",
        )


def _draw_derive(frame: pd.DataFrame, name: str) -> None:
    st.markdown("**Compute a column from others**")
    left, right = st.columns([1, 3])
    with left:
        column = ui.type_text("New column", "transform_derive_name", placeholder="gain")
    with right:
        expression = ui.type_text(
            "Expression", "transform_derive_expression", placeholder="dep_delay - arr_delay"
        )
    st.caption(
        f"Numbers, columns, + - * / // % **, comparisons, and, or, not, {', '.join(FUNCTIONS)}. "
        "A name that is not a word stands between \\`backticks\\`."
    )
    if expression:
        _draw_derived(frame, expression)
    if st.button("Add column", key="transform_derive", icon=":material/calculate:"):
        ui.apply(
            lambda: steps.derive(frame, column, expression),
            to=name,
            message=f"Compute {column.strip()} = {expression.strip()}",
        )


def _draw_derived(frame: pd.DataFrame, expression: str) -> None:
    try:
        values = evaluate(frame.head(5), expression)
    except ValueError as error:
        st.caption(f":orange[{error}]")
        return
    shown = ", ".join("missing" if pd.isna(each) else f"{each}" for each in values.tolist())
    st.caption(f"First rows: {shown}")


# --- group -----------------------------------------------------------------------------------


def _draw_group(frame: pd.DataFrame, name: str) -> None:
    st.markdown("**Group and aggregate into a table of its own**")
    columns = ui.names_of(frame)
    first = [each for each in ("carrier",) if each in columns]
    delay = [each for each in ("dep_delay",) if each in columns]
    left, middle, right = st.columns(3)
    with left:
        by = ui.pick_many("Group by", columns, "transform_group_by", default=first)
    with middle:
        values = ui.pick_many("Columns", columns, "transform_group_values", default=delay)
    with right:
        how = ui.pick_many(
            "Figures", list(steps.AGGREGATES), "transform_group_how", default=["mean"]
        )
    result = _draw_grouped(frame, by, values, how)
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    with left:
        to = ui.type_text(
            "Name of the new table",
            "transform_group_name",
            placeholder=_proposed(by),
        )
    target = to.strip() or _proposed(by)
    if right.button("Make table", key="transform_group", icon=":material/table:"):
        ui.apply(
            partial(_grouped, result, target),
            to=target,
            message=f"{target}: {ui.listed(values) or 'rows'} of {name} by {ui.listed(by)}",
        )


def _proposed(by: list[str]) -> str:
    return tables.name_for("by_" + "_".join(by[:3]) if by else "summary")


def _grouped(result: pd.DataFrame | str, target: str) -> pd.DataFrame:
    tables.need_table_name(target)
    if isinstance(result, pd.DataFrame):
        return result
    raise ValueError(result)


def _draw_grouped(
    frame: pd.DataFrame, by: list[str], values: list[str], how: list[str]
) -> pd.DataFrame | str:
    """Show the table that would be made and give it, or the sentence that says why not."""
    name = ("group", tuple(by), tuple(values), tuple(how))
    try:
        result = remembered(frame, name, lambda: steps.summarise(frame, by, values, how))
    except ValueError as error:
        st.caption(f":orange[{error}]")
        return str(error)
    st.dataframe(result.head(200), height=260, hide_index=True)
    more = f", the first 200 of {len(result):,}" if len(result) > 200 else ""
    st.caption(f"Preview: {ui.shape_of(result)}{more}")
    return result


# --- join ------------------------------------------------------------------------------------


def _draw_join(frame: pd.DataFrame, name: str) -> None:
    st.markdown("**Add the columns of another table**")
    others = [each for each in tables.table_names() if each != name]
    found = tables.REFERENCES if tables.flights_folder() else ()
    references = [each for each in found if each != name]
    options = [*references, *[each for each in others if each not in references]]
    if not options:
        st.caption("There is no other table yet. Open a file beside this one, or group it.")
        return
    left, *places = st.columns(3)
    with left:
        chosen = ui.pick("Table", options, "transform_join_table")
    other = st.session_state[chosen] if chosen in others else tables.flights_table(chosen)
    left_on, right_on = _draw_keys(places, {name: frame, chosen: other})
    keep = ui.pick_one("Keep", ("all rows", "rows with a partner"), "transform_join_keep")
    st.dataframe(other.head(5), hide_index=True)
    st.caption(f"{chosen}: {ui.shape_of(other)}")
    if st.button("Join", key="transform_join", icon=":material/join_left:"):
        ui.apply(
            lambda: steps.join(
                frame,
                other,
                left_on=left_on,
                right_on=right_on,
                how="left" if keep == "all rows" else "inner",
                suffix=f"_{chosen}",
            ),
            to=name,
            message=f"Join {chosen} on {ui.listed(left_on)}",
        )


def _draw_keys(
    places: Sequence[DeltaGenerator], both: Mapping[str, pd.DataFrame]
) -> tuple[list[str], list[str]]:
    """Draw the key columns of this table and of the other, with a proposal."""
    ours, theirs = both.values()
    _, other = both
    keys = []
    proposals = _proposed_keys(ours, theirs)
    for place, side, (name, frame), proposal in zip(
        places, ("left", "right"), both.items(), proposals, strict=True
    ):
        key = f"transform_join_{side}_{other}"
        with place:
            columns = ui.names_of(frame)
            keys.append(ui.pick_many(f"Columns of {name}", columns, key, default=proposal))
    return keys[0], keys[1]


def _proposed_keys(frame: pd.DataFrame, other: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Propose the columns that two tables have in common, as far as names tell."""
    ours, theirs = ui.names_of(frame), ui.names_of(other)
    if "faa" in theirs and "dest" in ours:
        return ["dest"], ["faa"]
    for favourite in (["tailnum"], ["carrier"], ["origin", "time_hour"]):
        if set(favourite) <= set(ours) & set(theirs):
            return favourite, favourite
    common = [each for each in ours if each in theirs][:1]
    return common, common
