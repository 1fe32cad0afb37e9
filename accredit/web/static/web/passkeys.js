// Forms that a passkey fills in. Without passkeys in this browser they stay hidden, and what says so is shown.
const offered = window.PublicKeyCredential && "parseRequestOptionsFromJSON" in PublicKeyCredential;

async function options(form) {
  if (form.dataset.passkey !== "fetch") return JSON.parse(document.getElementById("passkey-options").textContent);
  const answer = await fetch(form.action, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`${answer.status} for the options of a passkey`);
  return answer.json();
}

async function create({ creation_options: { publicKey } }) {
  // A passkey is found without a name, and asks for a finger, a face or a number.
  const chosen = { ...publicKey.authenticatorSelection, residentKey: "required", requireResidentKey: true, userVerification: "required" };
  const made = { ...publicKey, authenticatorSelection: chosen };
  return navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(made) });
}

async function get({ request_options: { publicKey } }) {
  return navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(publicKey) });
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!offered) continue;
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const wrong = form.querySelector(".wrong[hidden], .wrong[data-said]");
    try {
      const read = await options(form);
      const credential = await (form.dataset.passkey === "create" ? create(read) : get(read));
      form.elements.credential.value = JSON.stringify(credential.toJSON());
      form.submit();
    } catch {
      wrong.dataset.said = "";
      wrong.hidden = false;
    }
  });
}
for (const said of document.querySelectorAll("[data-no-passkeys]")) said.hidden = offered;
