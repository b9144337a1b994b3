/* Tell me in this browser: asks for leave, subscribes, and posts the subscription as a form. */
(function () {
  "use strict";

  const WORKER = "/sw.js";
  const place = document.querySelector("[data-push]");
  if (!place) return;
  const words = place.querySelector("[data-push-words]");
  const button = place.querySelector("[data-push-add]");
  const form = place.querySelector("form");
  const key = place.dataset.push;

  // A worker's address is code: where the browser asks, only this one passes.
  const policy = window.trustedTypes?.createPolicy("govapp-worker", {
    createScriptURL(url) {
      if (url !== WORKER) throw new TypeError("Not the worker.");
      return url;
    },
  });

  function say(text) {
    words.textContent = text;
  }

  function isPossible() {
    return window.isSecureContext && "serviceWorker" in navigator && "PushManager" in window
      && "Notification" in window;
  }

  async function mark(endpoint) {
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(endpoint));
    return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  function base64url(buffer) {
    const text = btoa(String.fromCharCode(...new Uint8Array(buffer)));
    return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  }

  async function present() {
    const registration = await navigator.serviceWorker.getRegistration("/");
    return (await registration?.pushManager.getSubscription()) || null;
  }

  async function subscribe() {
    if ((await Notification.requestPermission()) !== "granted") {
      say("The browser does not let Govapp show messages. Allow it in the settings of this site.");
      return;
    }
    const address = policy ? policy.createScriptURL(WORKER) : WORKER;
    const registration = await navigator.serviceWorker.register(address, { scope: "/" });
    await navigator.serviceWorker.ready;
    const former = await registration.pushManager.getSubscription();
    const formerKey = former?.options?.applicationServerKey;
    if (formerKey && base64url(formerKey) !== key) await former.unsubscribe();
    const made = await registration.pushManager.subscribe({
      userVisibleOnly: true,
      applicationServerKey: key,
    });
    form.elements.endpoint.value = made.endpoint;
    form.elements.p256dh.value = base64url(made.getKey("p256dh"));
    form.elements.auth.value = base64url(made.getKey("auth"));
    form.submit();
  }

  async function begin() {
    if (!isPossible()) {
      say("This browser cannot show messages of Govapp. On an iPhone, add Govapp to the home screen first.");
      return;
    }
    say("");
    button.hidden = false;
    const subscription = await present();
    if (!subscription) return;
    const row = document.querySelector(`[data-push-mark="${await mark(subscription.endpoint)}"]`);
    if (!row) return;
    row.querySelector("[data-push-here]").hidden = false;
    say("You are told in this browser.");
    button.hidden = true;
    // Without this the browser would go on holding a subscription that nobody uses.
    row.querySelector("form").addEventListener("submit", () => { subscription.unsubscribe(); });
  }

  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await subscribe();
    } catch {
      say("The browser could not subscribe. Try again, or use another browser.");
    }
    button.disabled = false;
  });
  begin();
})();
