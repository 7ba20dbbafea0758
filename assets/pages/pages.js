// Searches for institutions while somebody types. Without this script, a button does it.
"use strict";
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
    const reply = await fetch(address, { redirect: "manual" });
    // A reply to an earlier input may arrive later.
    if (reply.ok && request === latest) {
      list.innerHTML = await reply.text();
    }
  };
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(load, 200);
  });
  search.addEventListener("submit", (event) => {
    event.preventDefault();
    load();
  });
}
