// Title and album are saved when they are left, or with Enter.
import { problemText } from "../api.js";

const SAID_MS = 2000;

async function save(form) {
  const said = form.querySelector(".edit-said");
  const say = (text, bad) => {
    said.textContent = text;
    said.classList.toggle("bad", bad);
  };
  const body = new FormData(form);
  try {
    const response = await fetch(form.action, { method: "POST", body, redirect: "follow" });
    if (!response.ok) throw new Error(problemText(response.status, ""));
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
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
