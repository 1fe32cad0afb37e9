// The one window over the page: it asks before something is done, and says what became of it.
import { update } from "accredit/grid";
import { focusRow, isOpen, rows } from "accredit/panel";
import { untick } from "accredit/selection";
import htmx from "htmx";

const dialog = () => document.getElementById("window");
const toast = () => document.getElementById("toast");
let back = {}; // what had the focus before
let fading = 0;
let following = 0;

export async function openWindow(method, url, values) {
  const { activeElement: focused } = document;
  back = { id: focused?.id, row: focused?.closest("[data-id]")?.dataset.id };
  dialog().replaceChildren();
  await htmx.ajax(method, url, { source: "#window", target: "#window", swap: "innerHTML", values });
  if (!dialog().firstElementChild || dialog().open) return;
  dialog().showModal();
  dialog().scrollTop = 0;
}

function giveFocusBack() {
  const row = rows().find((one) => one.dataset.id === back.row);
  if (row) focusRow(row);
  else (document.getElementById(back.id) ?? document.getElementById("panel-title") ?? document.getElementById("list"))?.focus();
}

export function say(text) {
  clearTimeout(fading);
  toast().textContent = text;
  fading = setTimeout(() => { toast().textContent = ""; }, 8000);
}

const load = (part, url) => url && htmx.ajax("GET", url, { source: part, target: part, swap: "innerHTML" });
const loadTotals = () => load("#totals", document.getElementById("totals")?.getAttribute("hx-get"));

// Rows as they are by now. Accepted requests are processed within seconds: until then they are looked at once more.
async function refreshRows(ids, times = 40) {
  clearTimeout(following);
  const asked = new URLSearchParams(location.search);
  for (const id of ids) asked.append("row", id);
  const answer = await fetch(`${document.getElementById("bulk").dataset.rows}?${asked}`, { headers: { "HX-Request-Type": "partial" } });
  const shown = new Set(rows().map((row) => row.dataset.id));
  const found = answer.ok ? (await answer.json()).filter((row) => shown.has(row.id)) : [];
  if (found.length) update(found);
  const waiting = found.filter((row) => row.status.code === "accepted").map((row) => row.id);
  if (waiting.length && times) following = setTimeout(() => follow(waiting, times - 1), 3000);
  return waiting.length < ids.length;
}

async function follow(ids, times) {
  if (await refreshRows(ids, times)) loadTotals();
}

// What was done shows at its place: in the rows, the panel and the totals, without another list.
async function refresh() {
  if (rows().length) await refreshRows(rows().map((row) => row.dataset.id));
  await Promise.all([loadTotals(), load("#panel", isOpen() && location.href)]);
  if (document.activeElement === document.body) giveFocusBack(); // what had it was in the panel
}

function settle() {
  const done = dialog().querySelector("[data-changed]");
  if (!done) {
    dialog().querySelector("[aria-invalid], .refused")?.focus();
    return;
  }
  if (Number(done.dataset.changed)) untick();
  if (!("refused" in done.dataset)) refresh();
  if (Number(done.dataset.left) || "refused" in done.dataset) dialog().querySelector("h1").focus();
  else {
    say((done.querySelector("h1") ?? done).textContent.trim());
    dialog().close();
  }
}

export function listenToWindow() {
  document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
    if (ctx.target?.id === "window" && dialog().open) settle();
    if (ctx.target?.id === "job" && dialog()?.querySelector('[data-state="done"]')) refresh();
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("#window [data-closes]")) dialog().close();
  });
  dialog()?.addEventListener("close", () => {
    dialog().replaceChildren();
    giveFocusBack();
  });
}
