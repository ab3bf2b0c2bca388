// Runs before anything is painted, so that a chosen colour scheme does not flash.
(() => {
  const order = ["", "light", "dark"];
  const words = { "": "as the system", light: "light", dark: "dark" };
  const root = document.documentElement;

  const read = () => {
    try {
      return localStorage.getItem("theme") ?? "";
    } catch {
      return ""; // storage is refused in some private windows
    }
  };

  const show = (theme) => {
    if (order.indexOf(theme) > 0) root.dataset.theme = theme;
    else delete root.dataset.theme;
    for (const button of document.querySelectorAll("[data-theme-toggle]")) {
      button.setAttribute("aria-label", `Colours: ${words[theme] ?? words[""]}`);
      button.title = button.getAttribute("aria-label");
    }
  };

  const next = () => {
    const theme = order[(order.indexOf(root.dataset.theme ?? "") + 1) % order.length];
    try {
      localStorage.setItem("theme", theme);
    } catch {
      // it holds for this page only
    }
    show(theme);
  };

  show(read());
  document.addEventListener("DOMContentLoaded", () => show(read()));
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-theme-toggle]")) next();
  });
})();
