// Everything that can be done with the mouse, without it. The help dialog lists the keys.
import * as acts from "accredit/menu";
import { close, focusRow, isOpen, open, openRow, rows } from "accredit/panel";

const focusedRow = () => document.activeElement?.closest?.(".tabulator-row");
const typing = (target) => target.closest("input:not([type=checkbox]), select, textarea, [contenteditable], dialog, [popover]");

function move(step) {
  const all = rows();
  const at = all.indexOf(focusedRow() ?? openRow());
  const row = all[at < 0 ? 0 : Math.min(all.length - 1, Math.max(0, at + step))];
  focusRow(row);
  if (row && isOpen() && row !== openRow()) open(row, { follow: true });
}

function inFilters(selector) {
  const bar = document.getElementById("filters");
  bar?.classList.add("open");
  return bar?.querySelector(selector);
}

function addFilter() {
  inFilters("#filter-add")?.click();
  inFilters("#filter-menu [type=search]")?.focus();
}

const keys = {
  "/": () => inFilters("[type=search]")?.focus(),
  f: addFilter,
  j: () => move(1),
  k: () => move(-1),
  ...acts.keys,
  "?": () => document.getElementById("help")?.showModal(),
};

const rowKeys = {
  ArrowDown: () => move(1),
  ArrowUp: () => move(-1),
  Home: () => focusRow(rows()[0]),
  End: () => focusRow(rows().at(-1)),
  ...acts.rowKeys,
  Enter: () => open(focusedRow()),
};

export function listen() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.key === "Escape" && isOpen() && !event.target.closest("dialog, :popover-open")) {
      if (!typing(event.target)) close();
      return;
    }
    if (typing(event.target)) return;
    // Whoever is among the filters means no row: what is ticked must not be decided by a letter typed there.
    if (event.key in acts.keys && event.target.closest("#filters")) return;
    const act = keys[event.key] ?? (event.target === focusedRow() ? rowKeys[event.key] : undefined);
    if (!act) return;
    event.preventDefault();
    act();
  });
}
