// What the policy editor gains with JavaScript: the sentence while you type, the replay beside it,
// and buttons that act without loading the page anew. The server draws everything; this only puts
// its answers in place. Parsed by XMLHttpRequest, as the page's policy lets no script make markup.

const TYPING = 350;
const REPLAYING = 900;

const form = document.getElementById("editor");
const at = (id, root = document) => root.getElementById(id);

let asked = 0;
let timer = 0;
let replayTimer = 0;
let reshape = false;
let leaving = false;

function say(words) {
  const status = at("status");
  if (status) status.textContent = words;
}

function ask(url, data) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    request.responseType = "document";
    request.timeout = 20000;
    request.onload = () => {
      const answer = request.response;
      if (request.status === 200 && answer && !answer.querySelector("input[name=login]")) resolve(answer);
      else reject(new Error(String(request.status)));
    };
    request.onerror = request.ontimeout = () => reject(new Error("no answer"));
    request.send(data);
  });
}

function put(id, answer) {
  const fresh = at(id, answer);
  const old = at(id);
  if (fresh && old && !old.isEqualNode(fresh)) old.replaceWith(document.importNode(fresh, true));
}

function markInvalid() {
  for (const below of form.querySelectorAll(".below[id]")) {
    const input = at(below.id.replace(/-error$/, ""));
    if (!input || !input.matches("input, select, textarea")) continue;
    if (below.querySelector(".below-error")) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  }
}

// Only sentences, remarks and what is saved: nothing that somebody is typing in.
function putLive(answer) {
  for (const fresh of answer.querySelectorAll("[data-live][id]")) put(fresh.id, answer);
  markInvalid();
}

function putBody(answer) {
  const active = document.activeElement;
  const [id, start, end] = [active?.id, active?.selectionStart, active?.selectionEnd];
  const opened = Array.from(form.querySelectorAll("details[id][open]"), (each) => each.id);
  put("editor-body", answer);
  put("save-state", answer);
  for (const each of opened) {
    const details = at(each);
    if (details) details.open = true;
  }
  const wanted = at("editor-body").dataset.focus;
  const target = wanted ? focusable(wanted) : id && at(id);
  if (!target) return;
  target.focus({ preventScroll: !wanted });
  if (wanted) target.scrollIntoView({ block: "nearest" });
  else if (typeof start === "number" && target.setSelectionRange && target.type === "text") {
    target.setSelectionRange(start, end);
  }
}

function focusable(name) {
  if (name === "first") {
    return form.querySelector(".rule--open .rule-form :is(input:not([type=hidden]), select, textarea)");
  }
  return at(name);
}

async function act(data, whole) {
  const number = ++asked;
  clearTimeout(timer);
  try {
    const answer = await ask(form.dataset.preview, data);
    if (number !== asked) return; // somebody typed on; the next answer has that too
    reshape = false;
    if (whole) putBody(answer);
    else putLive(answer);
    replaySoon();
  } catch {
    if (number === asked) {
      say("The server did not answer. What you typed is still here.");
      reshape = reshape || whole;
    }
  }
}

function replaySoon() {
  clearTimeout(replayTimer);
  replayTimer = setTimeout(replay, REPLAYING);
}

async function replay() {
  const side = at("editor-side");
  const number = asked;
  side.setAttribute("aria-busy", "true");
  try {
    const answer = await ask(form.dataset.replay, new FormData(form));
    if (number !== asked) return;
    const kept = document.activeElement?.matches("[data-period]");
    const opened = Array.from(side.querySelectorAll("details"), (each) => each.open);
    put("editor-side", answer);
    at("editor-side").querySelectorAll("details").forEach((each, index) => {
      each.open = opened[index] || false;
    });
    if (kept) at("editor-side").querySelector("[data-period]:checked")?.focus();
    say(at("replay-headline")?.textContent || "");
  } catch {
    side.removeAttribute("aria-busy");
  }
}

function onInput(event) {
  if (event.target.matches("[data-period]")) {
    replaySoon();
    return;
  }
  if (event.target.matches("[data-reshapes]")) reshape = true;
  clearTimeout(timer);
  asked += 1;
  const data = () => {
    const sent = new FormData(form);
    sent.set("do", "check");
    return sent;
  };
  timer = setTimeout(() => act(data(), reshape), TYPING);
}

function onSubmit(event) {
  const button = event.submitter;
  if (!button?.matches("[data-inplace]")) {
    leaving = true;
    return;
  }
  event.preventDefault();
  const menu = button.closest("details.menu");
  if (menu) menu.open = false;
  act(new FormData(form, button), true);
}

if (form) {
  for (const each of form.querySelectorAll("[data-scriptless]")) each.hidden = true;
  form.addEventListener("input", onInput);
  form.addEventListener("submit", onSubmit);
  window.addEventListener("beforeunload", (event) => {
    if (!leaving && form.querySelector("[data-unsaved]")) event.preventDefault();
  });
  if (form.querySelector("[data-waiting]")) replay();
}
