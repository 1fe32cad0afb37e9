// The small forms over the list: each opens under what asked for it, and goes with the list that it asked for.
let opener = null; // id of the button, to which the focus returns

function place(box, under) {
  const { left, bottom } = under.getBoundingClientRect();
  box.style.left = `${Math.max(8, Math.min(left, innerWidth - box.offsetWidth - 8))}px`;
  box.style.top = `${Math.max(8, Math.min(bottom + 4, innerHeight - box.offsetHeight - 8))}px`;
}

const home = () => document.getElementById(opener) ?? document.getElementById("filter-add");

export function asked(source) {
  const button = source?.closest?.("[data-edits]");
  if (button) opener = button.closest("#filter-menu") ? "filter-add" : button.id;
  if (source?.dataset?.filters) opener = `chip-${source.dataset.filters}`;
}

// What htmx carries over from what was there, a page may not write: places are for now only.
export function leaving() {
  for (const box of document.querySelectorAll("#list [id][style]")) box.removeAttribute("style");
}

// What came is a form, or a list.
export function arrived(target) {
  if (target?.matches?.("#filter-form, #columns")) {
    document.getElementById("filter-menu").hidePopover();
    target.showPopover();
    place(target, home());
    target.querySelector("input:not([type=hidden]), textarea, select")?.focus();
  } else if (target?.id === "list") {
    document.querySelector("#list [popover][data-open]")?.showPopover();
    if (opener && document.activeElement === document.body) home()?.focus();
    opener = null;
  }
}

export function listen() {
  document.addEventListener("input", ({ target }) => {
    if (!target.matches("[data-narrows]")) return;
    const wanted = target.value.trim().toLowerCase();
    for (const option of target.closest("[popover]").querySelectorAll(".options label, .offered"))
      option.hidden = Boolean(wanted) && !option.textContent.toLowerCase().includes(wanted);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.target.matches("#filter-menu [type=search]")) return;
    event.preventDefault();
    document.querySelector("#filter-menu .offered:not([hidden])")?.click();
  });
  document.addEventListener("toggle", ({ target, newState }) => {
    if (!target.closest("#list")) return;
    const button = document.querySelector(`[popovertarget="${target.id}"]`);
    if (newState === "open" && button) place(target, button);
    if (newState === "closed" && !button && document.activeElement === document.body) home()?.focus();
  }, true);
}
