// What the person sees. Everything of the pack is text, never markup.

const AT_ONCE = 100;
const place = (id) => document.getElementById(id);
let chosen = [], listedEvents = [], shownCount = 0;

// Characters that cannot be seen or that turn text around are written out.
const plain = (value) => value.replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu, (character) => (
  `[U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}]`
));

function element(tag, words, name) {
  const made = document.createElement(tag);
  if (words !== undefined) made.textContent = plain(words);
  if (name) made.className = name;
  return made;
}

async function check(files) {
  chosen = files;
  place("again").disabled = false;
  place("result").hidden = true;
  place("status").textContent = "Checking…";
  await new Promise((resolve) => { setTimeout(resolve, 20); });
  try {
    const named = await readNamed(
      place("vkey").value, place("witness").value, place("stamper").value, place("sha256").value,
    );
    showResult(await verifyPack(files, named));
    place("status").textContent = "";
  } catch (error) {
    const own = error instanceof Malformed;
    place("status").textContent = own
      ? `What you know already cannot be read: ${error.message}.`
      : "This browser could not check the pack. Try verify.py, or a newer browser.";
    if (own) place("known").open = true;
  }
}

function showResult({ verdict, manifest, record, digest: sum }) {
  const found = verdict.asJson();
  place("verdict").className = `verdict verdict--${found.verdict}`;
  place("verdict-words").textContent = found.words;
  showTrust(found.trust.words);
  list("refusals", found.refusals.map((each) => [each.words, each.reason]));
  list("checked", found.checked.map((each) => [each]));
  list("withheld", found.withheld.map((each) => [each]));
  showFacts(manifest, sum);
  listedEvents = verdict.refusals.length || !record ? [] : record.shown.map(([index, body]) => (
    [index, body, (record.values && record.values.get(body.id)) || new Map()]
  ));
  shownCount = 0;
  place("events").replaceChildren();
  place("events-card").hidden = !listedEvents.length;
  showMore();
  place("result").hidden = false;
  place("verdict-words").focus();
}

// A key at the end of the sentence stands on a line of its own, to be compared.
function showTrust(words) {
  const [, sentence, key] = /^(.*) (\S+\+\S+)\.$/.exec(words) || [null, words, ""];
  place("trust").textContent = plain(sentence);
  place("trust-key").textContent = plain(key);
  place("trust-key").hidden = !key;
}

function list(id, rows) {
  place(`${id}-card`).hidden = !rows.length;
  place(id).replaceChildren(...rows.map(([words, reason]) => {
    const row = element("li"), said = element("span", words);
    if (reason) said.append(element("span", reason, "reason"));
    row.append(said);
    return row;
  }));
}

function showFacts(manifest, sum) {
  place("facts-card").hidden = !manifest;
  if (!manifest) return;
  const query = Object.entries(manifest.query).map(([name, value]) => `${name} ${value}`).join(", ");
  const exporter = isObject(manifest.exporter) ? manifest.exporter : {};
  const rows = [
    ["Query", query || "everything"], ["Time zone of its days", text(manifest.time_zone)],
    ["Made", text(manifest.made_at)], ["By", `${text(exporter.name)} (${text(exporter.id)})`],
    ["Record", text(manifest.log.origin), "code"], ["Root", text(manifest.log.root), "code"],
    ["SHA-256 of manifest.json", text(sum), "code"],
  ];
  place("facts").replaceChildren(...rows.flatMap(([term, value, name]) => (
    [element("dt", term), element("dd", value, name)]
  )));
}

function showMore() {
  const next = listedEvents.slice(shownCount, shownCount + AT_ONCE);
  place("events").append(...next.map(eventRow));
  shownCount += next.length;
  const all = listedEvents.length.toLocaleString("en-US");
  place("events-words").textContent = `${shownCount.toLocaleString("en-US")} of ${all}, in the order of the record.`;
  place("more").hidden = shownCount >= listedEvents.length;
}

function eventRow([index, body, values]) {
  const row = element("li"), words = element("div");
  const opened = (value) => value.replace(/\u27e6(\d+)\u27e7/g, (whole, number) => (
    number === "0" ? "\u27e6" : values.get(Number(number)) ?? whole
  ));
  words.append(element("p", opened(String(body.summary ?? body.type)), "what"));
  words.append(element("p", `${body.at} · ${body.type} · ${body.id}`, "meta"));
  row.append(element("span", String(index), "at"), words);
  const details = element("details");
  details.append(element("summary", "As it was recorded"));
  const lines = JSON.stringify(body, null, 1).split("\n").map(plain).join("\n");
  const code = element("pre");
  code.textContent = lines;
  details.append(code);
  row.append(details);
  return row;
}

async function filesIn(entry, path) {
  if (entry.isFile) {
    return [[path + entry.name, await new Promise((done, failed) => { entry.file(done, failed); })]];
  }
  const reader = entry.createReader(), found = [];
  for (;;) {
    const some = await new Promise((done, failed) => { reader.readEntries(done, failed); });
    if (!some.length) return found;
    for (const each of some) found.push(...(await filesIn(each, `${path}${entry.name}/`)));
  }
}

async function dropped(event) {
  event.preventDefault();
  place("drop").classList.remove("drop--over");
  const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry()).filter(Boolean);
  const files = [];
  for (const entry of entries) files.push(...(await filesIn(entry, "")));
  if (files.length) check(files);
}

function begin() {
  const drop = place("drop");
  for (const name of ["dragenter", "dragover"]) {
    document.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.add("drop--over");
    });
  }
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) drop.classList.remove("drop--over");
  });
  document.addEventListener("drop", dropped);
  for (const id of ["file", "folder"]) {
    place(id).addEventListener("change", ({ target }) => {
      const files = [...target.files].map((file) => [file.webkitRelativePath || file.name, file]);
      if (files.length) check(files);
      target.value = "";
    });
  }
  place("again").addEventListener("click", () => check(chosen));
  place("more").addEventListener("click", showMore);
}

begin();
