// The one window over the page: it asks before something is done, and says what became of it.
import { update } from "accredit/grid";
import { focusRow, isOpen, rows } from "accredit/panel";
import { untick } from "accredit/selection";
import htmx from "htmx";

const dialog = () => document.getElementById("window");
const toast = () => document.getElementById("toast");
let back = {}; // what had the focus before
let fading = 0;

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

// What was done shows at its place: in the rows, the panel and the totals, without another list.
async function refresh() {
  const asked = new URLSearchParams(location.search);
  for (const row of rows()) asked.append("row", row.dataset.id);
  const answer = await fetch(`${document.getElementById("bulk").dataset.rows}?${asked}`, { headers: { "HX-Request-Type": "partial" } });
  if (answer.ok && rows().length) update(await answer.json());
  const parts = [["#totals", document.getElementById("totals")?.getAttribute("hx-get")], ["#panel", isOpen() && location.href]];
  await Promise.all(parts.filter(([, url]) => url).map(([part, url]) => htmx.ajax("GET", url, { source: part, target: part, swap: "innerHTML" })));
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
