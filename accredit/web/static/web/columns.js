// Columns take their places by dragging or by arrows, in the form that offers them and in the grid itself.
import htmx from "htmx";

let dragged = null;
const line = (target) => target.closest?.("[data-orders] > li");

function keep(text) {
  const values = { column: text, csrfmiddlewaretoken: document.querySelector("#views [name=csrfmiddlewaretoken]").value };
  const url = document.getElementById("columns-open").getAttribute("hx-get");
  return htmx.ajax("POST", url, { source: "#columns-open", target: "#list", swap: "outerHTML", values });
}

function move(button) {
  const own = line(button);
  if (button.dataset.moves === "1") own.nextElementSibling?.after(own);
  else own.previousElementSibling?.before(own);
  button.focus();
}

export function listenToColumns() {
  document.addEventListener("accredit:columns", ({ detail }) => keep(detail));
  document.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-moves]");
    if (button) move(button);
  });
  document.addEventListener("dragstart", ({ target }) => { dragged = line(target) ?? null; });
  document.addEventListener("dragend", () => { dragged = null; });
  document.addEventListener("dragover", (event) => {
    const over = line(event.target);
    if (!dragged || !over) return;
    event.preventDefault();
    const { top, height } = over.getBoundingClientRect();
    if (event.clientY < top + height / 2) over.before(dragged);
    else over.after(dragged);
  });
}
