// Ticked rows. They stay ticked from page to page of the same list; another filter begins anew.
import { rows } from "accredit/panel";

const ticked = new Set();
let every = false; // all that match the filters, also those of other pages
let last = null; // the row that was ticked last: shift ticks everything up to it
let matching = null;

export const bar = () => document.getElementById("bulk");
const header = () => document.querySelector("[data-tick-page]");
const boxOf = (row) => row.querySelector("[data-tick]");

export const isTicked = (id) => every || ticked.has(id);
export const chosen = () => (every ? { all: "1" } : ticked.size ? { id: [...ticked].join() } : null);
export const count = () => (every ? document.querySelector("#totals tbody td")?.textContent : String(ticked.size));

function set(ids, on) {
  if (every) { // what is seen stays ticked, but for what is taken out
    every = false;
    for (const row of rows()) ticked.add(row.dataset.id);
  }
  for (const id of ids) {
    if (on) ticked.add(id);
    else ticked.delete(id);
  }
  show();
}

export function tick(row, { range = false } = {}) {
  const all = rows();
  const from = range ? all.findIndex((one) => one.dataset.id === last) : -1;
  const to = all.indexOf(row);
  const on = from >= 0 ? isTicked(last) : !isTicked(row.dataset.id);
  const some = from >= 0 ? all.slice(Math.min(from, to), Math.max(from, to) + 1) : [row];
  last = row.dataset.id;
  set(some.map((one) => one.dataset.id), on);
}

export function tickPage(on) {
  set(rows().map((row) => row.dataset.id), on);
}

export function tickEvery() {
  every = true;
  show();
}

export function untick() {
  ticked.clear();
  every = false;
  show();
}

export function show() {
  if (!bar()) return;
  const all = rows();
  const here = all.filter((row) => isTicked(row.dataset.id)).length;
  for (const row of all) boxOf(row).checked = isTicked(row.dataset.id);
  if (header()) {
    header().checked = Boolean(here) && here === all.length;
    header().indeterminate = Boolean(here) && here < all.length;
  }
  bar().classList.toggle("ticked", every || ticked.size > 0);
  const { one, many } = bar().querySelector("[data-many]").dataset;
  bar().querySelector("[data-many]").textContent = (count() === "1" ? one : many).replace("{n}", count());
  bar().querySelector("[data-act=all]").hidden = every || !all.length || here < all.length || !document.querySelector("#page-after, #page-before");
}

// A list was laid out: the same one on another page, or another one.
export function mount() {
  const now = bar()?.dataset.matching;
  if (now !== matching) {
    matching = now;
    last = null;
    untick();
  }
  show();
}
