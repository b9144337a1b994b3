// Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint, tlog-cosignature).

const LOG_KEY = 1, WITNESS_KEY = 4, LAST_SECOND = 253402300799n;
const KEY_NAME = /^[^\s+\x00-\x20\x7f]+$/;

async function parseKey(vkey, kind) {
  const first = vkey.indexOf("+"), second = vkey.indexOf("+", first + 1);
  const parts = [vkey.slice(0, Math.max(first, 0)), vkey.slice(first + 1, second), vkey.slice(second + 1)];
  if (first < 0 || second < 0 || !KEY_NAME.test(parts[0]) || !/^[0-9a-f]{8}$/.test(parts[1])) {
    throw new Malformed("a key has a name, an id and a value, joined by plus signs");
  }
  const material = fromBase64(parts[2]);
  if (material.length !== 33 || material[0] !== kind) {
    throw new Malformed("the key is not an Ed25519 key of the kind that is wanted");
  }
  const id = (await sha256(joined(utf8.encode(parts[0] + "\n"), material))).slice(0, 4);
  if (hex(id) !== parts[1]) throw new Malformed("the key does not match its own id");
  return { vkey, name: parts[0], id: parts[1], publicKey: material.slice(1) };
}

function parseNote(text) {
  const cut = text.lastIndexOf("\n\n");
  if (cut < 0 || !text.endsWith("\n") || text.length <= cut + 2) {
    throw new Malformed("there is no text, empty line and signature in that order");
  }
  const lines = text.slice(0, cut).split("\n");
  if (lines.length < 3 || lines.includes("") || !/^(?:0|[1-9][0-9]{0,14})$/.test(lines[1])) {
    throw new Malformed("there is no origin, size and root in three lines");
  }
  const root = fromBase64(lines[2]);
  if (root.length !== 32) throw new Malformed("the root does not have 32 bytes");
  const signatures = text.slice(cut + 2, -1).split("\n").map(parseSignature);
  return { text: text.slice(0, cut) + "\n", origin: lines[0], size: Number(lines[1]), root, signatures };
}

function parseSignature(line) {
  const parts = line.split(" ");
  if (parts.length !== 3 || parts[0] !== "\u2014" || !KEY_NAME.test(parts[1])) {
    throw new Malformed("a signature line has no dash, name and signature");
  }
  const data = fromBase64(parts[2]);
  if (data.length <= 4) throw new Malformed("a signature is too short");
  return { name: parts[1], id: hex(data.slice(0, 4)), signed: data.slice(4) };
}

function signaturesBy(note, key) {
  return note.signatures.filter((each) => each.name === key.name && each.id === key.id).map((each) => each.signed);
}

// Whether the log's key signed the note; null when it has no such signature.
async function isSigned(note, key) {
  const found = signaturesBy(note, key);
  for (const each of found) {
    if (!(await isEd25519(key.publicKey, each, utf8.encode(note.text)))) return false;
  }
  return found.length ? true : null;
}

// When the witness cosigned, in seconds since 1970; null when it did not.
async function cosignedAt(note, key) {
  const found = signaturesBy(note, key);
  for (const each of found) {
    if (each.length !== 72) throw new Malformed("a cosignature has a time and 64 bytes");
    const at = bigEndian(each.slice(0, 8));
    if (at > LAST_SECOND) throw new Malformed("a cosignature has a time that no calendar has");
    const message = utf8.encode(`cosignature/v1\ntime ${at}\n${note.text}`);
    if (!(await isEd25519(key.publicKey, each.slice(8), message))) {
      throw new Malformed("the cosignature does not fit");
    }
  }
  return found.length ? Number(bigEndian(found[0].slice(0, 8))) : null;
}
