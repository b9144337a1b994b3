// Others who vouch for the record: a directory log, its witnesses, a time-stamping authority.

const ENTRY = "anchor/entry.txt", DIRECTORY_PROOF = "anchor/directory.tlog-proof";

async function checkAnchor(pack, keys, notes, stampers, verdict) {
  if (!pack.readers.has(ENTRY) && !pack.readers.has(DIRECTORY_PROOF)) {
    verdict.withhold("no-anchor");
    return [];
  }
  const directory = await checkEntry(pack, keys, notes, verdict);
  const found = [];
  for (const each of keys.witnesses) {
    if (await checkWitness(directory, each, verdict)) found.push(each.vkey);
  }
  for (const name of pack.names) {
    if (/^anchor\/time-stamp-[1-9][0-9]{0,3}\.tsr$/.test(name)) {
      await checkStamp(await pack.read(name), name, utf8.encode(directory.text), stampers, verdict);
    }
  }
  return found;
}

// The directory's checkpoint, which holds a checkpoint of this record.
async function checkEntry(pack, keys, notes, verdict) {
  for (const file of [ENTRY, DIRECTORY_PROOF]) {
    if (!pack.readers.has(file)) throw new Refused("file-missing", { file });
  }
  const entry = await pack.read(ENTRY);
  const known = notes.find((note) => sameBytes(utf8.encode(note.text), entry));
  if (!known) throw new Refused("anchor-unconnected");
  let proof, directory;
  try {
    proof = parseProof(readText(await pack.read(DIRECTORY_PROOF)));
    directory = parseNote(proof.note);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    throw new Refused("anchor-malformed", { file: DIRECTORY_PROOF, why: error.message });
  }
  const named = keys.directory && directory.origin === keys.directory.name;
  if (!named || !(await isSigned(directory, keys.directory))) throw new Refused("anchor-forged");
  const root = await rootOfPath(await leafDigest(entry), proof.index, directory.size, proof.path);
  if (!root || !sameBytes(root, directory.root)) throw new Refused("anchor-wrong");
  verdict.check("anchor", { size: known.size, index: proof.index });
  return directory;
}

async function checkWitness(directory, witness, verdict) {
  let at;
  try {
    at = await cosignedAt(directory, witness);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    verdict.refuse("witness-forged", { name: witness.name });
    return false;
  }
  if (at === null) return false;
  const moment = new Date(at * 1000).toISOString();
  verdict.check("witness", { name: witness.name, at: `${moment.slice(0, 10)} ${moment.slice(11, 19)} UTC` });
  return true;
}
