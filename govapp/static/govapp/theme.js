/* Runs before the first paint: a theme that somebody chose must not flash the other one. */
(function () {
  "use strict";
  try {
    const theme = localStorage.getItem("govapp.theme");
    if (theme === "light" || theme === "dark") {
      document.documentElement.dataset.theme = theme;
    }
  } catch {
    // Storage may be closed to us; the system's theme holds then.
  }
})();
