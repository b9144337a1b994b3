// RFC 3161 time stamps: over which bytes, when, and whether the authority signed that.

const SIGNED_DATA = "1.2.840.113549.1.7.2", STAMP_INFO = "1.2.840.113549.1.9.16.1.4";
const CONTENT_TYPE = "1.2.840.113549.1.9.3", MESSAGE_DIGEST = "1.2.840.113549.1.9.4";
const SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12", SIGNING_CERTIFICATE_2 = "1.2.840.113549.1.9.16.2.47";
const MOMENT = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.\d+)?Z$/;

async function checkStamp(data, file, stamped, stampers, verdict) {
  let token, certificate, good, authority;
  try {
    token = readToken(data);
    if (!sameBytes(await digest(token.imprintHash, stamped), token.imprint)) {
      verdict.refuse("stamp-other-data", { file });
      return;
    }
    certificate = await signerOf(token);
    if (!certificate) {
      verdict.refuse("stamp-forged", { file });
      return;
    }
    const fields = childrenOf(childOf(certificate, 0, 0x30));
    const skipped = fields[0].tag === 0xa0 ? 1 : 0;
    const message = joined(Uint8Array.of(0x31), token.signed.whole.slice(1));
    good = await isSignedBy(fields[5 + skipped], token.algorithm, token.signature, message);
    authority = nameOf(fields[4 + skipped]);
  } catch (error) {
    if (!(error instanceof Malformed || error instanceof TypeError)) throw error;
    const why = error instanceof Malformed ? error.message : "a part is missing";
    verdict.refuse("stamp-malformed", { file, why });
    return;
  }
  const fingerprint = hex(await sha256(certificate.whole));
  if (good === false) verdict.refuse("stamp-forged", { file });
  else if (stampers.length && !stampers.includes(fingerprint)) verdict.refuse("stamp-not-pinned", { file });
  else if (good === null) verdict.withhold("stamp-unchecked", { file, why: "neither RSA nor a curve of NIST" });
  else {
    verdict.check("stamp", { file, name: authority, at: token.at });
    if (!stampers.length) verdict.withhold("stamp-first-use", { file, key: fingerprint });
  }
}

function readToken(data) {
  let outer = readNode(data);
  if (outer.whole.length !== data.length || outer.tag !== 0x30) throw new Malformed("it is not one value");
  if (childrenOf(outer)[0].tag === 0x30) outer = childOf(outer, 1, 0x30);
  if (objectId(childOf(outer, 0, 0x06)) !== SIGNED_DATA) throw new Malformed("it is not signed");
  const parts = childrenOf(childOf(childOf(outer, 1, 0xa0), 0, 0x30));
  const content = childrenOf(parts[2]);
  if (objectId(content[0]) !== STAMP_INFO) throw new Malformed("it is no time stamp");
  const info = childOf(content[1], 0, 0x04).content;
  const certificates = parts.slice(3).filter((part) => part.tag === 0xa0).flatMap(childrenOf);
  const last = parts[parts.length - 1], signers = childrenOf(last);
  if (last.tag !== 0x31 || signers.length !== 1) throw new Malformed("it has not one signer");
  return tokenOf(info, certificates, childrenOf(signers[0]));
}

function tokenOf(info, certificates, signer) {
  const said = childrenOf(readNode(info)), imprint = childrenOf(said[2]);
  const moment = MOMENT.exec(looseAscii(said[4].content));
  if (!moment || signer[3].tag !== 0xa0) throw new Malformed("it has no time or signed parts");
  const [, year, month, day, hour, minute, second] = moment;
  const digestHash = hashOf(objectId(childOf(signer[2], 0, 0x06)));
  const kind = objectId(childOf(signer[4], 0, 0x06));
  return {
    info, certificates, digestHash, signed: signer[3], signature: signer[5].content,
    imprintHash: hashOf(objectId(childOf(imprint[0], 0, 0x06))), imprint: imprint[1].content,
    at: `${year}-${month}-${day} ${hour}:${minute}:${second} UTC`,
    algorithm: kind === RSA_KEY ? digestHash : SIGNED_WITH[kind] || digestHash,
  };
}

function hashOf(identifier) {
  if (!HASHES[identifier]) throw new Malformed("its hash is not SHA-256, 384 or 512");
  return HASHES[identifier];
}

// The certificate that signed; null when what was signed is something else.
async function signerOf(token) {
  const signed = new Map(childrenOf(token.signed).map(
    (each) => [objectId(childOf(each, 0, 0x06)), childrenOf(childOf(each, 1, 0x31))[0]],
  ));
  if (!signed.has(CONTENT_TYPE) || objectId(signed.get(CONTENT_TYPE)) !== STAMP_INFO) return null;
  const wanted = await digest(token.digestHash, token.info);
  if (!signed.has(MESSAGE_DIGEST) || !sameBytes(signed.get(MESSAGE_DIGEST).content, wanted)) return null;
  for (const each of token.certificates) {
    if (await isNamed(each, signed)) return each;
  }
  return null;
}

async function isNamed(certificate, signed) {
  if (signed.has(SIGNING_CERTIFICATE_2)) {
    let named = childrenOf(childOf(childOf(signed.get(SIGNING_CERTIFICATE_2), 0, 0x30), 0, 0x30));
    let algorithm = "sha256";
    if (named[0].tag === 0x30) {
      algorithm = hashOf(objectId(childOf(named[0], 0, 0x06)));
      named = named.slice(1);
    }
    return sameBytes(await digest(algorithm, certificate.whole), named[0].content);
  }
  if (signed.has(SIGNING_CERTIFICATE)) {
    const named = childrenOf(childOf(childOf(signed.get(SIGNING_CERTIFICATE), 0, 0x30), 0, 0x30));
    return sameBytes(await digest("sha1", certificate.whole), named[0].content);
  }
  return false;
}

function nameOf(subject) {
  const found = {};
  for (const part of childrenOf(subject)) {
    for (const each of childrenOf(part)) found[objectId(childOf(each, 0, 0x06))] = childrenOf(each)[1].content;
  }
  const name = found["2.5.4.3"] || found["2.5.4.10"] || utf8.encode("an unnamed authority");
  return Array.from(name.slice(0, 100), (byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : "?")).join("");
}
