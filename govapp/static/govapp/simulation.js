/* A replay that runs: its progress, and its result when it is done. The page works without. */
(function () {
  "use strict";

  const place = document.querySelector("[data-simulation]");
  if (!place || !window.fetch) return;
  const bar = place.querySelector("progress");
  const words = place.querySelector(".progress-head span:last-child");
  let delay = 500;

  async function look() {
    try {
      const answer = await fetch(place.dataset.simulation, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const told = await answer.json();
      bar.value = told.percent;
      bar.textContent = told.words;
      words.textContent = told.words;
      if (told.is_over) {
        window.location.reload();
        return;
      }
      delay = 500;
    } catch {
      // The server or the network is away: ask less and less often.
      delay = Math.min(delay * 2, 15000);
    }
    setTimeout(look, delay);
  }

  setTimeout(look, delay);
})();
