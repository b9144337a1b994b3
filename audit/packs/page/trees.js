// Merkle trees (RFC 6962, RFC 9162). Indices go beyond 32 bits: no bit operators on them.

const half = (value) => Math.floor(value / 2);
const isOdd = (value) => value % 2 === 1;
const leafDigest = (entry) => sha256(joined(Uint8Array.of(0), entry));
const nodeDigest = (left, right) => sha256(joined(Uint8Array.of(1), left, right));

function splitOf(leaves) {
  let width = 1;
  while (width * 2 < leaves) width *= 2;
  return width;
}

// The root of a tree of which some leaves are known: [index, hash] in ascending order. `take`
// gives the hash of each largest subtree without a known leaf, from left to right.
async function rootOfLeaves(size, leaves, take) {
  if (size === 0) return sha256(new Uint8Array());
  let at = 0;
  async function walk(start, end) {
    if (at >= leaves.length || leaves[at][0] >= end) return take();
    if (end - start === 1) {
      at += 1;
      return leaves[at - 1][1];
    }
    const last = leaves[at + end - start - 1];
    if (leaves[at][0] === start && last && last[0] === end - 1 && end - start <= 4096) {
      const level = leaves.slice(at, at + end - start).map((leaf) => leaf[1]);
      at += end - start;
      return rootOfAll(level);
    }
    const middle = start + splitOf(end - start);
    const left = await walk(start, middle);
    return nodeDigest(left, await walk(middle, end));
  }
  return walk(0, size);
}

async function rootOfAll(level) {
  while (level.length > 1) {
    const pairs = [];
    for (let at = 0; at + 1 < level.length; at += 2) pairs.push(nodeDigest(level[at], level[at + 1]));
    const above = await Promise.all(pairs);
    if (isOdd(level.length)) above.push(level[level.length - 1]);
    level = above;
  }
  return level[0];
}

async function rootOfPath(leaf, index, size, path) {
  if (!(index >= 0 && index < size)) return null;
  let node = index, last = size - 1, found = leaf;
  for (const step of path) {
    if (last === 0) return null;
    if (isOdd(node) || node === last) {
      found = await nodeDigest(step, found);
      while (node && !isOdd(node)) [node, last] = [half(node), half(last)];
    } else {
      found = await nodeDigest(found, step);
    }
    [node, last] = [half(node), half(last)];
  }
  return last ? null : found;
}

function isPowerOfTwo(value) {
  while (value > 1 && !isOdd(value)) value = half(value);
  return value === 1;
}

async function isBeginning(older, newer, oldRoot, newRoot, proof) {
  if (!(older > 0 && older <= newer)) return false;
  if (older === newer) return !proof.length && sameBytes(oldRoot, newRoot);
  const steps = isPowerOfTwo(older) ? [oldRoot, ...proof] : proof.slice();
  if (!steps.length) return false;
  let node = older - 1, last = newer - 1;
  while (isOdd(node)) [node, last] = [half(node), half(last)];
  let small = steps[0], large = steps[0];
  for (const step of steps.slice(1)) {
    if (last === 0) return false;
    if (isOdd(node) || node === last) {
      [small, large] = [await nodeDigest(step, small), await nodeDigest(step, large)];
      while (node && !isOdd(node)) [node, last] = [half(node), half(last)];
    } else {
      large = await nodeDigest(large, step);
    }
    [node, last] = [half(node), half(last)];
  }
  return last === 0 && sameBytes(small, oldRoot) && sameBytes(large, newRoot);
}
