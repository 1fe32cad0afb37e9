// The grid of an uploaded table: a page of its rows, corrected in place. The server keeps every correction and says what it made of it.
import {
  FormatModule, FrozenColumnsModule, InteractionModule, ResizeColumnsModule, ResizeTableModule, Tabulator,
} from "tabulator";
import htmx from "htmx";
import "accredit/uploading";

Tabulator.registerModule([FormatModule, FrozenColumnsModule, InteractionModule, ResizeColumnsModule, ResizeTableModule]);

const grid = () => document.getElementById("import-grid");
const line = () => document.getElementById("cell-line");
let table = null;
let shown = { rows: [], start: 0, count: 0 };
let at = { row: null, place: null }; // the cell that has the focus: the number of its row, and which column
let equal = null; // the last correction, where other cells are like what it was
const revealed = new Set(); // columns that the file leaves out, and that came to sight since
let saving = Promise.resolve(); // corrections go one after the other
const waiting = new Map(); // by cell, what was typed and is not kept yet: without a connection, or signed out meanwhile

const data = (name) => grid().dataset[name];
const words = (name, values = {}) => data(`word${name}`).replace(/\{(\w+)\}/g, (_all, key) => values[key] ?? "");
const rowAt = (row) => shown.rows.find((one) => one.row === row);
const declared = () => JSON.parse(document.getElementById("import-columns").textContent);
const columns = () => declared().filter(({ shown: isShown, place }) => isShown || revealed.has(place));
const columnOf = (place) => columns().find((one) => one.place === place);
const cellElement = ({ row, place }) => grid()?.querySelector(`[data-row="${row}"] [data-place="${place}"]`);

async function ask(url, body) {
  const answer = await fetch(url, {
    method: body ? "POST" : "GET",
    headers: { "HX-Request-Type": "partial", "X-CSRFToken": data("token"), "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
  }).catch(() => null);
  if (answer?.headers.has("HX-Refresh") || answer?.status === 403) location.reload(); // signed out meanwhile, in another window too
  const isJson = Boolean(answer?.headers.get("Content-Type")?.startsWith("application/json"));
  document.getElementById("notice").hidden = isJson;
  return isJson ? answer.json() : null;
}

// What is filtered stands in the address, so that a reload and a link show the same.
const filter = () => Object.fromEntries([...new URLSearchParams(location.search)].filter(([name]) => ["only", "column", "code"].includes(name)));
const queryOf = (more) => new URLSearchParams({ ...filter(), ...more });

function spanOf(text) {
  const made = document.createElement("span");
  made.textContent = text ?? "";
  return made;
}

const keyOf = ({ row, place }) => `${row} ${place}`;
const textOf = (row, place) => waiting.get(keyOf({ row: row.row, place }))?.text ?? row.cells[place];

function paint(cell, row) {
  const element = cell.getElement();
  const place = Number(cell.getField().slice(1));
  const fault = row.faults[place];
  element.dataset.place = place;
  element.tabIndex = at.row === row.row && at.place === place ? 0 : -1;
  element.classList.toggle("faulty", Boolean(fault));
  element.classList.toggle("mended", place in row.originals);
  element.classList.toggle("waiting", waiting.has(keyOf({ row: row.row, place })));
  if (fault) {
    element.title = fault.map((one) => one.what).join(" ");
    element.setAttribute("aria-invalid", "true");
    element.setAttribute("aria-describedby", "cell-line");
  } else for (const name of ["title", "aria-invalid", "aria-describedby"]) element.removeAttribute(name);
  return spanOf(textOf(row, place));
}

// As wide as what stands in the column on the page that is shown first.
function widthOf({ place, title }) {
  const longest = Math.max(title.length + 1, ...shown.rows.map((row) => row.cells[place]?.length ?? 0));
  return Math.max(70, Math.min(260, 28 + 7.5 * longest));
}

function definitions() {
  const number = {
    field: "row", title: data("wordRow"), frozen: true, width: 74, minWidth: 60, hozAlign: "right", headerHozAlign: "right", resizable: false,
    formatter: (cell) => {
      const row = cell.getData();
      const text = spanOf(row.row);
      if (row.faults.whole) { text.className = "tag note"; text.title = row.faults.whole.map((one) => one.what).join(" "); }
      if (row.note) { text.className = row.left ? "tag" : "tag won"; text.title = row.note; }
      return text;
    },
  };
  return [number, ...columns().map(definition)];
}

const definition = (one) => ({
  field: `c${one.place}`, title: one.title, width: widthOf(one), minWidth: 56, headerTooltip: one.help,
  hozAlign: one.number ? "right" : "left", headerHozAlign: one.number ? "right" : "left",
  formatter: (cell) => paint(cell, cell.getData()), cssClass: one.used ? "" : "unused",
});

// A column that the file leaves out comes to sight with the first fault in it.
async function reveal(rows) {
  const faulty = new Set(rows.flatMap((row) => Object.keys(row.faults)));
  const known = columns();
  for (const one of declared().filter(({ place }) => faulty.has(String(place)) && !known.some((other) => other.place === place))) {
    const next = columns().find(({ place }) => place > one.place);
    revealed.add(one.place);
    if (table) await (next ? table.addColumn(definition(one), true, `c${next.place}`) : table.addColumn(definition(one)));
  }
}

// Tabulator compares by field: each cell's text is one of them.
const asRow = (row) => ({ ...row, id: row.row, ...Object.fromEntries(row.cells.map((text, place) => [`c${place}`, text])) });

async function fetchPage(start, row) {
  const answer = await ask(`${data("rows")}?${queryOf(row === null ? { start } : { row })}`);
  if (!answer) return null;
  shown = answer;
  if (grid()) await reveal(shown.rows);
  return answer;
}

async function load(start, { row = null, place = at.place, focus = true, last = false } = {}) {
  if (!await fetchPage(start, row) || !grid()) return;
  at = { row: rowAt(row)?.row ?? (last ? shown.rows.at(-1) : shown.rows[0])?.row ?? null, place };
  await table.replaceData(shown.rows.map(asRow));
  tellPlace();
  if (focus) focusCell(at);
  else tellCell();
}

function tellPlace() {
  const { start, rows, count } = shown;
  document.getElementById("import-range").textContent = count ? words("Range", { from: start + 1, to: start + rows.length, count }) : words("None");
  document.getElementById("import-before").disabled = start === 0;
  document.getElementById("import-after").disabled = start + rows.length >= count;
}

function focusCell(cell) {
  cellElement(at)?.setAttribute("tabindex", "-1");
  at = cell;
  const element = cellElement(at);
  if (!element) return;
  element.tabIndex = 0;
  element.focus({ preventScroll: true });
  element.scrollIntoView({ block: "nearest", inline: "nearest" });
  tellCell();
}

// The visible line on the cell that has the focus: where it is, what is wrong, what would be right, and what it was.
function tellCell() {
  const row = rowAt(at.row);
  document.getElementById("cell-surplus").hidden = !row?.faults.whole?.some(({ code }) => code === "too_many_cells");
  const leave = document.getElementById("cell-leave");
  leave.hidden = !row || (Boolean(row.note) && !row.left);
  if (!row) { line().replaceChildren(); return; }
  leave.querySelector("span").textContent = words(row.left ? "Take" : "Leave");
  const column = columnOf(at.place);
  const faults = [...(row.faults[at.place] ?? []), ...(row.faults.whole ?? [])];
  const parts = [[words("Where", { row: row.row, column: column.title }), "where"]];
  for (const { what, remedy } of faults) parts.push([what, "wrong"], [remedy, ""]);
  if (waiting.has(keyOf(at))) parts.push([words("Waiting"), "wrong"]);
  if (at.place in row.originals) parts.push([row.originals[at.place] ? words("Was", { text: row.originals[at.place] }) : words("WasEmpty"), "soft"]);
  if (row.note) parts.push([row.note, "soft"]);
  line().replaceChildren(...parts.filter(([text]) => text).map(([text, className]) => Object.assign(spanOf(text), { className })));
  const offer = document.getElementById("cell-equal");
  offer.hidden = !equal?.count;
  if (!equal?.count) return;
  const name = `${equal.text === "" ? "Clear" : equal.seen === null ? "Empty" : "Equal"}${equal.count === 1 ? "One" : "Many"}`;
  offer.querySelector("span").textContent = words(name, equal);
}

function say(text) {
  const told = document.getElementById("import-said");
  told.textContent = text;
}

// What the server made of a correction: the rows that changed with it, and the figures.
async function settle(answer) {
  if (!answer) return;
  say(answer.said ?? "");
  const changed = answer.rows.filter((row) => rowAt(row.row));
  await reveal(changed);
  shown.rows = shown.rows.map((row) => changed.find((one) => one.row === row.row) ?? row);
  const focused = cellElement(at)?.contains(document.activeElement) || document.activeElement === document.body;
  if (changed.length) await table.updateData(changed.map(asRow));
  for (const row of changed) table.getRow(row.row)?.reformat();
  if (focused) focusCell(at); // rows that were laid out again have lost it
  else tellCell();
  htmx.ajax("GET", data("figures"), { source: "#import-figures", target: "#import-figures", swap: "outerHTML" });
}

// What waits outlives the page: whoever has to sign in again finds it here.
function keepWaiting() {
  const place = `import ${location.pathname}`;
  if (waiting.size) sessionStorage.setItem(place, JSON.stringify([...waiting.values()]));
  else sessionStorage.removeItem(place);
}

function correct(cell, text) {
  saving = saving.then(async () => {
    const seen = rowAt(cell.row)?.cells[cell.place] ?? null;
    const one = { row: cell.row, place: cell.place, seen, text };
    if ((seen ?? "") === text && !waiting.delete(keyOf(one))) return;
    const answer = (seen ?? "") === text ? { rows: [] } : await send(one);
    if (!answer) return;
    equal = answer.equal ? { place: cell.place, seen, text, count: answer.equal } : null;
    await settle(answer);
    await sendWaiting();
  });
  return saving;
}

async function send(one) {
  waiting.set(keyOf(one), one);
  keepWaiting();
  const answer = await ask(data("cells"), one);
  if (answer) {
    waiting.delete(keyOf(one));
    keepWaiting();
  } else if (rowAt(one.row)) {
    table.getRow(one.row).reformat();
    tellCell();
  }
  return answer;
}

async function sendWaiting() {
  for (const one of [...waiting.values()]) {
    const answer = await send(one);
    if (!answer) return;
    await settle(answer);
    say(answer.said ?? words("Sent"));
  }
}

function applyToEqual() {
  if (!equal) return;
  const { place, seen, text } = equal;
  equal = null;
  saving = saving.then(async () => {
    const answer = await ask(data("equal"), { place, seen, text });
    if (!answer) return;
    await settle(answer);
    await load(shown.start, { row: at.row });
    say(answer.said);
  });
}

function dropSurplus() {
  saving = saving.then(async () => {
    equal = null;
    const answer = await ask(data("surplus"), { row: at.row });
    await settle(answer);
  });
}

function leave() {
  const { row, left } = rowAt(at.row) ?? {};
  if (row === undefined) return;
  saving = saving.then(async () => {
    equal = null;
    await settle(await ask(data("leave"), { row, out: !left }));
  });
}

function leaveAll(out) {
  saving = saving.then(async () => {
    equal = null;
    const answer = await ask(data("leave"), { filter: filter(), out });
    if (!answer) return;
    await settle(answer);
    await load(0);
    say(answer.said);
  });
}

// Takes the last correction back, whatever it was: of one cell, of all equal ones, or of a block; or rows are in that were left out.
function undo() {
  saving = saving.then(async () => {
    equal = null;
    const answer = await ask(data("back"), {});
    if (!answer) return;
    await settle(answer);
    if (answer.row === null) return;
    await load(shown.start, { row: answer.row, place: answer.place ?? at.place });
    say(answer.said);
  });
}

function edit(text) {
  const element = cellElement(at);
  const row = rowAt(at.row);
  if (!element || element.querySelector("input")) return;
  if (row.note) { say(row.left ? row.note : words("Done")); return; }
  const cell = { ...at };
  const column = columnOf(cell.place);
  const input = document.createElement("input");
  input.value = text ?? textOf(row, cell.place) ?? "";
  input.ariaLabel = words("Where", { row: row.row, column: column.title });
  input.setAttribute("aria-describedby", "cell-line");
  if (row.faults[cell.place]) input.setAttribute("aria-invalid", "true");
  if (column.choices.length) input.setAttribute("list", choicesOf(column));
  input.autocomplete = "off";
  input.spellcheck = false;
  let over = false;
  const finish = (keep, to) => {
    if (over) return;
    over = true;
    const value = input.value.trim();
    cellElement(cell)?.replaceChildren(spanOf(keep ? value : textOf(row, cell.place))); // the server's answer follows
    if (to) to();
    if (keep) correct(cell, value);
  };
  input.addEventListener("keydown", (event) => {
    const to = { Enter: () => move(1, 0), Tab: () => move(0, event.shiftKey ? -1 : 1), Escape: () => focusCell(cell) }[event.key];
    event.stopPropagation(); // letters are letters here
    if (!to) return;
    event.preventDefault();
    finish(event.key !== "Escape", to);
  });
  input.addEventListener("blur", () => finish(true));
  input.addEventListener("paste", (event) => event.stopPropagation());
  element.replaceChildren(input);
  input.focus();
  input.select();
}

// The list of choices of a column, made when it is asked for first.
function choicesOf({ name, choices }) {
  const id = `choices-${name}`;
  if (!document.getElementById(id)) {
    const list = Object.assign(document.createElement("datalist"), { id });
    list.append(...choices.map((value) => Object.assign(document.createElement("option"), { value })));
    grid().after(list);
  }
  return id;
}

function move(down, right) {
  const index = shown.rows.findIndex((one) => one.row === at.row) + down;
  const places = columns().map((one) => one.place);
  const place = places[Math.min(places.length - 1, Math.max(0, places.indexOf(at.place) + right))];
  if (index < 0 && shown.start > 0) { turn(-1, { last: true }); return; }
  if (index >= shown.rows.length && shown.start + shown.rows.length < shown.count) { turn(1); return; }
  const row = shown.rows[Math.min(shown.rows.length - 1, Math.max(0, index))];
  if (row) focusCell({ row: row.row, place });
}

const turn = (pages, more) => load(Math.max(0, shown.start + pages * Number(data("size"))), more);

// The next faulty cell in the order of reading: of this row, else of the next row that has a fault of the kind that is shown.
async function nextFault() {
  const placesOf = (row) => columns().map((one) => one.place).filter((place) => row.faults[place]?.some(({ code }) => !filter().code || code === filter().code));
  const here = rowAt(at.row);
  const places = columns().map((one) => one.place);
  const inGrid = Boolean(document.activeElement?.closest("#import-grid"));
  const further = here && inGrid ? placesOf(here).find((place) => places.indexOf(place) > places.indexOf(at.place)) : undefined;
  if (further !== undefined) { focusCell({ row: at.row, place: further }); return; }
  const answer = await ask(`${data("next")}?${queryOf({ after: inGrid ? at.row ?? 0 : 0 })}`);
  if (!answer) return;
  say(answer.row === null ? words("NoFault") : "");
  if (answer.row === null) return;
  if (!rowAt(answer.row)) await load(0, { row: answer.row, focus: false });
  const row = rowAt(answer.row);
  if (row) focusCell({ row: row.row, place: placesOf(row)[0] ?? at.place });
}

// Cells as spreadsheets copy them: tabs between columns, lines between rows, quotation marks around cells that hold either.
function blockOf(text) {
  const rows = [[]];
  const cells = /(?:"((?:[^"]|"")*)"|([^\t\r\n]*))(\t|\r\n|\r|\n|$)/gy;
  for (let found = cells.exec(text); found; found = cells.exec(text)) {
    rows.at(-1).push((found[1]?.replaceAll('""', '"') ?? found[2]).trim());
    if (cells.lastIndex >= text.length) break;
    if (found[3] !== "\t") rows.push([]);
  }
  return rows;
}

function paste(text) {
  const block = blockOf(text.replace(/(\r\n|\r|\n)$/, ""));
  if (block.length === 1 && block[0].length === 1) { correct({ ...at }, block[0][0]); return; }
  saving = saving.then(async () => {
    equal = null;
    const places = columns().map(({ place }) => place).filter((place) => place >= at.place);
    const rows = shown.rows.map(({ row }) => row).filter((row) => row >= at.row);
    const answer = await ask(data("paste"), { rows, places, block, filter: filter() });
    if (!answer) return;
    await settle(answer);
    await load(shown.start, { row: at.row });
    say(answer.said);
  });
}

const keys = {
  ArrowDown: () => move(1, 0), ArrowUp: () => move(-1, 0), ArrowLeft: () => move(0, -1), ArrowRight: () => move(0, 1),
  j: () => move(1, 0), k: () => move(-1, 0),
  Home: () => focusCell({ ...at, place: columns()[0].place }), End: () => focusCell({ ...at, place: columns().at(-1).place }),
  PageDown: () => turn(1), PageUp: () => turn(-1),
  Enter: () => edit(), F2: () => edit(), Delete: () => correct({ ...at }, ""), Backspace: () => edit(""),
  n: nextFault, a: applyToEqual, x: leave, u: undo,
};

function onKey(event) {
  if (!grid() || event.altKey || event.target.closest("input, select, textarea, dialog, [popover]")) return;
  const inGrid = Boolean(event.target.closest("#import-grid"));
  if (event.ctrlKey || event.metaKey) {
    if (inGrid && event.key === "z") { event.preventDefault(); undo(); }
    else if (inGrid && event.key === "Home") { event.preventDefault(); load(0, { place: columns()[0].place }); }
    return;
  }
  const act = inGrid || "nau".includes(event.key) ? keys[event.key] : undefined;
  if (!act) return;
  event.preventDefault();
  event.stopPropagation();
  act();
}

const ACTS = {
  next: nextFault, before: () => turn(-1), after: () => turn(1), equal: applyToEqual, surplus: dropSurplus,
  leave, leaveAll: () => leaveAll(true), takeAll: () => leaveAll(false),
};

function onClick(event) {
  const { target } = event;
  const cell = target.closest("#import-grid [data-place]");
  const act = target.closest("[data-import-act]")?.dataset.importAct;
  if (cell && !target.closest("input")) focusCell({ row: Number(cell.closest("[data-row]").dataset.row), place: Number(cell.dataset.place) });
  else if (act) ACTS[act]();
  if (target.closest("#import-grid .tabulator-row, [data-import-act]")) event.preventDefault();
}

async function mount() {
  if (!grid() || grid().classList.contains("tabulator")) return;
  const asked = new URLSearchParams(location.search).get("row");
  if (!await fetchPage(0, asked === null ? null : Number(asked)) || !grid()) return;
  at = { row: asked === null ? shown.rows[0]?.row ?? null : Number(asked), place: columns()[0].place };
  table = new Tabulator(grid(), {
    index: "id", data: shown.rows.map(asRow), columns: definitions(), layout: "fitData", renderVertical: "basic", height: "100%",
    columnDefaults: { headerSort: false },
    rowFormatter: (row) => {
      const { row: number, left } = row.getData();
      Object.assign(row.getElement().dataset, { row: number, id: number });
      row.getElement().classList.toggle("left-out", left);
    },
  });
  await new Promise((resolve) => { table.on("tableBuilt", resolve); });
  grid().ariaLabel = data("label");
  grid().querySelector(".tabulator-tableholder").removeAttribute("tabindex");
  tellPlace();
  tellCell();
  const kept = JSON.parse(sessionStorage.getItem(`import ${location.pathname}`) ?? "[]");
  for (const one of kept) waiting.set(keyOf(one), one);
  saving = saving.then(sendWaiting);
}

document.addEventListener("keydown", onKey, { capture: true });
document.addEventListener("click", onClick, { capture: true });
document.addEventListener("dblclick", (event) => { if (event.target.closest("#import-grid [data-place]")) edit(); });
document.addEventListener("paste", (event) => {
  if (!event.target.closest?.("#import-grid [data-place]")) return;
  event.preventDefault();
  paste(event.clipboardData.getData("text/plain"));
});
document.addEventListener("copy", (event) => {
  const text = rowAt(at.row)?.cells[at.place];
  if (!document.activeElement?.closest("#import-grid [data-place]") || getSelection().toString()) return;
  event.preventDefault();
  event.clipboardData.setData("text/plain", text ?? "");
});
document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  if (ctx.target?.id === "import-window" && !ctx.target.open) ctx.target.showModal();
});
document.addEventListener("submit", ({ target }) => { // pressed twice, it is sent once
  if (target.closest("#import-window")) target.querySelector(".button.main")?.setAttribute("disabled", "");
});
addEventListener("online", () => { saving = saving.then(sendWaiting); });
mount();
