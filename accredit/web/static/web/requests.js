// Conversion requests: the two tabs of the panel, and the form by which one raises a request.
let shown = "tab-discussion"; // the tab that somebody looks at stays, also in the next request

const tabs = () => [...document.querySelectorAll("#panel [role=tab]")];

function show(tab) {
  for (const one of tabs()) {
    const chosen = one === tab;
    one.ariaSelected = String(chosen);
    one.tabIndex = chosen ? 0 : -1;
    document.getElementById(one.getAttribute("aria-controls")).hidden = !chosen;
  }
  shown = tab.id;
}

function showAgain() {
  const tab = document.getElementById(shown);
  if (tab && tab.ariaSelected !== "true") show(tab);
}

// Fields that the check finds fault with are marked as such; what it says of them stands beside.
function mark() {
  const form = document.getElementById("raise-form");
  const wrong = new Set([...form.querySelectorAll("[data-fault]")].map((fault) => fault.dataset.fault));
  for (const field of form.querySelectorAll("[id^='request-'][name]")) {
    if (wrong.has(field.name)) {
      field.ariaInvalid = "true";
      field.setAttribute("aria-errormessage", "raise-check");
    } else {
      field.removeAttribute("aria-invalid");
      field.removeAttribute("aria-errormessage");
    }
  }
  form.querySelector("#raise-refused")?.focus();
}

function addLine(button) {
  const lines = document.getElementById("item-lines");
  const made = document.getElementById("item-line").content.firstElementChild.cloneNode(true);
  const number = lines.dataset.next++;
  for (const field of made.querySelectorAll("[name]")) field.name = field.name.replace(/-0$/, `-${number}`);
  lines.append(made);
  made.querySelector("input").focus();
  button.disabled = number >= 100;
}

document.addEventListener("click", ({ target }) => {
  const tab = target.closest?.("#panel [role=tab]");
  if (tab) show(tab);
  const button = target.closest?.("[data-adds=item]");
  if (button) addLine(button);
});

document.addEventListener("keydown", (event) => {
  const all = tabs();
  const at = all.indexOf(document.activeElement);
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
  if (at < 0 || to === undefined) return;
  event.preventDefault();
  const tab = all.at(to % all.length);
  show(tab);
  tab.focus();
});

// What a form that was sent is answered is not overwritten by a check that began before.
document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  if (ctx.sourceElement?.id === "raise-form") document.getElementById("raise-check").dispatchEvent(new Event("htmx:abort"));
});

document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  if (ctx.target?.id === "panel") showAgain();
  if (ctx.target?.id === "raise-check") mark();
});
