/* An event opens beside the list. Without this file, its link leads to its page. */
(function () {
  "use strict";

  const drawer = document.querySelector("[data-drawer]");
  if (!(drawer instanceof HTMLDialogElement)) return;
  const body = drawer.querySelector("[data-drawer-body]");
  const title = drawer.querySelector("h2");
  const whole = drawer.querySelector("[data-drawer-page]");
  const links = Array.from(document.querySelectorAll("[data-drawer-open]"));
  let current = null;

  function say(words) {
    const status = document.createElement("p");
    status.setAttribute("role", "status");
    status.textContent = words;
    body.replaceChildren(status);
  }

  // A document of its own: nothing in it runs, and no markup is made out of text here.
  function read(address) {
    return new Promise((resolve, reject) => {
      const asking = new XMLHttpRequest();
      asking.open("GET", address);
      asking.responseType = "document";
      asking.onload = () => {
        const found = asking.status === 200 && asking.response?.querySelector("[data-event]");
        if (found) resolve(found);
        else reject(new Error(String(asking.status)));
      };
      asking.onerror = () => reject(new Error("network"));
      asking.send();
    });
  }

  async function show(link) {
    current = link;
    const at = links.indexOf(link);
    title.textContent = `Event ${at + 1} of ${links.length} on this page`;
    whole.href = link.href;
    for (const step of drawer.querySelectorAll("[data-drawer-step]")) {
      step.disabled = !links[at + Number(step.dataset.drawerStep)];
    }
    say("Reading the event\u2026");
    if (!drawer.open) drawer.showModal();
    try {
      const found = document.importNode(await read(link.href), true);
      if (current !== link) return;
      body.replaceChildren(found);
      body.scrollTop = 0;
      found.dispatchEvent(new CustomEvent("govapp:shown", { bubbles: true }));
    } catch {
      if (current === link) say("The event could not be read. Its own page is behind \u201cOpen\u201d.");
    }
  }

  function step(by) {
    const next = links[links.indexOf(current) + by];
    if (next) show(next);
  }

  document.addEventListener("click", (event) => {
    const isPlain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
    const link = event.target.closest("[data-drawer-open]");
    if (!link || !isPlain) return;
    event.preventDefault();
    show(link);
  });

  drawer.addEventListener("click", (event) => {
    if (event.target === drawer) drawer.close();
    const button = event.target.closest("[data-drawer-step]");
    if (button) step(Number(button.dataset.drawerStep));
  });

  drawer.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
  });

  // Back to the row that was looked at last, wherever the reader went in between.
  drawer.addEventListener("close", () => {
    body.replaceChildren();
    current?.focus();
    current = null;
  });
})();
