// The files of a pack, from a zip archive or from a folder, and whether they are those packed.

const NEEDED = ["events.jsonl", "leaves.txt", "disclosures.jsonl", "checkpoint.txt", "keys.json", "proofs/tree.txt"];
const LITTER = /(?:^|\/)(?:\.DS_Store|Thumbs\.db|desktop\.ini|__MACOSX\/.*)$/;

class Pack {
  constructor(entries) {
    const kept = entries.filter((each) => !LITTER.test(each.name) && !each.name.endsWith("/"));
    const folder = commonFolder(kept.map((each) => each.name));
    this.readers = new Map(kept.map((each) => [each.name.slice(folder.length), each.read]));
    this.names = [...this.readers.keys()].sort(byCodePoint);
    this.kept = new Map();
  }

  async read(name) {
    if (this.kept.has(name)) return this.kept.get(name);
    let content;
    try {
      content = await this.readers.get(name)();
    } catch {
      throw new Refused("file-unreadable", { file: name });
    }
    this.kept.set(name, content);
    return content;
  }
}

function commonFolder(names) {
  const tops = new Set(names.map((name) => name.split("/")[0]));
  const [top] = tops;
  return tops.size === 1 && names.includes(`${top}/manifest.json`) ? `${top}/` : "";
}

// Files are what a person dropped or chose: one zip archive, or many [name, File].
async function openPack(files) {
  let entries;
  if (files.length === 1 && !/(?:^|\/)manifest\.json$/.test(files[0][0])) {
    entries = await readZip(files[0][1]);
    const seen = new Set();
    for (const { name } of entries) {
      if (seen.has(name)) throw new Refused("file-twice", { file: name });
      seen.add(name);
    }
  } else {
    const read = (file) => async () => new Uint8Array(await file.arrayBuffer());
    entries = files.map(([name, file]) => ({ name, read: read(file) }));
  }
  const pack = new Pack(entries);
  if (!pack.readers.has("manifest.json")) throw new Refused("pack-unreadable", { why: "it has no manifest.json" });
  return pack;
}

async function readManifest(pack) {
  const data = await pack.read("manifest.json");
  if (data.length > 16 * 1024 * 1024) throw new Refused("manifest-malformed", { why: "it is too large" });
  const manifest = readObject(data);
  if (!manifest) throw new Refused("manifest-malformed", { why: "it is no JSON object" });
  if (manifest.format !== FORMAT) {
    throw new Refused("format-unknown", { format: has(manifest, "format") ? manifest.format : "without a name" });
  }
  for (const name of ["files", "log", "scope", "query", "counts", "supporting"]) {
    const fits = name === "supporting" ? Array.isArray(manifest[name]) : isObject(manifest[name]);
    if (!fits) throw new Refused("manifest-malformed", { why: `${name} is missing` });
  }
  for (const each of Object.values(manifest.files)) {
    if (!isObject(each) || !/^[0-9a-f]{64}$/.test(String(each.sha256))) {
      throw new Refused("manifest-malformed", { why: "a file has no SHA-256" });
    }
  }
  const numbers = [manifest.log.size, ...Object.values(manifest.counts), ...manifest.supporting];
  if (manifest.scope.kind === "complete") numbers.push(manifest.scope.first, manifest.scope.last);
  else if (manifest.scope.kind !== "selection") throw new Refused("manifest-malformed", { why: "scope is missing" });
  if (!numbers.every(isCount)) throw new Refused("manifest-malformed", { why: "a number is missing" });
  return manifest;
}

async function checkFiles(pack, manifest, verdict) {
  const files = manifest.files, before = verdict.refusals.length;
  const named = [...new Set([...Object.keys(files), ...NEEDED])].sort(byCodePoint);
  const missing = named.filter((name) => !pack.readers.has(name));
  for (const name of missing) verdict.refuse("file-missing", { file: name });
  for (const name of pack.names) {
    if (name !== "manifest.json" && !has(files, name)) verdict.refuse("file-unlisted", { file: name });
  }
  const unreadable = [];
  for (const name of named.filter((each) => has(files, each) && pack.readers.has(each))) {
    let content;
    try {
      content = await pack.read(name);
    } catch (refused) {
      verdict.refuse(refused.reason, refused.fields);
      unreadable.push(name);
      continue;
    }
    if (hex(await sha256(content)) !== files[name].sha256) verdict.refuse("file-changed", { file: name });
  }
  if (verdict.refusals.length === before) verdict.check("files", { count: Object.keys(files).length });
  for (const name of NEEDED) {
    if (missing.includes(name) || unreadable.includes(name) || !has(files, name)) {
      throw new Refused(unreadable.includes(name) ? "file-unreadable" : "file-missing", { file: name });
    }
  }
}
