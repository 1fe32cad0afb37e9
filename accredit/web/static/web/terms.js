// The editor of terms: what the server cannot do between two answers. The form's state is in its fields.
import htmx from "htmx";

let focused = "";
let dirty = false;

const editor = () => document.getElementById("editor");

// A field that decides which fields stand beside it.
document.addEventListener("change", ({ target }) => {
  if (target.matches("#editor [data-shows]")) editor().querySelector("[data-show]").click();
});

document.addEventListener("input", ({ target }) => {
  if (!target.closest("#editor")) return;
  dirty = true;
  if (target.hasAttribute("aria-invalid")) { // what is being corrected is judged again when it is saved
    document.getElementById(target.getAttribute("aria-describedby"))?.remove();
    target.removeAttribute("aria-invalid");
    target.removeAttribute("aria-describedby");
  }
  htmx.trigger(document.getElementById("earned"), "accredit:earn");
  const list = target.closest("[data-values]");
  if (list && target === list.lastElementChild && target.value) {
    const another = target.cloneNode();
    another.value = "";
    another.id = `${target.id}-`;
    list.append(another);
  }
});

// The answer replaces the form: the reader stays where they were, or goes where the answer says. What they typed while
// it was on its way goes along, as far as the rows stand where they stood.
const values = () => new Map([...editor().querySelectorAll("input[id], select[id]")].map((one) => [one.id, one.value]));
let sent = null;
let later = [];
document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  if (ctx.target?.id !== "editor") return;
  sent = /^(show|add)/.test(ctx.sourceElement.value) ? values() : null;
});
document.addEventListener("htmx:before:swap", ({ detail: { ctx } }) => {
  if (ctx.target?.id !== "editor") return;
  focused = document.activeElement?.id ?? "";
  later = sent ? [...values()].filter(([id, value]) => sent.has(id) && sent.get(id) !== value) : [];
});
document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  if (ctx.target?.id !== "editor" || !editor()) return;
  dirty = true;
  const form = editor();
  for (const [id, value] of later) {
    const field = document.getElementById(id);
    if (!field) continue;
    field.value = value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
  const goal = document.getElementById(form.dataset.focus || "");
  const wrong = "wrong" in form.dataset ? form.querySelector("[aria-invalid=true]") : null;
  const field = goal?.querySelector("input:not([type=hidden]), select") || wrong || document.getElementById(focused);
  field?.focus();
});

// Rows are dragged by their handles among their like; the order of the fields is the order that is sent.
let dragged = null;
document.addEventListener("dragstart", (event) => {
  dragged = event.target.closest?.(".handle")?.closest("li") ?? null;
  if (dragged) event.dataTransfer.setDragImage(dragged, 0, 0);
});
document.addEventListener("dragover", (event) => {
  const over = event.target.closest?.("[data-sorts] > li");
  if (!dragged || !over || over.parentElement !== dragged.parentElement) return;
  event.preventDefault();
  const { top, height } = over.getBoundingClientRect();
  if (over !== dragged) over[event.clientY < top + height / 2 ? "before" : "after"](dragged);
});
document.addEventListener("drop", (event) => { if (dragged) event.preventDefault(); });
document.addEventListener("dragend", () => {
  if (dragged) editor().querySelector("[data-show]").click();
  dragged = null;
});

document.addEventListener("click", ({ target }) => {
  if (target.closest?.("#editor [value=save], #editor .actions a")) dirty = false;
});
addEventListener("beforeunload", (event) => { if (dirty && editor()) event.preventDefault(); });
