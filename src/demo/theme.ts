/** Runs before the page is painted, so that a theme chosen earlier does not flash. */
const key = "nn-embedding-demo-theme";

try {
  const chosen = localStorage.getItem(key);
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // Storage may be forbidden: then the theme is the system's.
}
