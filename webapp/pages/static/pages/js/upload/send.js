// One request of one upload. XMLHttpRequest, because fetch tells nothing of what was sent.
import { csrfToken } from "../api.js";
import { isResumable, sendByTus } from "./tus.js";

const UPLOAD_URL = "/api/v1/images";

// Resolves with {status, body, retryAfter}; status 0 means that no answer came.
export const send = (upload, onProgress) => (isResumable(upload) ? sendByTus : sendForm)(upload, onProgress);

function sendForm(upload, onProgress) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("POST", UPLOAD_URL);
    request.setRequestHeader("X-CSRFToken", csrfToken());
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => onProgress(event.loaded / event.total));
    request.addEventListener("loadend", () =>
      resolve({
        status: request.status,
        body: request.responseText,
        retryAfter: Number(request.getResponseHeader("Retry-After")),
      }),
    );
    upload.abort = () => request.abort();
    request.send(form(upload));
  });
}

// Fields come before the file, so that a streaming receiver knows them when the bytes arrive.
function form({ file, album, kind }) {
  const body = new FormData();
  body.append("kind", kind);
  if (album) body.append("album", album);
  body.append("file", file, file.name);
  return body;
}
