// Bytes, text and digests. Every hash is made by the browser's Web Crypto.

class Malformed extends Error {}

const utf8 = new TextEncoder();
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const looseAscii = (bytes) => Array.from(bytes, (byte) => (byte < 128 ? String.fromCharCode(byte) : "\ufffd")).join("");

async function digest(name, bytes) {
  const algorithm = { sha1: "SHA-1", sha256: "SHA-256", sha384: "SHA-384", sha512: "SHA-512" }[name];
  return new Uint8Array(await crypto.subtle.digest(algorithm, bytes));
}

const sha256 = (bytes) => digest("sha256", bytes);
const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const fromHex = (text) => Uint8Array.from(text.match(/../g) || [], (pair) => parseInt(pair, 16));

function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function sameBytes(one, two) {
  return one.length === two.length && one.every((byte, at) => byte === two[at]);
}

function startsWith(text, beginning) {
  return text.slice(0, beginning.length) === beginning;
}

// Canonical base64 alone: loose bits at the end would give one value several spellings.
function fromBase64(text) {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text) || text.endsWith("\n")) {
    throw new Malformed("a value is not base64");
  }
  const raw = atob(text);
  if (btoa(raw) !== text) throw new Malformed("a value is not base64 in its one canonical spelling");
  return Uint8Array.from(raw, (character) => character.charCodeAt(0));
}

function readText(bytes) {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    throw new Malformed("it is not UTF-8");
  }
}

// A JSON object, or null when the bytes are none.
function readObject(bytes) {
  try {
    const value = JSON.parse(strictUtf8.decode(bytes));
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const isCount = (value) => Number.isInteger(value) && value >= 0 && value < 1e15;
const has = (object, name) => Object.prototype.hasOwnProperty.call(object, name);

// Order by code points, as Python sorts; JavaScript would sort by UTF-16 units.
function byCodePoint(one, two) {
  const a = Array.from(one), b = Array.from(two);
  for (let at = 0; at < Math.min(a.length, b.length); at += 1) {
    if (a[at] !== b[at]) return a[at].codePointAt(0) - b[at].codePointAt(0);
  }
  return a.length - b.length;
}

function* linesOf(bytes) {
  let start = 0;
  while (start < bytes.length) {
    let end = bytes.indexOf(10, start);
    if (end < 0) end = bytes.length;
    yield bytes.subarray(start, end);
    start = end + 1;
  }
}

class Refused extends Error {
  constructor(reason, fields = {}) {
    super(reason);
    this.reason = reason;
    this.fields = fields;
  }
}

const MOST_REFUSALS = 20;
const PLAIN = new Set(["index", "line", "first", "last", "number"]);

function fill(words, fields) {
  for (const [name, value] of Object.entries(fields)) {
    const counts = Number.isInteger(value) && !PLAIN.has(name);
    const text = counts ? value.toLocaleString("en-US") : String(value);
    words = words.split(`{${name}}`).join(text);
  }
  return words;
}

class Verdict {
  constructor() {
    this.refusals = [];
    this.checked = [];
    this.withheld = [];
    this.trust = "refused";
    this.trustWords = "";
  }

  refuse(reason, fields = {}) {
    const found = { reason, words: fill(REASONS[reason], fields) };
    const known = this.refusals.some((each) => each.words === found.words && each.reason === reason);
    if (this.refusals.length < MOST_REFUSALS && !known) this.refusals.push(found);
  }

  check(what, fields = {}) {
    this.checked.push(fill(CHECKED[what], fields));
  }

  withhold(what, fields = {}) {
    this.withheld.push(fill(WITHHELD[what], fields));
  }

  believe(why, fields = {}) {
    this.trust = this.refusals.length ? "refused" : why;
    this.trustWords = fill(TRUST[this.trust], fields);
  }

  get kind() {
    if (this.refusals.length) return "refused";
    return this.trust === "first-use" ? "intact-unknown" : "intact";
  }

  asJson() {
    return {
      verdict: this.kind,
      words: VERDICTS[this.kind],
      refusals: this.refusals,
      checked: this.checked,
      withheld: this.withheld,
      trust: { why: this.trust, words: this.trustWords },
    };
  }
}
