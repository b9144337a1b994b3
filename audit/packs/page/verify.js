// The whole check. `files` are [name, File]; `named` is what the person knows already.

async function verifyPack(files, named) {
  const verdict = new Verdict(), found = {};
  try {
    const pack = await openPack(files);
    const manifest = (found.manifest = await readManifest(pack));
    found.digest = hex(await sha256(await pack.read("manifest.json")));
    if (named.sha256 && named.sha256 !== found.digest) verdict.refuse("digest-differs", { found: found.digest });
    else if (named.sha256) verdict.check("digest");
    await checkFiles(pack, manifest, verdict);
    const keys = await readKeys(pack, String(manifest.log.origin));
    await checkRecord(pack, manifest, keys, verdict, named, found);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    verdict.refuse(error.reason, error.fields);
  }
  if (verdict.refusals.length) verdict.believe("refused");
  return { verdict, ...found };
}

async function checkRecord(pack, manifest, keys, verdict, named, found) {
  const { note, signers } = await checkCheckpoint(pack, manifest, keys, verdict);
  const record = await checkEvents(pack, manifest, note, verdict);
  if (record) {
    found.record = record;
    await checkWhatEventsSay(pack, manifest, keys, record, verdict);
    await checkSingleProofs(pack, record.wantedLeaves, note, verdict);
  }
  const older = await checkOlder(pack, keys, note, verdict);
  const notes = [note, ...older.map((each) => each.note)];
  const vouching = await checkAnchor(pack, keys, notes, named.stampers, verdict);
  judgeTrust(signers, older, record, named, vouching, verdict);
}

async function checkWhatEventsSay(pack, manifest, keys, record, verdict) {
  checkKeysAreRecorded(keys, record, verdict);
  await checkDisclosures(pack, record, verdict);
  await checkReport(pack, manifest, record, verdict);
  await checkRunsOf(record, verdict);
  if (!verdict.refusals.length) {
    checkCounts(manifest, record, verdict);
    sayWhatIsWithheld(manifest, record, verdict);
  }
}

// The options of a person, checked. Raises Malformed.
async function readNamed(keyText, witnessText, stamperText, digestText) {
  const words = (value) => value.split(/\s+/).filter(Boolean);
  const named = {
    pins: words(keyText), witnesses: words(witnessText),
    stampers: words(stamperText).map((each) => each.toLowerCase()), sha256: digestText.trim().toLowerCase(),
  };
  for (const vkey of named.pins) await parseKey(vkey, LOG_KEY);
  for (const vkey of named.witnesses) await parseKey(vkey, WITNESS_KEY);
  return named;
}
