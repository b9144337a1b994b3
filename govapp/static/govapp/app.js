/* What the pages gain with JavaScript. Nothing here is needed to read or to decide. */
(function () {
  "use strict";

  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));

  const memory = {
    get(key) {
      try {
        return localStorage.getItem(`govapp.${key}`);
      } catch {
        return null;
      }
    },
    set(key, value) {
      try {
        if (value === null) localStorage.removeItem(`govapp.${key}`);
        else localStorage.setItem(`govapp.${key}`, value);
      } catch {
        // Without storage a choice lasts as long as the page.
      }
    },
  };

  function say(words) {
    const status = document.getElementById("status");
    if (status) status.textContent = words;
  }

  // Theme: system, light, dark, and round again.
  const THEMES = ["system", "light", "dark"];

  function showTheme(theme) {
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    for (const label of all("[data-theme-name]")) label.textContent = theme;
  }

  function setUpTheme() {
    let theme = memory.get("theme") || "system";
    showTheme(theme);
    for (const button of all("[data-theme-toggle]")) {
      button.hidden = false;
      button.addEventListener("click", () => {
        theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
        memory.set("theme", theme === "system" ? null : theme);
        showTheme(theme);
        say(`Theme: ${theme}`);
      });
    }
  }

  // Countdowns: the same words and states as formats.span_two and formats.urgency.
  function spanInWords(seconds) {
    const pad = (n) => String(n).padStart(2, "0");
    const days = Math.floor(seconds / 86400);
    const hours = Math.floor(seconds / 3600) % 24;
    const minutes = Math.floor(seconds / 60) % 60;
    if (days) return `${days} d ${hours} h`;
    if (hours) return `${hours} h ${pad(minutes)} min`;
    if (minutes) return `${minutes} min ${pad(seconds % 60)} s`;
    return `${seconds % 60} s`;
  }

  // The reader's clock may be wrong: count from the server's when the page names it.
  const serverNow = Date.parse(document.documentElement.dataset.now || "");
  const skew = Number.isNaN(serverNow) ? 0 : serverNow - Date.now();

  function tick() {
    for (const time of all("time[data-countdown]")) {
      const left = Date.parse(time.dateTime) - (Date.now() + skew);
      const words = spanInWords(Math.floor(Math.abs(left) / 1000));
      time.textContent = left <= 0 ? `overdue by ${words}` : `${words} left`;
      time.classList.toggle("countdown--overdue", left <= 0);
      time.classList.toggle("countdown--soon", left > 0 && left <= 3600000);
      time.classList.toggle("countdown--later", left > 3600000);
    }
  }

  // Copy: data-copy names the element (by selector) whose text is copied.
  function setUpCopy() {
    if (!navigator.clipboard) return;
    for (const button of all("[data-copy]")) {
      button.hidden = false;
      button.addEventListener("click", async () => {
        const source = document.querySelector(button.dataset.copy);
        if (!source) return;
        const label = button.querySelector("[data-copy-label]") || button;
        const before = label.textContent;
        try {
          await navigator.clipboard.writeText(source.value ?? source.textContent.trim());
          label.textContent = "Copied";
          say("Copied");
        } catch {
          label.textContent = "Select it and copy";
        }
        setTimeout(() => { label.textContent = before; }, 2000);
      });
    }
  }

  // Dialogs: the opener is a link, so that it leads to a page where there is no script.
  function setUpDialogs() {
    document.addEventListener("click", (event) => {
      const opener = event.target.closest("[data-dialog-open]");
      if (opener) {
        const dialog = document.getElementById(opener.dataset.dialogOpen);
        if (dialog instanceof HTMLDialogElement) {
          event.preventDefault();
          dialog.showModal();
        }
        return;
      }
      const closer = event.target.closest("[data-dialog-close]");
      if (closer) {
        event.preventDefault();
        closer.closest("dialog")?.close();
      }
      for (const menu of all("details.menu[open]")) {
        if (!menu.contains(event.target)) menu.open = false;
      }
    });
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      for (const menu of all("details.menu[open]")) {
        menu.open = false;
        menu.querySelector("summary")?.focus();
      }
    });
  }

  // Keyboard. A letter opens links; on a button that would decide it only moves the focus there,
  // so that a slip of the hand never votes.
  let shortcutsOn = memory.get("shortcuts") !== "off";

  function currentRow() {
    return document.activeElement?.closest("[data-row]") || null;
  }

  function moveRow(step) {
    const rows = all("[data-row]");
    if (!rows.length) return;
    const at = rows.indexOf(currentRow());
    const next = at === -1 ? (step > 0 ? 0 : rows.length - 1) : at + step;
    const row = rows[Math.min(Math.max(next, 0), rows.length - 1)];
    (row.querySelector("[data-row-link]") || row.querySelector("a, button"))?.focus();
    row.scrollIntoView({ block: "nearest" });
  }

  function press(key) {
    const inRow = currentRow()?.querySelector(`[data-key="${key}"]`);
    const target = inRow || all(`[data-key="${key}"]`).find((e) => !e.closest("[data-row]"));
    if (!target) return false;
    if (target instanceof HTMLInputElement && target.type === "checkbox") target.click();
    else if (target instanceof HTMLAnchorElement) target.click();
    else target.focus();
    return true;
  }

  function onKey(event) {
    if (!shortcutsOn || event.ctrlKey || event.metaKey || event.altKey) return;
    const busy = event.target.closest("input:not([type=checkbox]), textarea, select, dialog[open]");
    if (busy || event.target.isContentEditable) return;
    let done = true;
    if (event.key === "j") moveRow(1);
    else if (event.key === "k") moveRow(-1);
    else if (event.key === "/") done = press("/");
    else if (event.key === "?") document.getElementById("shortcuts")?.showModal();
    else if ("xads".includes(event.key)) done = press(event.key);
    else done = false;
    if (done) event.preventDefault();
  }

  function setUpKeyboard() {
    document.addEventListener("keydown", onKey);
    for (const box of all("[data-shortcuts-toggle]")) {
      box.checked = shortcutsOn;
      box.addEventListener("change", () => {
        shortcutsOn = box.checked;
        memory.set("shortcuts", shortcutsOn ? null : "off");
      });
    }
    for (const button of all("[data-shortcuts-open]")) button.hidden = false;
  }

  // Live: count what arrived, never move a row. Events are JSON: {"request": id, "status": word}.
  function setUpLive() {
    const url = document.body.dataset.liveUrl;
    const bar = document.querySelector("[data-live-bar]");
    if (!url || !bar || !window.EventSource) return;
    const known = new Set(all("[data-row]").map((row) => row.dataset.row));
    const fresh = new Set();
    const count = bar.querySelector("[data-live-count]");

    function arrived(event) {
      let told;
      try {
        told = JSON.parse(event.data);
      } catch {
        return;
      }
      const id = String(told.request || "");
      if (!id || fresh.has(id)) return;
      if (known.has(id)) {
        const note = document.querySelector(`[data-row="${CSS.escape(id)}"] [data-row-changed]`);
        if (note) note.hidden = false;
        return;
      }
      if (told.status && told.status !== "pending") return;
      fresh.add(id);
      bar.hidden = false;
      count.textContent = String(fresh.size);
      say(`${fresh.size} new`);
    }

    const stream = new EventSource(url);
    stream.addEventListener("message", arrived);
    stream.addEventListener("request", arrived);
    window.addEventListener("pagehide", () => stream.close());
  }

  // Selecting: say how many, and bring the buttons within reach.
  function setUpBulk() {
    const bar = document.querySelector("[data-bulk-bar]");
    const words = bar?.querySelector("[data-bulk-words]");
    if (!bar || !words) return;
    const before = words.textContent;
    function count() {
      const chosen = all('input[form="bulk"]:checked').length;
      words.textContent = chosen ? `${chosen} selected` : before;
      bar.classList.toggle("bulk-bar--on", chosen > 0);
    }
    for (const box of all('input[form="bulk"]')) box.addEventListener("change", count);
    count();
  }

  setUpTheme();
  setUpBulk();
  setUpCopy();
  setUpDialogs();
  setUpKeyboard();
  setUpLive();
  if (document.querySelector("time[data-countdown]")) {
    tick();
    setInterval(tick, 1000);
  }
})();
