/* A passkey at the moment of a decision: asked for when a button is pressed, for that act alone. */
(function () {
  "use strict";

  const passkeys = window.webauthnJSON;
  const words = {
    NotAllowedError: "Your passkey was not used: it was cancelled, or took too long. Try again.",
    SecurityError: "Your passkey cannot be used at this address.",
  };

  async function ask(form, act) {
    const body = new FormData();
    for (const name of ["csrfmiddlewaretoken", "seen"]) body.set(name, form.elements[name].value);
    body.set("act", act);
    const answer = await fetch(form.dataset.passkeyUrl, { method: "POST", body });
    const told = await answer.json();
    if (!answer.ok) throw new Error(told.detail);
    return JSON.stringify(await passkeys.get(told));
  }

  function setUp(form) {
    const given = form.elements.passkey;
    const code = form.elements.code;
    const fault = form.querySelector("[data-passkey-fault]");
    // The browser may have kept it from before: it was for another challenge.
    given.value = "";

    form.addEventListener("submit", async (event) => {
      const button = event.submitter;
      // A button that only goes back to the form decides nothing.
      if (given.value || code?.value.trim() || !button || button.formNoValidate) return;
      event.preventDefault();
      fault.hidden = true;
      try {
        given.value = await ask(form, form.elements.act?.value || button.value);
      } catch (error) {
        fault.textContent = words[error.name] || error.message || "Your passkey cannot be used.";
        fault.hidden = false;
        return;
      }
      form.requestSubmit(button);
    });
    window.addEventListener("pageshow", () => { given.value = ""; });
  }

  if (!passkeys || !window.PublicKeyCredential) return;
  for (const form of document.querySelectorAll("form[data-passkey-url]")) setUp(form);
})();
