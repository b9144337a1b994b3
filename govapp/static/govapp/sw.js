/* Shows messages while no page is open, and opens the page when one is pressed. It keeps nothing,
   answers no requests, and opens addresses of this site only. */
"use strict";

const NOTHING = { title: "Govapp", body: "Something waits for you.", path: "/", tag: "govapp" };

function read(data) {
  if (!data) return NOTHING;
  try {
    return { ...NOTHING, ...data.json() };
  } catch {
    return NOTHING;
  }
}

// An address of this site, whatever was sent: "//elsewhere" and "https:…" lead home.
function own(path) {
  const url = new URL(String(path), self.location.origin);
  return url.origin === self.location.origin ? url.href : `${self.location.origin}/`;
}

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("push", (event) => {
  const told = read(event.data);
  event.waitUntil(
    self.registration.showNotification(String(told.title), {
      body: String(told.body),
      tag: String(told.tag),
      renotify: true,
      icon: "/static/govapp/favicon.svg",
      data: { path: own(told.path) },
    }),
  );
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(self.clients.openWindow(own(event.notification.data?.path || "/")));
});
