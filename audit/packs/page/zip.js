// Zip archives: the central directory, stored and deflated files, and their CRC-32.

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value >>> 0;
});

function crc32(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = CRC_TABLE[(value ^ byte) & 255] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

async function inflate(blob) {
  const stream = blob.stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function viewOf(file, start, size) {
  return new DataView(await file.slice(start, start + size).arrayBuffer());
}

// The entries of a zip file, each {name, read}.
async function readZip(file) {
  const tail = Math.min(file.size, 65557);
  const view = await viewOf(file, file.size - tail, tail);
  let at = tail - 22;
  while (at >= 0 && view.getUint32(at, true) !== 0x06054b50) at -= 1;
  if (at < 0) throw new Refused("pack-unreadable", { why: "it is no zip archive" });
  const count = view.getUint16(at + 10, true);
  const size = view.getUint32(at + 12, true), start = view.getUint32(at + 16, true);
  if (start === 0xffffffff || count === 0xffff) {
    throw new Refused("pack-unreadable", { why: "it is too large for a browser; verify.py reads it" });
  }
  const directory = await viewOf(file, start, size);
  const entries = [];
  let place = 0;
  for (let number = 0; number < count; number += 1) {
    if (place + 46 > directory.byteLength || directory.getUint32(place, true) !== 0x02014b50) {
      throw new Refused("pack-unreadable", { why: "it is no zip archive" });
    }
    entries.push(readEntry(file, directory, place));
    place += 46 + directory.getUint16(place + 28, true) + directory.getUint16(place + 30, true)
      + directory.getUint16(place + 32, true);
  }
  return entries;
}

function readEntry(file, directory, place) {
  const bytes = new Uint8Array(directory.buffer, place + 46, directory.getUint16(place + 28, true));
  const entry = {
    name: new TextDecoder().decode(bytes),
    method: directory.getUint16(place + 10, true),
    crc: directory.getUint32(place + 16, true),
    packed: directory.getUint32(place + 20, true),
    size: directory.getUint32(place + 24, true),
    at: directory.getUint32(place + 42, true),
  };
  return { name: entry.name, read: () => readContent(file, entry, bytes) };
}

async function readContent(file, entry, name) {
  const damaged = new Error("damaged");
  const local = await viewOf(file, entry.at, 30);
  if (local.byteLength < 30 || local.getUint32(0, true) !== 0x04034b50) throw damaged;
  const nameSize = local.getUint16(26, true);
  const own = new Uint8Array(await file.slice(entry.at + 30, entry.at + 30 + nameSize).arrayBuffer());
  if (!sameBytes(own, name)) throw damaged;
  const start = entry.at + 30 + nameSize + local.getUint16(28, true);
  const packed = file.slice(start, start + entry.packed);
  if (entry.method !== 0 && entry.method !== 8) throw damaged;
  const content = entry.method ? await inflate(packed) : new Uint8Array(await packed.arrayBuffer());
  if (content.length !== entry.size || crc32(content) !== entry.crc) throw damaged;
  return content;
}
