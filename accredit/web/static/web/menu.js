// What can be done with the rows of a list: by the menu of a row, by keys, and by buttons. An act is a stage or status
// that rows shall come to; the bar says where it is asked for, and under which name (`data-says`).
import { before, dataOf, element, narrow, special } from "accredit/grid";
import { focusRow, open, openRow, rows } from "accredit/panel";
import { bar, chosen, count, isTicked, tick, tickEvery, tickPage, untick } from "accredit/selection";
import { openWindow } from "accredit/window";

const menu = () => document.getElementById("row-menu");
const focusedRow = () => document.activeElement?.closest?.(".tabulator-row");
const keyOfPanel = () => document.querySelector("#panel [data-conversion]")?.dataset.conversion;
let meant = null; // the row whose menu is open

function ask(act, named, where) {
  const url = where ?? bar().querySelector(`[data-act="${act}"]`)?.dataset.ask ?? bar().dataset.ask;
  const values = { csrfmiddlewaretoken: bar().querySelector("[name=csrfmiddlewaretoken]").value, [bar().dataset.says]: act };
  openWindow("POST", url + (named.all ? location.search : ""), { ...values, ...named });
}

function changeTurnover(id) {
  openWindow("GET", `${bar().dataset.list}/${id}/turnover`);
}

const acts = {
  open: (row) => open(row),
  turnover: (row) => changeTurnover(row.dataset.id),
};
const named = (row) => (isTicked(row.dataset.id) && chosen()) || { id: row.dataset.id };
const hasTurnover = () => Boolean(bar() && menu().querySelector("[data-act=turnover]"));

// The keys mean what is ticked, else the row that has the focus, else the one in the panel.
function byKey(key) {
  const button = bar()?.querySelector(`[data-key="${key}"]`);
  const id = focusedRow()?.dataset.id ?? keyOfPanel();
  const wanted = chosen() ?? (id && { id });
  if (button && wanted) ask(button.dataset.act, wanted);
}
export const keys = {
  a: () => byKey("a"),
  r: () => byKey("r"),
  w: () => byKey("w"),
  t: () => {
    const id = focusedRow()?.dataset.id ?? keyOfPanel();
    if (hasTurnover() && id) changeTurnover(id);
  },
};
export const rowKeys = { " ": () => bar() && tick(focusedRow()) };

const items = () => [...menu().querySelectorAll("[role=menuitem]:enabled")];

function openMenu(row, x, y) {
  meant = row;
  const { status } = dataOf(row.dataset.id);
  const several = isTicked(row.dataset.id) && count() !== "1";
  for (const item of menu().querySelectorAll("[role=menuitem]")) {
    const { act } = item.dataset;
    const words = item.querySelector("[data-many]");
    if (words) words.textContent = several ? words.dataset.many.replace("{n}", count()) : words.dataset.one;
    const open = bar().dataset.open.split(" ").includes(status.code);
    item.disabled = act === "turnover" ? status.code === "rejected" : act !== "open" && !several && !open;
  }
  focusRow(row);
  menu().showPopover();
  const { width, height } = menu().getBoundingClientRect();
  menu().style.left = `${Math.max(4, Math.min(x, innerWidth - width - 4))}px`;
  menu().style.top = `${Math.max(4, Math.min(y, innerHeight - height - 4))}px`;
  items()[0].focus();
}

function openMenuBeside(row) {
  const place = row.querySelector("[data-menu]").getBoundingClientRect();
  openMenu(row, place.left, place.bottom);
}

function onKeyInMenu(event) {
  const all = items();
  const at = all.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
  if (event.key === "Tab" || event.key === "Escape") menu().hidePopover();
  else if (to === undefined) return;
  else all.at(to % all.length).focus();
  event.preventDefault();
  event.stopPropagation();
}

function onClick(event) {
  const { target } = event;
  const row = target.closest(".tabulator-row");
  if (target.closest("[data-menu]")) openMenuBeside(row);
  else if (target.closest(".tabulator-row .acts")) {
    tick(row, { range: event.shiftKey });
    focusRow(row);
  } else if (target.closest("[data-tick-page]")) tickPage(target.checked);
  else if (target.closest(".tabulator [data-turnover]")) { focusRow(row); changeTurnover(row.dataset.id); }
  else if (target.closest("#row-menu [data-act]")) {
    const { act } = target.closest("[data-act]").dataset;
    const row = meant;
    menu().hidePopover();
    if (act in acts) acts[act](row);
    else ask(act, named(row));
  } else if (target.closest("#bulk [data-act]")) {
    const { act } = target.closest("[data-act]").dataset;
    if (act === "all") tickEvery();
    else if (act === "untick") untick();
    else ask(act, chosen());
  } else if (target.closest("#panel [data-act]")) {
    const { act, ask: where } = target.closest("[data-act]").dataset;
    if (act === "turnover") changeTurnover(keyOfPanel());
    else ask(act, { id: keyOfPanel() }, where);
  } else return;
  if (!target.closest("[type=checkbox]")) event.preventDefault();
  event.stopImmediatePropagation();
}

function box(attribute, label) {
  const made = element("input");
  made.type = "checkbox";
  made.ariaLabel = label;
  made.dataset[attribute] = "";
  return made;
}

function button(attribute, text, label, className) {
  const made = element("button", className, text);
  made.type = "button";
  made.tabIndex = -1; // the row itself is in the tab order, and has keys
  made.dataset[attribute] = "";
  if (label) made.ariaLabel = label;
  return made;
}

// The column of ticks and menus, and turnovers that can be clicked, where the reader may change anything.
export function prepare() {
  before.length = 0;
  delete special.turnover;
  if (!bar()) return;
  const { wordPage, wordRow, wordMenu } = bar().dataset;
  const of = (text, cell) => text.replace("{order}", cell.getData().token);
  const width = narrow() ? 33 : 64; // on narrow screens the panel has the buttons of the menu
  before.push({
    width, minWidth: width, resizable: false, responsive: 0, cssClass: "acts",
    titleFormatter: () => box("tickPage", wordPage),
    formatter: (cell) => {
      const tickbox = box("tick", of(wordRow, cell));
      tickbox.tabIndex = -1;
      const both = element("span", "acts-of-row", "");
      both.append(tickbox, button("menu", "⋮", of(wordMenu, cell), "quiet"));
      return both;
    },
  });
  if (hasTurnover()) special.turnover = (cell) => (cell.getData().status.code === "rejected" ? element("span", "", cell.getValue())
    : button("turnover", cell.getValue(), "", "amount"));
}

export function listenToActs() {
  document.addEventListener("click", onClick);
  document.addEventListener("contextmenu", (event) => {
    const row = event.target.closest?.(".tabulator-row");
    if (!row || !bar() || getSelection().toString()) return;
    event.preventDefault();
    openMenu(row, event.clientX, event.clientY);
  });
  document.addEventListener("keydown", (event) => {
    if (event.target.closest("#row-menu")) { onKeyInMenu(event); return; }
    if (event.key !== "ContextMenu" && !(event.key === "F10" && event.shiftKey)) return;
    const row = event.target.closest(".tabulator-row") ?? (event.target.closest("#panel") && openRow());
    if (!row || !bar()) return;
    event.preventDefault();
    openMenuBeside(row);
  }, { capture: true });
  // The popover is closed by whatever is pressed outside it; the row has the focus again.
  document.addEventListener("toggle", (event) => {
    if (event.target.id !== "row-menu" || event.newState !== "closed") return;
    if (document.activeElement === document.body || event.target.contains(document.activeElement)) focusRow(rows().find((row) => row.dataset.id === meant?.dataset.id));
  }, { capture: true });
}
