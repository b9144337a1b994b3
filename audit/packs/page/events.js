// The events: each is what was recorded, at its own place, and none is missing.

const LEAF_LINE = /^(0|[1-9][0-9]{0,14}) ([A-Za-z0-9+/]{43}=)( pruned)?$/;
const PATHS = { type: ["type"], actor: ["actor", "id"], subject: ["subject", "id"], request: ["request"] };
const text = (value) => (value === undefined || value === null ? "None" : String(value));

async function inBatches(items, make) {
  const made = [];
  for (let at = 0; at < items.length; at += 512) {
    made.push(...(await Promise.all(items.slice(at, at + 512).map(make))));
  }
  return made;
}

async function checkEvents(pack, manifest, note, verdict) {
  const record = {
    size: note.size, scope: manifest.scope, supporting: new Set(manifest.supporting), query: manifest.query,
    wantedLeaves: new Map([...singleProofs(pack).keys()].map((index) => [index, new Uint8Array()])),
    reportEvent: isObject(manifest.report) ? text(manifest.report.event) : "",
    counts: { events: 0, supporting: 0, pruned: 0, disclosed: 0, redacted: 0, erased: 0 },
    keys: [], pruned: [], prunings: [], runs: new Map(), reportSha256: null, isChanged: false, shown: [],
  };
  const before = verdict.refusals.length;
  const lines = [...linesOf(await pack.read("events.jsonl"))];
  const digests = await inBatches(lines, leafDigest);
  const leaves = parseLeaves(await pack.read("leaves.txt"), record.size);
  readLeaves(leaves, lines, digests, record, verdict);
  const root = await rootOf(pack, record.size, leaves);
  const fits = root !== null && sameBytes(root, note.root);
  if (record.isChanged) sayWhatChanged(leaves, digests, verdict);
  if (!fits) verdict.refuse("tree-differs");
  if (!record.isChanged) checkPruned(record, verdict);
  if (verdict.refusals.length > before) return fits && !record.isChanged ? record : null;
  verdict.check("tree", { count: record.counts.events + record.counts.supporting });
  return record;
}

async function rootOf(pack, size, leaves) {
  const hashes = linesOf(await pack.read("proofs/tree.txt"));
  const take = () => {
    const { value, done } = hashes.next();
    if (done) throw new Malformed("there are too few hashes");
    return parseHashes([looseAscii(value)])[0];
  };
  try {
    const root = await rootOfLeaves(size, leaves, take);
    return hashes.next().done ? root : null;
  } catch (error) {
    if (error instanceof Malformed) return null;
    throw error;
  }
}

// The leaves as [index, hash, is pruned], in order.
function parseLeaves(content, size) {
  const leaves = [];
  let previous = -1;
  for (const line of linesOf(content)) {
    const match = LEAF_LINE.exec(looseAscii(line)), number = leaves.length + 1;
    if (!match || Number(match[1]) >= size) throw new Refused("leaves-malformed", { line: number });
    const index = Number(match[1]);
    if (index <= previous) throw new Refused("order-changed", { line: number });
    previous = index;
    leaves.push([index, leafHash(match[2], number), Boolean(match[3])]);
  }
  return leaves;
}

// A look at the event of each leaf.
function readLeaves(leaves, lines, digests, record, verdict) {
  let next = 0, expected = record.scope.first || 0;
  for (const [index, digest, isPruned] of leaves) {
    if (record.wantedLeaves.has(index)) record.wantedLeaves.set(index, digest);
    expected = checkScope(record, index, expected, verdict);
    if (isPruned) {
      record.pruned.push(index);
    } else {
      checkEvent(record, index, digest, lines[next], digests[next], verdict);
      next += 1;
    }
  }
  if (next < lines.length) record.isChanged = true;
  if (record.scope.kind === "complete" && expected <= record.scope.last) {
    verdict.refuse("event-missing", { index: expected });
  }
}

function leafHash(text, line) {
  try {
    return fromBase64(text);
  } catch {
    throw new Refused("leaves-malformed", { line });
  }
}

function checkScope(record, index, expected, verdict) {
  const scope = record.scope;
  if (scope.kind !== "complete") return expected;
  if (!(scope.first <= index && index <= scope.last)) {
    if (!record.supporting.has(index)) verdict.refuse("scope-differs", { index });
    if (index > scope.last && expected <= scope.last) {
      verdict.refuse("event-missing", { index: expected });
      return scope.last + 1;
    }
    return expected;
  }
  for (let missing = expected; missing < Math.min(index, expected + MOST_REFUSALS); missing += 1) {
    verdict.refuse("event-missing", { index: missing });
  }
  return index + 1;
}

function checkEvent(record, index, digest, line, found, verdict) {
  if (line === undefined || !sameBytes(found, digest)) {
    record.isChanged = true;
    return;
  }
  const body = readObject(line);
  if (!body || !["id", "type", "at"].every((name) => typeof body[name] === "string")) {
    verdict.refuse("event-malformed", { index, why: "it has no id, type and time" });
    return;
  }
  const isSupporting = record.supporting.has(index);
  record.counts[isSupporting ? "supporting" : "events"] += 1;
  if (!isSupporting && !isAskedFor(record, body)) verdict.refuse("query-differs", { index });
  noteWhatItSays(record, index, body);
  const fault = noteRun(record.runs, index, line, body);
  if (fault) verdict.refuse("event-malformed", { index, why: fault });
  record.shown.push([index, body]);
}

function isAskedFor(record, body) {
  if (record.scope.kind === "complete") return true;
  for (const [name, path] of Object.entries(PATHS)) {
    let value = body;
    for (const step of path) value = isObject(value) && has(value, step) ? value[step] : "";
    if (has(record.query, name) && record.query[name] !== null && record.query[name] !== value) return false;
  }
  const { from, until } = record.scope;
  return (from === undefined || from === null || body.at >= String(from))
    && (until === undefined || until === null || body.at < String(until));
}

function noteWhatItSays(record, index, body) {
  const data = body.data;
  if (!isObject(data)) return;
  if (startsWith(body.type, "ledger.key_") && typeof data.verifier === "string") record.keys.push([index, data.verifier]);
  if (body.type === "ledger.pruned" && Array.isArray(data.ranges)) {
    const before = has(data, "before") ? instantOf(data.before) : null;
    for (const { first, last } of data.ranges.filter(isObject)) {
      if (isCount(first) && isCount(last)) record.prunings.push({ first, last, before });
    }
  }
  if (body.id === record.reportEvent && typeof data.sha256 === "string") record.reportSha256 = data.sha256;
}

function sayWhatChanged(leaves, digests, verdict) {
  const recorded = leaves.filter((leaf) => !leaf[2]);
  const events = digests.map(hex), hashes = recorded.map((leaf) => hex(leaf[1]));
  const differing = [];
  for (let at = 0; at < Math.min(events.length, hashes.length); at += 1) {
    if (events[at] !== hashes[at]) differing.push(at);
  }
  if (events.slice().sort().join() === hashes.slice().sort().join()) {
    verdict.refuse("order-changed", { line: differing[0] + 1 });
  } else if (events.length === hashes.length) {
    for (const at of differing) verdict.refuse("event-changed", { index: recorded[at][0] });
  } else {
    sayWhatIsMissing(recorded, events, hashes, differing, verdict);
  }
}

function sayWhatIsMissing(recorded, events, hashes, differing, verdict) {
  const known = new Set(hashes), present = new Set(events);
  const missing = recorded.filter((leaf, at) => !present.has(hashes[at])).map((leaf) => leaf[0]);
  const added = events.map((_, at) => at).filter((at) => !known.has(events[at]));
  for (const index of missing) verdict.refuse("event-missing", { index });
  for (const at of added) verdict.refuse("event-added", { line: at + 1 });
  if (!missing.length && !added.length) {
    const at = differing.length ? differing[0] : hashes.length;
    verdict.refuse("event-added", { line: at + 1 });
  }
}

function checkPruned(record, verdict) {
  for (const index of record.pruned) {
    if (record.prunings.some(({ first, last }) => first <= index && index <= last)) record.counts.pruned += 1;
    else verdict.refuse("pruned-unrecorded", { index });
  }
}

async function checkReport(pack, manifest, record, verdict) {
  if (!isObject(manifest.report)) return;
  const file = text(manifest.report.file);
  if (record.reportSha256 === null || !pack.readers.has(file)) {
    verdict.refuse("report-unrecorded", { file });
    return;
  }
  if (hex(await sha256(await pack.read(file))) !== record.reportSha256) verdict.refuse("report-changed", { file });
  else verdict.check("report", { file, event: record.reportEvent });
}

async function checkRunsOf(record, verdict) {
  const { scope, query } = record, isComplete = scope.kind === "complete";
  const isOne = !isComplete && Object.keys(query).join() === "subject";
  const around = {
    prunings: record.prunings, first: isComplete ? scope.first : 0, last: isComplete ? scope.last : -1,
    whole: isOne ? text(query.subject) : "",
  };
  await checkRuns(record.runs, around, verdict);
}
