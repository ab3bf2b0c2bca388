// Title and album are saved when they are left, or with Enter. Only what was changed here is sent:
// another tab may have changed the rest meanwhile. What could not be saved is sent with the next try.
import { csrfToken, getPage } from "../api.js";

const SAID_MS = 2000;

const edited = (form) =>
  [form.elements.title, form.elements.album].filter((field) => field.value !== field.defaultValue);

async function save(form) {
  const said = form.querySelector(".edit-said");
  const say = (text, bad) => {
    said.textContent = text;
    said.classList.toggle("bad", bad);
  };
  say("", false);
  const sent = edited(form).map((field) => [field, field.value]);
  if (!sent.length) return;
  const body = new FormData();
  body.append("csrfmiddlewaretoken", csrfToken());
  for (const [field, value] of sent) body.append(field.name, value);
  try {
    const page = await getPage(form.action, { method: "POST", body });
    const error = page.querySelector(".message.error");
    if (error) throw new Error(error.textContent);
    for (const [field, value] of sent) field.defaultValue = value;
    rename(page);
    say("Saved", false);
    setTimeout(() => say("", false), SAID_MS);
  } catch (error) {
    say(error.message, true);
  }
}

// The name of the picture stands in more places than its field: also in the texts to copy.
function rename(page) {
  document.title = page.title;
  document.querySelector("h1").textContent = page.querySelector("h1").textContent;
  const size = document.querySelector("#share select");
  size?.dispatchEvent(new Event("change", { bubbles: true }));
}

document.addEventListener("change", (event) => {
  const form = event.target.closest?.("form[data-edit]");
  if (form) save(form);
});

document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-edit]")) return;
  event.preventDefault();
  document.activeElement.blur(); // which saves, when something was changed since the last try
  if (event.target.querySelector(".edit-said.bad")) save(event.target);
});
