// Calls of our own API, and its errors in words.

export const csrfToken = () => document.querySelector("meta[name=csrf-token]").content;

const WORDS = {
  0: "The connection was lost.",
  401: "You are signed out. Sign in again in another tab, then try again.",
  413: "The file is too large.",
  502: "The service does not answer at the moment.",
  504: "The service takes too long to answer.",
};

// What went wrong, in one sentence: the `detail` of a problem document where there is one.
export function problemText(status, body) {
  try {
    const problem = JSON.parse(body);
    if (problem.detail || problem.title) return problem.detail || problem.title;
  } catch {
    // not from our API: a proxy, or nothing at all
  }
  return WORDS[status] ?? `The service answered with an error (${status}).`;
}

export async function getJson(url, { signal } = {}) {
  const response = await fetch(url, { signal, headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(problemText(response.status, await response.text()));
  return response.json();
}

// A page of ours as a document, to take parts from.
export async function getPage(url, { signal } = {}) {
  const response = await fetch(url, { signal });
  if (!response.ok) throw new Error(problemText(response.status, ""));
  return new DOMParser().parseFromString(await response.text(), "text/html");
}
