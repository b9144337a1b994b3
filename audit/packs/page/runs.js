// Runs: each event of one names its number and the one before it, and the last counts them all.

const RUN_DIGEST = /^sha256:[0-9a-f]{64}$/;
const RUN_COUNTS = ["events", "steps", "requests"];
// Events that wait for their places together get them in the order of their ids, and hosts whose
// clocks differ make these in another one: so far from its neighbours in a run one can stand.
const MOST_OUT_OF_ORDER = 256;
const MOST_CLOCKS_DIFFER = 300;
const INSTANT = /^([1-9][0-9]{3}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3])(?::[0-5][0-9]){2})(?:\.[0-9]{1,6})?Z$/;

// The whole seconds since 1970 of an instant in UTC as the record has it, or null.
function instantOf(value) {
  const match = typeof value === "string" ? INSTANT.exec(value) : null;
  const instant = match ? new Date(`${match[1]}Z`) : null;
  // Some browsers take the 30th of February for the 2nd of March.
  if (!instant || Number.isNaN(instant.getTime()) || instant.toISOString().slice(0, 19) !== match[1]) return null;
  return instant.getTime() / 1000;
}

// Keeps what an event says of its run; returns why that makes no sense, or nothing.
function noteRun(runs, index, line, body) {
  const place = has(body, "run") ? body.run : null;
  if (place === null) return "";
  if (!isObject(place) || typeof place.id !== "string") return "its run has no id";
  const number = place.seq, previous = has(place, "previous") ? place.previous : null;
  if (!isCount(number) || number === 0) return "it has no number in its run";
  if (previous !== null && !(typeof previous === "string" && RUN_DIGEST.test(previous))) {
    return "it names nothing that can stand before it in its run";
  }
  if (!runs.has(place.id)) runs.set(place.id, { links: new Map(), closing: null, closedBy: 0 });
  const run = runs.get(place.id);
  if (run.links.has(number)) return `its run has an event ${number} already`;
  run.links.set(number, { index, line, previous, type: body.type, at: instantOf(body.at) });
  if (body.type === "run.closed") {
    const data = isObject(body.data) ? body.data : {};
    if (!RUN_COUNTS.every((each) => isCount(data[each]))) return "it closes a run and does not count its events";
    if (run.closing !== null) return "its run is closed already";
    run.closing = data;
    run.closedBy = number;
  }
  return "";
}

async function checkRuns(runs, around, verdict) {
  if (!runs.size) return;
  let followed = 0, complete = 0, part = 0, open = 0;
  for (const name of [...runs.keys()].sort(byCodePoint)) {
    const run = runs.get(name);
    await inBatches([...run.links.values()], addRunDigest);
    const missing = checkRunChain(name, run, around, verdict);
    if (run.closing !== null) checkRunCounts(name, run, missing, verdict);
    // Compared were those alone before which the right one, or rightly nothing, is here.
    followed += [...run.links.keys()].filter((each) => each === 1 || run.links.has(each - 1)).length;
    if (missing > 0) part += 1;
    if (run.closing === null) open += 1;
    else if (missing === 0) complete += 1;
  }
  if (verdict.refusals.length) return;
  if (followed) verdict.check("run-events", { count: followed });
  if (complete) verdict.check("runs", { count: complete });
  if (part) verdict.withhold("runs-part", { count: part });
  if (open) verdict.withhold("runs-open", { count: open });
}

async function addRunDigest(link) {
  link.digest = `sha256:${hex(await sha256(link.line))}`;
}

// How many of its events are not here; those that nothing excuses are refused.
function checkRunChain(name, run, around, verdict) {
  const gaps = [];
  let missing = 0, number = 0, at = -1, since = -Infinity;
  for (const following of [...run.links.keys()].sort((one, two) => one - two)) {
    const link = run.links.get(following);
    if (following > number + 1) {
      const count = following - number - 1;
      missing += count;
      const low = Math.min(at, link.index), high = Math.max(at, link.index);
      const isAllHere = around.first <= low + 1 && high - 1 <= around.last;
      if (name === around.whole || isAllHere) {
        const when = since === null ? Infinity : since;
        gaps.push({ first: number + 1, last: following - 1, count, low, high, since: when, isBeginning: at < 0 });
      }
    } else if (link.previous !== (number ? run.links.get(number).digest : null)) {
      verdict.refuse("run-broken", { run: name, index: link.index, number: following });
    }
    number = following;
    at = link.index;
    since = link.at;
  }
  if (gaps.length) checkRunGaps(name, run, gaps, around, verdict);
  return missing;
}

// Refuses those of these gaps that no pruning excuses.
function checkRunGaps(name, run, gaps, around, verdict) {
  const begins = [...run.links.values()].some((link) => startsWith(link.type, "run."));
  // Beside its place an event may have been pruned too; then no pruning counts for two gaps.
  const low = gaps.reduce((least, gap) => Math.min(least, gap.low), Infinity);
  const high = gaps.reduce((most, gap) => Math.max(most, gap.high), -1);
  const wanted = gaps.reduce((sum, gap) => sum + gap.count, 0);
  const since = gaps.reduce((first, gap) => Math.min(first, gap.since), Infinity);
  const isEnough = prunedOf(around, low, high, since) >= wanted;
  for (const gap of gaps) {
    let pruned = prunedOf(around, gap.low, gap.high, Infinity);
    if (pruned < gap.count && isEnough) pruned = prunedOf(around, gap.low, gap.high, gap.since);
    // What an agent said of its run is pruned whole: where some of it is, its beginning was.
    if (pruned < gap.count || (gap.isBeginning && begins)) {
      verdict.refuse("run-gap", { run: name, first: gap.first, last: gap.last });
    }
  }
}

// How many indexes between two were pruned, or beside them with what may be as young: what came
// after an event that was too young for a pruning was too young for it as well.
function prunedOf(around, low, high, since) {
  let pruned = 0;
  for (const { first, last, before } of around.prunings) {
    const isOlder = before === null || since >= before + MOST_CLOCKS_DIFFER;
    const beside = isOlder ? 0 : MOST_OUT_OF_ORDER;
    pruned += Math.max(0, Math.min(last, high - 1 + beside) - Math.max(first, low + 1 - beside) + 1);
  }
  return pruned;
}

function checkRunCounts(name, run, missing, verdict) {
  const said = run.closing, links = [...run.links.values()];
  const last = [...run.links.keys()].reduce((one, two) => Math.max(one, two));
  if (said.events !== last || run.closedBy !== last) {
    verdict.refuse("run-count", { run: name, what: "events", said: said.events, found: last });
  }
  if (missing) return;
  const steps = links.filter((each) => each.type === "run.step_recorded").length;
  const requests = links.filter((each) => each.type.endsWith(".submitted")).length;
  for (const [what, found] of [["steps", steps], ["requests", requests]]) {
    if (said[what] !== found) verdict.refuse("run-count", { run: name, what, said: said[what], found });
  }
}
