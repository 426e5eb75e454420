"""The sheet that sums up: how many clients of each priority, money at risk, and how the file was read."""

from __future__ import annotations

from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.chart import BarChart, Reference
from openpyxl.chart.series import DataPoint
from openpyxl.styles import Alignment, Font

from bot.tables.data import worded
from bot.tables.heads import Column
from bot.tables.judge import CASE
from bot.tables.run import Report
from rules.conditions import conditions_of
from rules.model import RuleBase
from rules.render import money, percent, plain

_BARS = {"P0": "B42318", "P1": "E08E45", "P2": "E3B505", "P3": "7FA86B"}


def summary(book: Workbook, report: Report) -> None:
    """Write the sheet."""
    _Summary(book, report).write()


class _Summary:
    def __init__(self, book: Workbook, report: Report) -> None:
        self.report, self.sheet = report, book.create_sheet(worded("summary"))
        self.rows = 0

    def put(self, *values: Any, bold: bool = False) -> None:
        """One row: texts as texts for good, money in whole yuan."""
        cells = []
        for value in values:
            cell = WriteOnlyCell(self.sheet)
            if isinstance(value, str):
                cell._value, cell.data_type = value, "s"
                cell.quotePrefix = value.startswith(("=", "+", "-", "@"))
            else:
                cell.value = value
                cell.number_format = "#,##0"
            cell.alignment = Alignment(vertical="top", wrap_text=isinstance(value, str) and len(value) > 40)
            if bold:
                cell.font = Font(bold=True)
            cells.append(cell)
        self.sheet.append(cells)
        self.rows += 1

    def write(self) -> None:
        for letter, width in zip("ABCDE", (30, 24, 20, 60, 16), strict=True):
            self.sheet.column_dimensions[letter].width = width
        report = self.report
        self.put(worded("summary_title"), bold=True)
        self.put(worded("summary_file"), report.path.name)
        self.put(worded("summary_on"), report.today.isoformat())
        self.put(worded("summary_rules"), report.base.version)
        self.put(worded("summary_overrides"), report.base.overrides_version or worded("summary_no_overrides"))
        self.put(worded("summary_clients"), report.clients)
        self.put(worded("summary_check"), report.counts["check", ""])
        self.put()
        self._priorities()
        self._capabilities()
        self._left_out()
        self._heads()
        self._parameters()

    def _priorities(self) -> None:
        report = self.report
        self.put(worded("summary_priority"), worded("summary_count"), worded("summary_money"), bold=True)
        top = self.rows
        names = report.base.keys["priority"].values
        for name in names:
            self.put(worded(f"priority.{name}"), report.counts["priority", name], round(report.money[name]))
        self.put(worded("total"), report.clients, round(sum(report.money.values())), bold=True)
        if unknown := sum(report.counts["no_sales", n] for n in names):
            self.put(worded("summary_unknown_gmv", count=unknown))
        self.put(worded("summary_note"))
        self.put()
        self._chart(top, len(names))

    def _chart(self, top: int, count: int) -> None:
        """Clients by priority, each bar in the colour of its rows."""
        chart = BarChart()
        chart.type, chart.style, chart.legend = "col", 10, None
        chart.title = worded("chart_title")
        chart.height, chart.width = 7.5, 14
        chart.add_data(Reference(self.sheet, min_col=2, min_row=top + 1, max_row=top + count))
        chart.set_categories(Reference(self.sheet, min_col=1, min_row=top + 1, max_row=top + count))
        chart.x_axis.delete = chart.y_axis.delete = False
        chart.y_axis.majorGridlines, chart.y_axis.numFmt = None, "0"
        for i, colour in enumerate(_BARS.values()):
            point = DataPoint(idx=i)
            point.graphicalProperties.solidFill = colour
            chart.series[0].dPt.append(point)
        self.sheet.add_chart(chart, "F2")

    def _capabilities(self) -> None:
        key = self.report.base.keys["capability"]
        self.put(worded("summary_capability"), worded("summary_count"), bold=True)
        for name in sorted(key.values, key=lambda n: -self.report.counts["capability", n]):
            self.put(key.titles[name].zh, self.report.counts["capability", name])
        self.put()

    def _left_out(self) -> None:
        told = [worded(f"summary_left_{why}", rows="、".join(map(str, rows)))
                for part in self.report.parts for why, rows in part.left.items()]  # fmt: skip
        told += [worded("summary_sheet_left", sheet=name) for name in self.report.ignored]
        if told:
            self.put(worded("summary_left"), bold=True)
            for text in told:
                self.put(text)
            self.put()

    def _heads(self) -> None:
        for part in self.report.parts:
            self.put(worded("summary_heads"), worded("summary_read_as"), part.name or "", bold=True)
            for column in part.header.columns:
                if column.head:
                    self.put(column.head, read_as(column, self.report.base))
            self.put()

    def _parameters(self) -> None:
        """The lines that the priorities rest on, with their values and who changed them."""
        base = self.report.base
        self.put(worded("summary_parameters"), bold=True)
        for name in used(base):
            parameter = base.parameters.all[name]
            changed = base.parameters.changed.get(name)
            state = (
                worded("summary_changed", by=changed.by, on=changed.on, why=changed.why)
                if changed
                else worded("summary_default")
                if parameter.source == "default"
                else ""
            )
            self.put(parameter.title, _value(base, name), name, state)


def read_as(column: Column, base: RuleBase) -> str:
    """What a column was taken for, in words."""
    facts = base.facts
    if column.twice:
        return worded("as_twice", fact=" / ".join(facts[f].title for f in column.facts) or column.head,
                      head=column.twice)  # fmt: skip
    if column.kind == "fact":
        unit = worded("unit", unit=column.unit.unit) if column.unit and column.unit.unit else ""
        return " / ".join(facts[f].title for f in column.facts) + unit
    if column.kind == "growth":
        return worded("as_growth", fact=facts["gmv_prev_30d"].title)
    return worded(f"as_{column.kind or 'nothing'}")


def used(base: RuleBase) -> list[str]:
    """The parameters by which clients are triaged: those of the rules that name the matter, and severity."""
    names = {"pv.severity"}
    wanted = set(base.writers[CASE]) | set(base.writers["small_client"])
    for rule in (base.rules[r] for r in wanted):
        for condition in conditions_of(rule.when):
            names.update(condition.operand.names() if condition.operand else ())
    return [n for n in base.parameters.all if n in names]


def _value(base: RuleBase, name: str) -> str:
    parameter = base.parameters.all[name]
    if isinstance(parameter.value, dict):
        return "、".join(f"{k} {plain(v)}" for row in parameter.value.values() for k, v in row.items())
    if parameter.unit == "元":
        return money(parameter.value, "zh")
    return percent(parameter.value) if parameter.unit is None else f"{plain(parameter.value)}{parameter.unit}"
