// The small form in which a filter is edited: it opens under what asked for it, and goes with the list that it asked for.
const form = () => document.getElementById("filter-form");
let opener = null;

function place(under) {
  const { left, bottom } = under.getBoundingClientRect();
  const box = form();
  box.style.left = `${Math.max(8, Math.min(left, innerWidth - box.offsetWidth - 8))}px`;
  box.style.top = `${Math.max(8, Math.min(bottom + 4, innerHeight - box.offsetHeight - 8))}px`;
}

export function asked(source) {
  const button = source?.closest?.("[data-edits]");
  if (button) opener = button.closest("#filter-menu") ? "filter-add" : button.id;
}

// What came is the form, or a list in which the focus goes to the chip that was edited.
export function arrived(target) {
  if (target?.id === "filter-form") {
    document.getElementById("filter-menu")?.hidePopover();
    target.showPopover();
    place(document.getElementById(opener) ?? document.getElementById("filter-add"));
    target.querySelector("input:not([type=hidden]), textarea, select")?.focus();
  } else if (target?.id === "list" && opener && document.activeElement === document.body) {
    (document.getElementById(opener) ?? document.getElementById("filter-add"))?.focus();
    opener = null;
  }
}

export function listen() {
  document.addEventListener("input", ({ target }) => {
    if (!target.matches("[data-narrows]")) return;
    const wanted = target.value.trim().toLowerCase();
    for (const option of target.form.querySelectorAll(".options label"))
      option.hidden = Boolean(wanted) && !option.textContent.toLowerCase().includes(wanted);
  });
  document.addEventListener("toggle", ({ target, newState }) => {
    if (target.id === "filter-menu" && newState === "open") {
      const { left, bottom } = document.getElementById("filter-add").getBoundingClientRect();
      target.style.left = `${Math.max(8, Math.min(left, innerWidth - target.offsetWidth - 8))}px`;
      target.style.top = `${bottom + 4}px`;
    }
    if (target.id === "filter-form" && newState === "closed" && opener && document.activeElement === document.body)
      document.getElementById(opener)?.focus();
  }, true);
}
