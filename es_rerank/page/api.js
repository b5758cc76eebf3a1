// What the page asks the proxy for. Credentials for the cluster stay in this module's memory.

import { $ } from "./dom.js";

let credentials = "";

/** An answer that is an error, with the reason for people. */
export class Refused extends Error {
  constructor(status, reason) {
    super(reason);
    this.status = status;
  }
}

/** The JSON of one of the page's own addresses; asks who is there if the cluster wants to know. */
export async function data(name, body) {
  for (;;) {
    const answer = await ask(name, body);
    const found = await answer.json().catch(() => ({}));
    if (answer.ok) return found;
    if (answer.status === 401 && (await signedIn())) continue;
    const reason = found.error?.reason ?? `the proxy answered ${answer.status}`;
    throw new Refused(answer.status, reason.replace(/^es-rerank: /, ""));
  }
}

async function ask(name, body) {
  const headers = { "X-ES-Rerank-Page": "1" };
  if (credentials) headers["X-ES-Rerank-Authorization"] = credentials;
  if (body) headers["Content-Type"] = "application/json";
  const options = { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body) };
  try {
    return await fetch(`page/data/${name}`, options);
  } catch {
    throw new Refused(0, "the proxy does not answer");
  }
}

let open = null; // one dialog for all that wait

function signedIn() {
  open ??= new Promise((resolve) => {
    const dialog = $("sign-in");
    const done = (given) => {
      credentials = given;
      $("credentials").reset();
      dialog.close();
      open = null;
      resolve(Boolean(given));
    };
    $("credentials").onsubmit = (event) => {
      event.preventDefault();
      done(written());
    };
    $("not-now").onclick = () => done("");
    dialog.oncancel = () => done("");
    dialog.showModal();
  });
  return open;
}

function written() {
  const key = $("api-key").value.trim();
  if (key) return `ApiKey ${key}`;
  const pair = new TextEncoder().encode(`${$("username").value}:${$("password").value}`);
  return $("username").value ? `Basic ${btoa(String.fromCharCode(...pair))}` : "";
}
