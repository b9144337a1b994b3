// Ed25519: by Web Crypto where the browser has it, else with whole numbers (RFC 8032 5.1.7).

const FIELD = 2n ** 255n - 19n;
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const modField = (value) => ((value % FIELD) + FIELD) % FIELD;

function power(base, exponent, modulus) {
  let result = 1n;
  base = ((base % modulus) + modulus) % modulus;
  while (exponent) {
    if (exponent & 1n) result = (result * base) % modulus;
    base = (base * base) % modulus;
    exponent >>= 1n;
  }
  return result;
}

const CURVE_D = modField(-121665n * power(121666n, FIELD - 2n, FIELD));
const ROOT_OF_MINUS_ONE = power(2n, (FIELD - 1n) / 4n, FIELD);

const littleEndian = (bytes) => BigInt("0x" + hex(Uint8Array.from(bytes).reverse()));
const bigEndian = (bytes) => (bytes.length ? BigInt("0x" + hex(bytes)) : 0n);

function decodePoint(bytes) {
  let y = littleEndian(bytes);
  const sign = y >> 255n;
  y &= (1n << 255n) - 1n;
  if (y >= FIELD) return null;
  const square = modField((y * y - 1n) * power(CURVE_D * y * y + 1n, FIELD - 2n, FIELD));
  let x = power(square, (FIELD + 3n) / 8n, FIELD);
  if (modField(x * x - square)) x = modField(x * ROOT_OF_MINUS_ONE);
  if (modField(x * x - square) || (x === 0n && sign)) return null;
  if ((x & 1n) !== sign) x = FIELD - x;
  return [x, y, 1n, modField(x * y)];
}

function addPoints(one, two) {
  const a = modField((one[1] - one[0]) * (two[1] - two[0]));
  const b = modField((one[1] + one[0]) * (two[1] + two[0]));
  const c = modField(2n * one[3] * two[3] * CURVE_D);
  const d = modField(2n * one[2] * two[2]);
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return [modField(e * f), modField(g * h), modField(f * g), modField(e * h)];
}

function multiplyPoint(scalar, point) {
  let result = [0n, 1n, 1n, 0n];
  while (scalar) {
    if (scalar & 1n) result = addPoints(result, point);
    point = addPoints(point, point);
    scalar >>= 1n;
  }
  return result;
}

function samePoint(one, two) {
  return !modField(one[0] * two[2] - two[0] * one[2]) && !modField(one[1] * two[2] - two[1] * one[2]);
}

const BASE = decodePoint(fromHex("58" + "66".repeat(31)));

async function isEd25519ByHand(publicKey, signature, message) {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  const key = decodePoint(publicKey), commitment = decodePoint(signature.slice(0, 32));
  const scalar = littleEndian(signature.slice(32));
  if (!key || !commitment || scalar >= ORDER) return false;
  const hashed = await digest("sha512", joined(signature.slice(0, 32), publicKey, message));
  const challenge = littleEndian(hashed) % ORDER;
  return samePoint(multiplyPoint(scalar, BASE), addPoints(commitment, multiplyPoint(challenge, key)));
}

let browserSigns = true;

async function isEd25519(publicKey, signature, message) {
  if (browserSigns) {
    try {
      const key = await crypto.subtle.importKey("raw", publicKey, { name: "Ed25519" }, false, ["verify"]);
      return await crypto.subtle.verify({ name: "Ed25519" }, key, signature, message);
    } catch (error) {
      if (error.name === "NotSupportedError") browserSigns = false;
    }
  }
  return isEd25519ByHand(publicKey, signature, message);
}
