// The discussion without loading the page anew: what is being typed for the decision stays.
// The server draws everything; parsed by XMLHttpRequest, as the page lets no script make markup.

const place = () => document.getElementById("discussion");

function put(answer) {
  const fresh = answer && answer.getElementById("discussion");
  if (!fresh || !place()) return false;
  place().replaceWith(document.importNode(fresh, true));
  return true;
}

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-talk]");
  if (!form || !window.XMLHttpRequest) return;
  event.preventDefault();
  const data = new FormData(form, event.submitter || undefined);
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.responseType = "document";
  request.timeout = 20000;
  const status = document.getElementById("status");
  request.onload = () => {
    const done = request.status === 200 && put(request.response);
    const wrong = request.status === 422 && put(request.response);
    if (!done && !wrong) return window.location.reload();
    if (status) status.textContent = done ? "Added to the discussion." : "It was not added.";
    const next = place().querySelector(wrong ? "[aria-invalid]" : "textarea");
    if (next) next.focus();
  };
  request.onerror = request.ontimeout = () => {
    if (status) status.textContent = "No answer; it was not added.";
  };
  request.send(data);
});
