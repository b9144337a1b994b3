// Why the key is believed: named by whoever checks, vouched for by a witness, or neither.

function checkKeysAreRecorded(keys, record, verdict) {
  const introduced = new Map(record.keys.map(([index, vkey]) => [vkey, index]));
  for (const each of keys.log) {
    const vkey = each.key.vkey;
    if (introduced.has(vkey)) verdict.check("key", { index: introduced.get(vkey), key: each.key.id });
    else if (!(each === keys.log[0] && record.pruned.includes(0))) verdict.refuse("key-not-in-record", { key: vkey });
  }
}

function judgeTrust(signers, older, record, named, witnessedBy, verdict) {
  const signing = signers.map((each) => each.vkey);
  const handed = handedOver(named.pins, older, record);
  const by = signing.find((each) => handed.includes(each));
  if (named.pins.length && !by) verdict.refuse("key-not-pinned", { key: signing[0] });
  const vouching = named.witnesses.filter((each) => witnessedBy.includes(each));
  if (named.witnesses.length && !vouching.length) verdict.refuse("witness-missing");
  if (by) verdict.believe(named.pins.includes(by) ? "pinned" : "handed-over", { key: by });
  else if (vouching.length) verdict.believe("witnessed", { key: vouching[0] });
  else verdict.believe("first-use", { key: signing[0] });
}

// The named keys, and those that a trusted one introduced in the tree that it signed.
function handedOver(pins, older, record) {
  const trusted = [...pins];
  let before = -1;
  while (record && trusted.length !== before) {
    before = trusted.length;
    for (const { note, signers } of older) {
      if (!signers.some((each) => trusted.includes(each.vkey))) continue;
      for (const [index, vkey] of record.keys) {
        if (index < note.size && !trusted.includes(vkey)) trusted.push(vkey);
      }
    }
  }
  return trusted;
}
