// A file goes up with a bar that says how far it is; then the server reads and checks it, which nobody can foretell.
function listen() {
  const form = document.querySelector("form[data-upload]");
  if (!form) return;
  const field = form.querySelector("[type=file]");
  const bar = form.querySelector("progress");
  const told = form.querySelector("[data-told]");
  for (const [kind, over] of [["dragover", true], ["dragleave", false], ["drop", false]])
    form.addEventListener(kind, (event) => { event.preventDefault(); form.classList.toggle("over", over); });
  form.addEventListener("drop", (event) => {
    if (!event.dataTransfer.files.length) return;
    field.files = event.dataTransfer.files;
    field.focus();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("HX-Request-Type", "partial");
    form.classList.add("busy");
    form.querySelector("[type=submit]").disabled = true;
    told.textContent = form.dataset.sending;
    request.upload.addEventListener("progress", ({ loaded, total }) => { bar.max = total; bar.value = loaded; });
    request.upload.addEventListener("load", () => { bar.removeAttribute("value"); told.textContent = form.dataset.checking; });
    const over = () => {
      form.classList.remove("busy");
      form.querySelector("[type=submit]").disabled = false;
    };
    request.addEventListener("load", () => {
      const answer = request.getResponseHeader("Content-Type")?.startsWith("application/json") ? JSON.parse(request.responseText) : {};
      if (answer.url) { location.assign(answer.url); return; }
      over();
      told.textContent = "";
      const wrong = form.querySelector("[role=alert]");
      wrong.textContent = answer.problem ?? form.dataset.lost;
      wrong.hidden = false;
      field.setAttribute("aria-invalid", "true");
      field.focus();
    });
    request.addEventListener("error", () => { over(); told.textContent = form.dataset.lost; });
    request.send(new FormData(form));
  });
}

listen();
