// The set-up: its navigation on a narrow screen; copying a link or a secret, and printing, here and on one's own pages.
document.querySelector(".setup-nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

document.addEventListener("click", async ({ target }) => {
  if (target.closest?.("[data-prints]")) print();
  const button = target.closest?.("[data-copies]");
  if (!button) return;
  const field = document.getElementById(button.dataset.copies);
  field.select?.();
  try {
    await navigator.clipboard.writeText(field.value ?? field.innerText);
  } catch {
    getSelection().selectAllChildren(field); // without encryption the clipboard is closed: the reader copies it
    return;
  }
  button.textContent = button.dataset.copied;
});
