// The grid of a list. The server sends columns and rows as text that is ready to read; the grid lays them out.
// Other modules put columns before the list's own (`before`), and hear of it as `accredit:grid` and `accredit:columns`.
import {
  FormatModule, InteractionModule, MoveColumnsModule, ResizeColumnsModule, ResizeTableModule, ResponsiveLayoutModule, Tabulator,
} from "tabulator";
import htmx from "htmx";

Tabulator.registerModule([
  FormatModule, InteractionModule, MoveColumnsModule, ResizeColumnsModule, ResizeTableModule, ResponsiveLayoutModule,
]);

export const before = []; // definitions of Tabulator's
export const special = {}; // by column: a cell → what stands in it, where it is more than a text
let table = null;
export const narrow = () => matchMedia("(max-width: 48rem)").matches;

export const dataOf = (id) => table.getRow(id).getData();
export const update = (rows) => table.updateData(rows);

// A link to all columns, where some had no room; on a phone the panel has what they say.
function tellHidden() {
  const link = document.getElementById("hidden-columns");
  if (!link) return;
  const hidden = table.getColumns().filter((column) => !column.isVisible()).length;
  link.hidden = !hidden || narrow();
  link.textContent = link.dataset.words.replace("{n}", hidden);
}

// Tabulator itself watches the size of virtual lists only; and laying rows out again takes the focus from them.
const resized = new ResizeObserver(() => {
  const focused = document.activeElement?.closest(".tabulator-row");
  // A column that was hidden would come back only where it has room for the width that it last had.
  for (const column of table?.getColumns() ?? [])
    if (!column.isVisible()) column.setWidth(column.getDefinition().minWidth);
  table?.redraw();
  if (table) tellHidden();
  focused?.focus({ preventScroll: true });
});

export function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}

const formatters = {
  text: (cell) => element("span", cell.getData().faint?.includes(cell.getField()) ? "soft" : "", cell.getValue() ?? ""),
  status: (cell) => element("span", `status ${cell.getValue().code}`, cell.getValue().word),
  link: (cell) => {
    const link = element("a", "", cell.getValue());
    link.href = cell.getData().url;
    link.title = cell.getValue(); // where it does not fit
    link.tabIndex = -1; // the row itself is in the tab order
    return link;
  },
};

function sortLink(column, label) {
  const arrow = { ascending: "↑", descending: "↓" }[column.sort.direction];
  const link = element("a", "", column.title);
  link.href = column.sort.url;
  link.id = `sort-${column.field}`;
  link.title = `${label}: ${column.title}`;
  link.draggable = false; // it is the column that is dragged
  for (const [name, value] of [["get", column.sort.url], ["target", "#list"], ["swap", "outerHTML"], ["push-url", "true"]])
    link.setAttribute(`hx-${name}`, value);
  if (arrow) {
    const mark = element("span", "", arrow);
    mark.ariaHidden = "true";
    link.append(mark);
  }
  return link;
}

function definition(column, label) {
  return {
    field: column.field,
    title: column.title,
    width: column.fixed ?? undefined,
    minWidth: column.fixed ? 40 : narrow() ? column.narrow : column.width,
    widthGrow: column.grow,
    responsive: column.keep,
    hozAlign: column.number ? "right" : "left",
    headerHozAlign: column.number ? "right" : "left",
    formatter: special[column.field] ?? formatters[column.status ? "status" : column.link ? "link" : "text"],
    titleFormatter: column.sort ? () => sortLink(column, label) : (cell) => document.createTextNode(cell.getValue()),
  };
}

// What the columns are after somebody moved one or made it wider: `time.order-180`, as addresses have them.
function tellColumns(place, columns, resized) {
  const fixed = new Map(columns.map((column) => [column.field, column.fixed]));
  if (resized) fixed.set(resized.getField(), Math.min(1000, Math.max(40, Math.round(resized.getWidth()))));
  const fields = table.getColumns().map((column) => column.getField()).filter((field) => fixed.has(field));
  const text = fields.map((field) => (fixed.get(field) ? `${field}-${fixed.get(field)}` : field)).join(".");
  place.dispatchEvent(new CustomEvent("accredit:columns", { bubbles: true, detail: text }));
}

export function mountGrid() {
  const place = document.querySelector("[data-grid]:not(.tabulator)");
  if (!place) return;
  resized.disconnect();
  table?.destroy();
  const { columns, rows, chosen } = JSON.parse(document.getElementById(place.dataset.grid).textContent);
  table = new Tabulator(place, {
    data: rows,
    columns: [...before, ...columns.map((column) => definition(column, place.dataset.sortLabel))],
    layout: "fitColumns",
    responsiveLayout: chosen && matchMedia("(min-width: 48rem)").matches ? false : "hide", // what was chosen stays, and scrolls
    movableColumns: true,
    renderVertical: "basic",
    height: "100%",
    rowFormatter: (row) => {
      const { id, url } = row.getData();
      Object.assign(row.getElement().dataset, { id, url });
      if (!row.getElement().hasAttribute("tabindex")) row.getElement().tabIndex = -1; // it runs again where a row changes
    },
  });
  table.on("columnMoved", () => tellColumns(place, columns));
  table.on("columnResized", (column) => tellColumns(place, columns, column));
  table.on("tableBuilt", () => {
    place.ariaLabel = place.dataset.label;
    place.querySelector(".tabulator-tableholder").removeAttribute("tabindex");
    for (const column of columns.filter((one) => one.sort?.direction))
      table.getColumn(column.field).getElement().ariaSort = column.sort.direction;
    resized.observe(place);
    tellHidden();
    const first = place.querySelector(".tabulator-row");
    if (first) first.tabIndex = 0;
    htmx.process(place);
    place.dispatchEvent(new CustomEvent("accredit:grid", { bubbles: true }));
  });
}
