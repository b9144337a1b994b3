// As much of DER (X.690) as a time stamp needs, and the signatures that authorities make.

const HASHES = {
  "2.16.840.1.101.3.4.2.1": "sha256", "2.16.840.1.101.3.4.2.2": "sha384", "2.16.840.1.101.3.4.2.3": "sha512",
};
const SIGNED_WITH = {
  "1.2.840.113549.1.1.11": "sha256", "1.2.840.113549.1.1.12": "sha384", "1.2.840.113549.1.1.13": "sha512",
  "1.2.840.10045.4.3.2": "sha256", "1.2.840.10045.4.3.3": "sha384", "1.2.840.10045.4.3.4": "sha512",
};
const RSA_KEY = "1.2.840.113549.1.1.1", EC_KEY = "1.2.840.10045.2.1";
const CURVES = { "1.2.840.10045.3.1.7": ["P-256", 32], "1.3.132.0.34": ["P-384", 48] };

function readNode(data) {
  if (data.length < 2 || (data[0] & 0x1f) === 0x1f) throw new Malformed("it is cut off");
  let length = data[1], start = 2;
  if (length & 0x80) {
    const count = length & 0x7f;
    if (!(count >= 1 && count <= 4) || data.length < 2 + count) throw new Malformed("a length is wrong");
    length = data.slice(2, 2 + count).reduce((value, byte) => value * 256 + byte, 0);
    start = 2 + count;
  }
  if (data.length < start + length) throw new Malformed("it is cut off");
  return { tag: data[0], content: data.slice(start, start + length), whole: data.slice(0, start + length) };
}

function childrenOf(node) {
  const found = [];
  let rest = node.content;
  while (rest.length) {
    const child = readNode(rest);
    found.push(child);
    rest = rest.slice(child.whole.length);
  }
  return found;
}

function childOf(node, at, tag) {
  const inside = childrenOf(node);
  if (at >= inside.length || inside[at].tag !== tag) throw new Malformed("a part is missing");
  return inside[at];
}

function objectId(node) {
  if (node.tag !== 6 || !node.content.length || node.content[node.content.length - 1] & 0x80) {
    throw new Malformed("an identifier is missing");
  }
  const parts = [];
  let value = 0;
  for (const byte of node.content) {
    value = value * 128 + (byte & 0x7f);
    if (!(byte & 0x80)) {
      parts.push(value);
      value = 0;
    }
  }
  const first = Math.min(Math.floor(parts[0] / 40), 2);
  return [first, parts[0] - 40 * first, ...parts.slice(1)].join(".");
}

function wholeNumber(node) {
  if (!node || node.tag !== 2 || !node.content.length) throw new Malformed("a number is missing");
  return node.content;
}

// Whether a SubjectPublicKeyInfo's key made a signature; null when this cannot be told.
async function isSignedBy(key, hash, signature, message) {
  const kind = childrenOf(childOf(key, 0, 0x30));
  childOf(key, 1, 0x03);
  const name = `SHA-${hash.slice(3)}`;
  let parameters, options, signed = signature;
  if (objectId(kind[0]) === RSA_KEY) {
    parameters = { name: "RSASSA-PKCS1-v1_5", hash: name };
    options = parameters.name;
  } else if (objectId(kind[0]) === EC_KEY && kind.length > 1 && CURVES[objectId(kind[1])]) {
    const [namedCurve, size] = CURVES[objectId(kind[1])];
    parameters = { name: "ECDSA", namedCurve };
    options = { name: "ECDSA", hash: name };
    const numbers = childrenOf(readNode(signature));
    const halves = [fixed(wholeNumber(numbers[0]), size), fixed(wholeNumber(numbers[1]), size)];
    if (halves.includes(null)) return false;
    signed = joined(...halves);
  } else {
    return null;
  }
  try {
    const imported = await crypto.subtle.importKey("spki", key.whole, parameters, false, ["verify"]);
    return await crypto.subtle.verify(options, imported, signed, message);
  } catch {
    return false;
  }
}

function fixed(bytes, size) {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start += 1;
  const plain = bytes.slice(start);
  return plain.length > size ? null : joined(new Uint8Array(size - plain.length), plain);
}
