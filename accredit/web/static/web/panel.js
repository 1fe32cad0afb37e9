// The panel beside the list: it opens with a row, its address names the row, and closing goes back to the list's.
import htmx from "htmx";

const panel = () => document.getElementById("panel");
export const isOpen = () => Boolean(panel()?.firstElementChild);
export const rows = () => [...document.querySelectorAll(".tabulator-row")];
export const openRow = () => rows().find((row) => row.ariaSelected === "true");

export function mark() {
  const open = panel()?.querySelector("[data-conversion]")?.dataset.conversion;
  for (const row of rows()) {
    if (row.dataset.id === open) row.ariaSelected = "true";
    else row.removeAttribute("aria-selected");
  }
}

// `follow`: the panel is open already and goes along with the rows: no new entry in the history, no move of the focus.
export async function open(row, { follow = false } = {}) {
  const { url } = row.dataset;
  await htmx.ajax("GET", url, { source: "#panel", target: "#panel", swap: "innerHTML", [follow ? "replace" : "push"]: url });
  if (!follow) document.getElementById("panel-title")?.focus();
}

export function close() {
  const row = openRow();
  history.pushState({ htmx: true }, "", document.getElementById("panel-close").href);
  clear();
  focusRow(row);
}

export function clear() {
  panel()?.replaceChildren();
  mark();
}

export function focusRow(row) {
  if (!row) return;
  for (const other of rows()) other.tabIndex = other === row ? 0 : -1;
  row.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}
