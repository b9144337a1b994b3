// Personal values: the record holds commitments to them, the pack hands out what may be known.

function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (isObject(value)) {
    return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(",")}}`;
  }
  return JSON.stringify(value === undefined ? null : value);
}

async function hmac(salt, message) {
  const key = await crypto.subtle.importKey("raw", salt, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return hex(new Uint8Array(await crypto.subtle.sign("HMAC", key, utf8.encode(message))));
}

async function checkDisclosures(pack, record, verdict) {
  const lines = linesOf(await pack.read("disclosures.jsonl"));
  let line = 0;
  for (const [event, commitment] of commitmentsOf(record)) {
    line += 1;
    const said = lines.next();
    if (said.done) {
      verdict.refuse("disclosures-differ", { event, number: commitment.n });
      return;
    }
    const found = readObject(said.value);
    if (!found) throw new Refused("disclosure-malformed", { line });
    if (found.event !== event || found.n !== commitment.n || found.of !== commitment.of) {
      verdict.refuse("disclosures-differ", { event, number: commitment.n });
      return;
    }
    await checkOne(found, commitment, line, record, verdict);
  }
  const said = lines.next();
  if (!said.done) {
    const found = readObject(said.value) || {};
    verdict.refuse("disclosures-differ", { event: text(found.event), number: text(found.n) });
  } else if (record.counts.disclosed) {
    verdict.check("disclosed", { count: record.counts.disclosed });
  }
}

function* commitmentsOf(record) {
  for (const [, body] of record.shown) {
    if (!isObject(body.personal)) continue;
    const numbers = Object.keys(body.personal).filter((each) => /^[0-9]+$/.test(each)).map(Number);
    for (const n of numbers.sort((one, two) => one - two)) {
      const entry = body.personal[String(n)];
      if (isObject(entry)) yield [body.id, { n, ...entry }];
    }
  }
}

async function checkOne(found, commitment, line, record, verdict) {
  if (has(found, "withheld")) {
    if (!["redacted", "erased"].includes(found.withheld) || has(found, "value")) {
      throw new Refused("disclosure-malformed", { line });
    }
    record.counts[found.withheld] += 1;
    noteValue(record, found, found.withheld === "erased" ? "[erased]" : "[left out]");
    return;
  }
  if (!/^[0-9a-f]{64}$/.test(text(found.salt))) throw new Refused("disclosure-malformed", { line });
  if ((await hmac(fromHex(found.salt), canonical(found.value))) !== commitment.hmac) {
    verdict.refuse("disclosure-wrong", { event: found.event, number: found.n });
    return;
  }
  record.counts.disclosed += 1;
  noteValue(record, found, String(found.value));
}

// For showing alone: what stands in the places of an event.
function noteValue(record, found, value) {
  record.values ||= new Map();
  if (!record.values.has(found.event)) record.values.set(found.event, new Map());
  record.values.get(found.event).set(found.n, value);
}

function checkCounts(manifest, record, verdict) {
  for (const what of ["events", "supporting", "pruned", "disclosed", "redacted", "erased"]) {
    const said = has(manifest.counts, what) ? manifest.counts[what] : 0, found = record.counts[what];
    if (said !== found) verdict.refuse("count-differs", { what, said, found });
  }
}

function sayWhatIsWithheld(manifest, record, verdict) {
  const { scope, counts, size } = record;
  if (scope.kind === "complete") {
    verdict.check("complete", { first: scope.first, last: scope.last });
    const leaning = [...record.supporting];
    const before = scope.first - leaning.filter((index) => index < scope.first).length;
    const after = size - scope.last - 1 - leaning.filter((index) => index > scope.last).length;
    if (before > 0) verdict.withhold("before", { count: before });
    if (after > 0) verdict.withhold("after", { count: after });
  } else {
    verdict.withhold("selection", { count: counts.events, size });
  }
  if (counts.pruned) verdict.withhold("pruned", { count: counts.pruned });
  if (counts.redacted) {
    const kinds = Array.isArray(manifest.redacted) ? manifest.redacted.map(text).join(", ") : "";
    verdict.withhold("redacted", { count: counts.redacted, kinds });
  }
  if (counts.erased) verdict.withhold("erased", { count: counts.erased });
}
