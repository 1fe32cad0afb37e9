// The set-up: its navigation on a narrow screen, copying a link or a secret.
document.querySelector(".setup-nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

document.addEventListener("click", async ({ target }) => {
  const button = target.closest?.("[data-copies]");
  if (!button) return;
  const field = document.getElementById(button.dataset.copies);
  field.select?.();
  try {
    await navigator.clipboard.writeText(field.value ?? field.textContent);
  } catch {
    getSelection().selectAllChildren(field); // without encryption the clipboard is closed: the reader copies it
    return;
  }
  button.textContent = button.dataset.copied;
});
