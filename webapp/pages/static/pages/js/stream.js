// What happens to our images, told by the service while this page can be seen.
//
// Only then: a browser has few connections to one server, and every open page would hold one.
const EVENTS = ["image.stored", "image.ready", "image.rejected", "image.deleted"];
const AGAIN_MS = 30000;

let source = null;
let lastId = "";
let connected = false;

export const isConnected = () => connected;

// Calls `happened(event, id)` for each event, `looked()` when some may have been missed, and
// `lost()` when none come any more.
export function listen({ happened, looked, lost }) {
  const take = (event) => {
    lastId = event.lastEventId;
    if (event.data) happened(event.type, JSON.parse(event.data).id);
  };
  const fresh = (event) => {
    connected = true;
    if (event.type === "refresh" || !lastId) looked();
    lastId = event.lastEventId;
  };
  const close = () => {
    source?.close();
    source = null;
    if (connected) lost();
    connected = false;
  };
  const failed = () => {
    const refused = source?.readyState === EventSource.CLOSED;
    if (connected) lost();
    connected = false;
    if (!refused) return; // it connects again by itself
    close();
    setTimeout(open, AGAIN_MS);
  };
  function open() {
    if (source || document.hidden) return;
    source = new EventSource(`/api/v1/events?after=${encodeURIComponent(lastId)}`);
    source.addEventListener("hello", fresh);
    source.addEventListener("refresh", fresh);
    for (const name of EVENTS) source.addEventListener(name, take);
    source.addEventListener("error", failed);
  }
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  addEventListener("pagehide", close);
  addEventListener("pageshow", open);
  open();
}
