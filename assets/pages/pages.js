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
