// Who was signed out meanwhile is asked to sign in, instead of seeing that page inside this one.
import { isLogin } from "../api.js";

document.addEventListener("htmx:beforeSwap", (event) => {
  if (!isLogin(event.detail.xhr.responseURL)) return;
  event.detail.shouldSwap = false;
  location.reload();
});
