// Title and album are saved when they are left, or with Enter.
import { getPage } from "../api.js";

const SAID_MS = 2000;

async function save(form) {
  const said = form.querySelector(".edit-said");
  const say = (text, bad) => {
    said.textContent = text;
    said.classList.toggle("bad", bad);
  };
  const body = new FormData(form);
  try {
    const page = await getPage(form.action, { method: "POST", body });
    const error = page.querySelector(".message.error");
    if (error) throw new Error(error.textContent);
    document.title = page.title;
    say("Saved", false);
    setTimeout(() => say("", false), SAID_MS);
  } catch (error) {
    say(error.message, true);
  }
}

document.addEventListener("change", (event) => {
  const form = event.target.closest?.("form[data-edit]");
  if (form) save(form);
});

document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-edit]")) return;
  event.preventDefault();
  document.activeElement.blur(); // which saves, when something was changed
});
