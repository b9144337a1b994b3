// The sentences of a template follow what is typed. The server draws them; this only puts its
// answer in place, parsed by XMLHttpRequest because the page's policy lets no script make markup.

const TYPING = 300;
const PREVIEW = "template-preview";

const form = document.getElementById("template-form");
const show = form?.querySelector("button.btn[value=show]");

let timer = 0;
let asked = 0;

function say(words) {
  const status = document.getElementById("status");
  if (status) status.textContent = words;
}

function put(answer) {
  const old = document.getElementById(PREVIEW);
  const fresh = answer.getElementById(PREVIEW);
  if (fresh && old && !old.isEqualNode(fresh)) {
    old.replaceWith(document.importNode(fresh, true));
    say("The sentences have changed.");
  }
  putMistakes(answer);
}

// What is wrong with a blank, below it; what is being typed stays as it is.
function putMistakes(answer) {
  for (const input of form.querySelectorAll("input[id], select[id]")) {
    const fresh = answer.getElementById(input.id);
    const field = input.closest(".field");
    if (!fresh || !field) continue;
    field.querySelector(".errorlist")?.remove();
    for (const name of ["aria-invalid", "aria-describedby"]) {
      const value = fresh.getAttribute(name);
      if (value === null) input.removeAttribute(name);
      else input.setAttribute(name, value);
    }
    const mistakes = fresh.closest(".field")?.querySelector(".errorlist");
    if (mistakes) field.append(document.importNode(mistakes, true));
  }
}

function refresh() {
  const mine = ++asked;
  const data = new FormData(form);
  data.set("do", "show");
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.responseType = "document";
  request.timeout = 20000;
  request.onload = () => {
    // Only the last answer counts, however late the others come.
    if (mine === asked && request.status === 200 && request.response) put(request.response);
  };
  request.send(data);
}

if (form) {
  // One that comes by itself needs no button.
  if (show) show.hidden = true;
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(refresh, TYPING);
  });
}
