// Before the first paint, so that a chosen theme never flashes. A file of its own because inline scripts are refused by a strict policy.
(() => {
  try {
    const theme = localStorage.getItem("sessile.triage.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // Storage may be off; the system's theme is used then.
  }
})();
