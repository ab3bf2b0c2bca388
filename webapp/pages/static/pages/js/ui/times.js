// Times in the reader's own zone and manner.

const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

export const localMoment = (text) => moment.format(new Date(text));

export function localTimes(root) {
  for (const element of root.querySelectorAll("time[datetime]")) {
    const at = new Date(element.dateTime);
    element.textContent = ("day" in element.dataset ? day : moment).format(at);
    element.title = at.toISOString();
  }
}

localTimes(document);
document.addEventListener("htmx:load", (event) => localTimes(event.target));
