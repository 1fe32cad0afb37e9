// What makes the pages move: fragments by htmx, the grid, the panel and the keys.
import { listenToColumns } from "accredit/columns";
import * as filters from "accredit/filters";
import { mountGrid } from "accredit/grid";
import { listen } from "accredit/keyboard";
import { listenToActs, prepare } from "accredit/menu";
import { clear, close, mark, open } from "accredit/panel";
import * as selection from "accredit/selection";
import "accredit/imports";
import "accredit/requests";
import "accredit/setup";
import "accredit/terms";
import { listenToWindow } from "accredit/window";
import htmx from "htmx";

const notice = (shown) => { document.getElementById("notice").hidden = !shown; };

// Filters that are empty stay out of the address.
document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
  filters.asked(ctx.sourceElement);
  if (ctx.request.method !== "GET" || !ctx.request.body) return;
  for (const [name, value] of [...ctx.request.body]) if (value === "") ctx.request.body.delete(name);
});
document.addEventListener("htmx:before:swap", ({ detail: { ctx } }) => { if (ctx.target?.id === "list") filters.leaving(); });
document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  const target = ctx.target;
  if (target?.id === "totals") target.ariaBusy = "false";
  if (target?.id === "list") clear(); // another list: the panel's conversion may not be in it
  filters.arrived(target);
  prepare();
  mountGrid();
  mark();
  notice(false);
});
document.addEventListener("htmx:error", () => notice(true));
document.addEventListener("htmx:response:error", () => notice(true));
document.addEventListener("accredit:grid", mark);
document.addEventListener("accredit:grid", selection.mount);
listenToActs(); // before what a click on a row does otherwise

document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const { target } = event;
  const opener = target.closest("[data-opens]");
  const toggle = target.closest("[data-toggles]");
  const row = target.closest(".tabulator-row");
  if (opener) document.getElementById(opener.dataset.opens).showModal();
  else if (toggle) toggle.ariaExpanded = String(document.getElementById(toggle.dataset.toggles).classList.toggle("open"));
  else if (target.closest("#panel-close")) { event.preventDefault(); close(); }
  else if (row && !getSelection().toString()) { event.preventDefault(); open(row); }
});

// The newest page looks for newer rows while somebody sees it; they come when the reader asks for them.
setInterval(() => {
  const news = document.getElementById("news");
  if (news && document.visibilityState === "visible") htmx.trigger(news, "accredit:look");
}, 3000);

// Where the navigation is a line that scrolls, it shows where one is.
const nav = document.querySelector(".side nav");
const current = nav?.querySelector("[aria-current]");
if (current) nav.scrollLeft = current.offsetLeft + current.offsetWidth / 2 - nav.clientWidth / 2;

listen();
filters.listen();
listenToColumns();
listenToWindow();
prepare();
mountGrid();
