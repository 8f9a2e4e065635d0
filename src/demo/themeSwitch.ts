import { repaint } from "./picture.js";

const key = "nn-embedding-demo-theme"; // as in theme.ts, which is a script of its own

const systemIsDark = matchMedia("(prefers-color-scheme: dark)");

/** Lets a button switch between light and dark. At first, and as long as nobody presses it, the theme is the system's. */
export function startThemeSwitch(button: HTMLButtonElement): void {
  const root = document.documentElement;
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : systemIsDark.matches);
  const update = () => {
    button.ariaPressed = String(isDark());
    repaint();
  };
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    try {
      localStorage.setItem(key, root.dataset.theme);
    } catch {
      // Not remembered where storage is forbidden.
    }
    update();
  });
  systemIsDark.addEventListener("change", update);
  update();
}
