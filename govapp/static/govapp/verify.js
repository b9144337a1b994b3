// An event checked where it is read: its hash, the path to the root, and the root's signature.
// Nothing is asked of the server; whoever serves this file could change it, so the page says so.
// Sources: RFC 6962 and RFC 9162 (trees), C2SP signed-note and tlog-checkpoint, RFC 8032 (Ed25519).

const bytesOf = (base64) => Uint8Array.from(atob(base64), (each) => each.charCodeAt(0));
const hexOf = (bytes) => Array.from(bytes, (each) => each.toString(16).padStart(2, "0")).join("");
const fromHex = (hex) => Uint8Array.from(hex.match(/../g) || [], (pair) => parseInt(pair, 16));
const same = (one, other) => hexOf(one) === hexOf(other);

function joined(...parts) {
  const all = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
const leafHash = (entry) => sha256(joined([0], entry));
const nodeHash = (left, right) => sha256(joined([1], left, right));

// RFC 9162, section 2.1.3.2. Sizes are BigInt: they may be larger than 2^31.
async function climb(leaf, index, size, path) {
  if (index >= size) throw new Error("the index lies outside of the tree");
  let [node, last, hash] = [index, size - 1n, leaf];
  for (const step of path) {
    if (last === 0n) throw new Error("the path is too long");
    if (node & 1n || node === last) {
      hash = await nodeHash(step, hash);
      while (node && !(node & 1n)) [node, last] = [node >> 1n, last >> 1n];
    } else {
      hash = await nodeHash(hash, step);
    }
    [node, last] = [node >> 1n, last >> 1n];
  }
  if (last !== 0n) throw new Error("the path is too short");
  return hash;
}

function openNote(note) {
  const cut = note.lastIndexOf("\n\n");
  const text = note.slice(0, cut + 1);
  const [origin, size, root] = text.split("\n");
  const signatures = note
    .slice(cut + 2)
    .split("\n")
    .filter((line) => line.startsWith("\u2014 "))
    .map((line) => line.split(" "))
    .map(([, name, signed]) => ({ name, signed: bytesOf(signed) }));
  return { text, origin, size: BigInt(size), root: bytesOf(root), signatures };
}

async function openKey(vkey) {
  const [name, id, ...rest] = vkey.split("+");
  const material = bytesOf(rest.join("+"));
  const named = await sha256(joined(new TextEncoder().encode(`${name}\n`), material));
  if (material[0] !== 1 || hexOf(named.slice(0, 4)) !== id) throw new Error("a malformed key");
  return { name, id: fromHex(id), raw: material.slice(1) };
}

async function isSigned(note, key) {
  const known = await crypto.subtle.importKey("raw", key.raw, { name: "Ed25519" }, false, ["verify"]);
  const text = new TextEncoder().encode(note.text);
  for (const { name, signed } of note.signatures) {
    if (name !== key.name || !same(signed.slice(0, 4), key.id)) continue;
    return crypto.subtle.verify({ name: "Ed25519" }, known, signed.slice(4), text);
  }
  return false;
}

// Each check answers with its tone (ok, bad, warn) and its sentence.
const CHECKS = {
  async line({ line, leaf, index }) {
    if (!line) return ["warn", "Not checked here: the event holds values that this page masks."];
    return same(await leafHash(bytesOf(line)), fromHex(leaf))
      ? ["ok", `The canonical bytes below hash to leaf ${index}.`]
      : ["bad", "The canonical bytes do not hash to the leaf: the event was changed."];
  },
  async path({ leaf, index, path, note }) {
    const { size, root } = openNote(note);
    const steps = path.split(" ").filter(Boolean).map(fromHex);
    const reached = await climb(fromHex(leaf), BigInt(index), size, steps);
    return same(reached, root)
      ? ["ok", `${steps.length === 1 ? "1 step leads" : `${steps.length} steps lead`} from the leaf to the root of the tree of size ${size}.`]
      : ["bad", "The path leads to another root: the event is not in this record."];
  },
  async signature({ note, keys }) {
    const opened = openNote(note);
    const known = await Promise.all(keys.split(" ").map(openKey));
    if (known.some((key) => key.name !== opened.origin)) {
      return ["bad", "The key belongs to another record than the checkpoint."];
    }
    let signed;
    try {
      signed = await Promise.all(known.map((key) => isSigned(opened, key)));
    } catch (error) {
      if (error.name !== "NotSupportedError") throw error;
      return ["warn", "Not checked here: this browser does not know Ed25519 signatures."];
    }
    return signed.every(Boolean)
      ? ["ok", "The root is signed by the key below (Ed25519)."]
      : ["bad", "The signature on the root is not by the key below."];
  },
};

const WORDS = {
  ok: "Your browser has checked this event itself, and everything fits.",
  warn: "What your browser could check fits.",
  bad: "This event does not fit the signed record. Keep a copy of this page.",
};

function show(place, item, [tone, words]) {
  const mark = item.querySelector(".timeline-mark");
  const icon = place.querySelector(`template[data-icon="${tone}"]`);
  mark.className = `timeline-mark timeline-mark--${tone}`;
  mark.replaceChildren(icon.content.cloneNode(true));
  item.classList.remove("timeline-future");
  item.querySelector("[data-words]").textContent = words;
}

async function verify(place) {
  const summary = place.querySelector("[data-summary]");
  if (!window.crypto || !crypto.subtle) {
    summary.textContent = "Your browser offers no cryptography on an address without https.";
    return;
  }
  const tones = [];
  for (const item of place.querySelectorAll("[data-check]")) {
    let answer;
    try {
      answer = await CHECKS[item.dataset.check](place.dataset);
    } catch (error) {
      answer = ["bad", `What the server sent cannot be checked: ${error.message}.`];
    }
    show(place, item, answer);
    tones.push(answer[0]);
  }
  const worst = ["bad", "warn", "ok"].find((tone) => tones.includes(tone));
  place.dataset.state = worst;
  summary.textContent = WORDS[worst];
}

function verifyIn(root) {
  for (const place of root.querySelectorAll("[data-self-check]")) verify(place);
}

verifyIn(document);
// What another script has put into the page.
document.addEventListener("govapp:shown", (event) => verifyIn(event.target));
