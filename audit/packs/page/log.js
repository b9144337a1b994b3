// The signed part: keys, the checkpoint, single proofs, and older checkpoints.

const PROOF_HEAD = "c2sp.org/tlog-proof@v1", CONSISTENCY_HEAD = "govapp/consistency-proof@v1";
const SINGLE_PROOF = /^proofs\/(0|[1-9][0-9]{0,14})\.tlog-proof$/;
const OLDER = /^consistency\/([1-9][0-9]{0,14})\.txt$/;

async function readKeys(pack, origin) {
  const found = readObject(await pack.read("keys.json")) || {};
  try {
    const log = [];
    for (const each of listed(found, "log")) log.push(await logKey(each, origin));
    const named = has(found, "directory") ? found.directory : null;
    const directory = named === null ? null : await parseKey(String(named), LOG_KEY);
    const witnesses = [];
    for (const each of listed(found, "witnesses")) witnesses.push(await parseKey(String(each), WITNESS_KEY));
    if (log.length) return { log, directory, witnesses };
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    throw new Refused("key-malformed", { why: error.message });
  }
  throw new Refused("key-malformed", { why: "there is none" });
}

function listed(found, name) {
  if (!Array.isArray(found[name])) throw new Malformed(`the list ${name} is missing`);
  return found[name];
}

async function logKey(entry, origin) {
  const last = isObject(entry) && has(entry, "until_size") ? entry.until_size : null;
  if (!isObject(entry) || !isCount(entry.from_size) || (last !== null && !isCount(last))) {
    throw new Malformed("a key does not say when it was used");
  }
  const key = await parseKey(String(entry.vkey), LOG_KEY);
  if (key.name !== origin) throw new Malformed("a key belongs to another log");
  return { key, first: entry.from_size, last };
}

async function openLogNote(text, name, keys, origin) {
  let note;
  try {
    note = parseNote(text);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    throw new Refused("checkpoint-malformed", { file: name, why: error.message });
  }
  if (note.origin !== origin) throw new Refused("checkpoint-other-log", { file: name, origin: note.origin });
  const signers = [];
  let early = false;
  for (const each of keys.log) {
    const signed = await isSigned(note, each.key);
    if (signed === false) throw new Refused("checkpoint-forged", { file: name });
    if (signed) {
      const used = each.first <= note.size && (each.last === null || note.size <= each.last);
      if (used) signers.push(each.key);
      else early = true;
    }
  }
  if (!signers.length) {
    throw new Refused(early ? "key-out-of-range" : "checkpoint-unsigned", { file: name, size: note.size });
  }
  return { note, signers };
}

async function checkCheckpoint(pack, manifest, keys, verdict) {
  const file = "checkpoint.txt";
  let text;
  try {
    text = readText(await pack.read(file));
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    throw new Refused("checkpoint-malformed", { file, why: error.message });
  }
  const opened = await openLogNote(text, file, keys, String(manifest.log.origin));
  const { note, signers } = opened;
  if (note.size !== manifest.log.size || hex(note.root) !== manifest.log.root) throw new Refused("checkpoint-differs");
  verdict.check("checkpoint", { origin: note.origin, size: note.size, key: signers[0].id });
  return opened;
}

function parseProof(text) {
  const cut = text.indexOf("\n\n");
  const lines = (cut < 0 ? text : text.slice(0, cut)).split("\n");
  if (cut < 0 || lines[0] !== PROOF_HEAD) throw new Malformed("it does not begin as a tlog-proof");
  if (lines.length > 1 && startsWith(lines[1], "extra ")) lines.splice(1, 1);
  const index = lines.length > 1 ? /^index (0|[1-9][0-9]{0,14})$/.exec(lines[1]) : null;
  if (!index) throw new Malformed("it has no index");
  return { index: Number(index[1]), path: parseHashes(lines.slice(2)), note: text.slice(cut + 2) };
}

function parseHashes(lines) {
  const hashes = lines.map(fromBase64);
  if (hashes.some((each) => each.length !== 32)) throw new Malformed("a hash does not have 32 bytes");
  return hashes;
}

function singleProofs(pack) {
  const found = new Map();
  for (const name of pack.names) {
    const match = SINGLE_PROOF.exec(name);
    if (match) found.set(Number(match[1]), name);
  }
  return found;
}

const ascending = (map) => [...map.keys()].sort((one, two) => one - two);

async function checkSingleProofs(pack, leaves, note, verdict) {
  const checkpoint = readText(await pack.read("checkpoint.txt")), proofs = singleProofs(pack);
  let right = 0;
  for (const index of ascending(proofs)) {
    const file = proofs.get(index);
    let path;
    try {
      path = ownPath(readText(await pack.read(file)), index, checkpoint);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      verdict.refuse("proof-malformed", { file, why: error.message });
      continue;
    }
    const root = await rootOfPath(leaves.get(index), index, note.size, path);
    if (!root || !sameBytes(root, note.root)) verdict.refuse("proof-wrong", { file, index });
    else right += 1;
  }
  if (right) verdict.check("proofs", { count: right });
}

function ownPath(text, index, checkpoint) {
  const said = parseProof(text);
  if (said.index !== index) throw new Malformed("it is of another event");
  if (said.note !== checkpoint) throw new Malformed("it has another checkpoint");
  return said.path;
}

async function checkOlder(pack, keys, note, verdict) {
  const names = new Map();
  for (const name of pack.names) {
    const match = OLDER.exec(name);
    if (match) names.set(Number(match[1]), name);
  }
  const found = [];
  for (const size of ascending(names)) {
    const file = names.get(size);
    try {
      const { proof, text } = parseConsistency(readText(await pack.read(file)), size);
      const opened = await openLogNote(text, file, keys, note.origin);
      const fits = opened.note.size === size
        && (await isBeginning(size, note.size, opened.note.root, note.root, proof));
      if (!fits) {
        verdict.refuse("consistency-wrong", { old: size });
        continue;
      }
      verdict.check("consistency", { old: size });
      found.push(opened);
    } catch (error) {
      if (error instanceof Malformed) verdict.refuse("proof-malformed", { file, why: error.message });
      else if (error instanceof Refused) verdict.refuse(error.reason, error.fields);
      else throw error;
    }
  }
  return found;
}

function parseConsistency(text, size) {
  const cut = text.indexOf("\n\n");
  const lines = (cut < 0 ? text : text.slice(0, cut)).split("\n");
  if (lines[0] !== CONSISTENCY_HEAD || lines[1] !== `old ${size}`) {
    throw new Malformed("it does not begin as a consistency proof");
  }
  return { proof: parseHashes(lines.slice(2)), text: cut < 0 ? "" : text.slice(cut + 2) };
}
