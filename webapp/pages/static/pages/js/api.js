// Calls of our own API, and its errors in words.

const CSRF_COOKIE = "csrftoken=";

// The one of the cookie, which a sign-in in another tab changes; the one of this page stays.
export function csrfToken() {
  const cookie = document.cookie.split("; ").find((pair) => pair.startsWith(CSRF_COOKIE));
  return cookie?.slice(CSRF_COOKIE.length) ?? document.querySelector("meta[name=csrf-token]").content;
}

const SIGNED_OUT = "You are signed out. Sign in again in another tab, then try again.";
const WORDS = {
  0: "The connection was lost.",
  413: "The file is too large.",
  502: "The service does not answer at the moment.",
  503: "The service does not answer at the moment.",
  504: "The service takes too long to answer.",
};

// What went wrong, in one sentence: the `detail` of a problem document where there is one.
export function problemText(status, body) {
  if (status === 401) return SIGNED_OUT;
  try {
    const problem = JSON.parse(body);
    if (problem.detail || problem.title) return problem.detail || problem.title;
  } catch {
    // not from our API: a proxy, or nothing at all
  }
  return WORDS[status] ?? `The service answered with an error (${status}).`;
}

// Its message is for people; `status` is that of the answer.
class AnswerError extends Error {
  constructor(status, body = "") {
    super(problemText(status, body));
    this.status = status;
  }
}

export async function getJson(url) {
  const response = await fetch(url, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new AnswerError(response.status, await response.text());
  return response.json();
}

// A page of ours as a document, to take parts from.
export async function getPage(url, options) {
  const response = await fetch(url, options);
  if (!response.ok) throw new AnswerError(response.status);
  if (isLogin(response.url)) throw new AnswerError(401);
  return new DOMParser().parseFromString(await response.text(), "text/html");
}

export const isLogin = (url) => new URL(url, location.href).pathname === "/login";
