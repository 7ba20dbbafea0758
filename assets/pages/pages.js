"use strict";
// Searches for institutions while somebody types. Without this script, a button does it.
const list = document.querySelector("[data-source]");
const search = document.querySelector("form[role=search]");
if (list && search) {
  const input = search.elements.q;
  let latest = 0;
  let timer;
  const load = async () => {
    const request = ++latest;
    const address = `${list.dataset.source}?q=${encodeURIComponent(input.value)}`;
    // Without a login, the server redirects to the page to log in.
    const reply = await fetch(address, { redirect: "manual" }).catch(() => undefined);
    // A reply to an earlier input may arrive later.
    if (reply?.ok && request === latest) {
      list.innerHTML = await reply.text();
      // After a rejected form, the page shows the same institutions.
      history.replaceState(null, "", `?q=${encodeURIComponent(input.value)}`);
    }
    return reply?.ok;
  };
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(load, 200);
  });
  search.addEventListener("submit", async (event) => {
    event.preventDefault();
    // The page then explains why there is no reply, for example because nobody is logged in any more.
    if (!(await load())) {
      search.submit();
    }
  });
}

// Asks the browser for passkeys. Without this script, people enter codes.
for (const form of document.querySelectorAll("form[data-passkey]")) {
  const isNew = form.dataset.passkey === "create";
  if (!window.PublicKeyCredential?.parseRequestOptionsFromJSON) {
    document.querySelector("[data-passkey-missing]")?.removeAttribute("hidden");
    continue;
  }
  const options = JSON.parse(form.dataset.options);
  const failed = form.querySelector("[data-passkey-failed]");
  const exists = form.querySelector("[data-passkey-exists]") ?? failed;
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    failed.hidden = exists.hidden = true;
    try {
      const credential = isNew
        ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
        : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
      form.elements.passkey.value = JSON.stringify(credential);
    } catch (error) {
      // The authenticator has a passkey of this account already; or the person cancelled, or it has none for this site.
      (error.name === "InvalidStateError" ? exists : failed).hidden = false;
      return;
    }
    form.submit();
  });
}
