// Selects what is shown: one model at a time, and the target of the address.

const SHORT = { r: "audit failure", m: "gap" };
const swatchOf = (letter) => make("i", { class: `swatch ${STATES[letter]}` });

/** Shows a model: its facts, its calendar, and its other files. */
function show(model) {
  if (calendar.shown === model) return;
  calendar.shown = model;
  for (const article of document.querySelectorAll("article")) article.hidden = article.id !== model.id;
  for (const row of byId("models").tBodies[0].rows) row.setAttribute("aria-selected", +row.dataset.model === model.number);
  byId("model-title").textContent = shortName(model.id);
  const files = [];
  for (let step = model.batches; step < model.stepStates.length; step++) {
    const letter = model.stepStates[step];
    const file = model.fields.ids(step).endsWith("@audit") ? "audit" : model.fields.files(step).split("/").at(-1);
    files.push(make("button", { type: "button", title: STATES[letter], onclick: () => openFile(model, step) }, swatchOf(letter), file));
  }
  byId("files").replaceChildren(...files);
  const jump = (letter) => {
    const count = model.states.filter((state) => state === letter).length;
    return count ? [make("button", { type: "button", onclick: () => next(letter) }, `Next ${SHORT[letter] ?? STATES[letter]}`)] : [];
  };
  byId("jumps").replaceChildren(...[...OPEN].flatMap(jump));
  const batches = model.states.length > 0;
  for (const part of document.querySelectorAll("#columns, #grid, .keys")) part.hidden = !batches;
  byId("batch").replaceChildren();
  calendar.part = "";
  if (batches) layOut(model);
  else Object.assign(calendar, { model, open: -1 });
  // Opens a file or a batch at the start.
  const failed = model.stepStates.indexOf("f");
  if (batches && (failed < 0 || failed < model.batches)) openQuietly(calendar.active);
  else openFile(model, Math.max(failed, 0));
}

function openFile(model, step) {
  if (step >= model.stepStates.length) return;
  element(calendar.open)?.setAttribute("aria-selected", false);
  calendar.open = -1;
  showStep(model, step);
}

/** Opens a batch without moving the keyboard focus. */
function openQuietly(cell) {
  const focused = document.activeElement;
  openCell(cell);
  if (focused !== document.body) focused.focus({ preventScroll: true });
  else element(cell)?.blur();
}

/** Shows what the address names: `model@batch`, `model@first..last`, then `&state=failed`, `&shard=3`, `&find=text`, `&sort=-batches`, `&difference`. */
function follow() {
  const [address, ...options] = location.hash.slice(1).split("&");
  const option = (name) => options.find((option) => option.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
  const sort = option("sort"), by = sort.replace("-", "");
  differs ||= options.includes("difference");
  if (KEYS[by]) setOrder(by, sort[0] === "-");
  if (option("find")) byId("search").value = decodeText(option("find"));
  const state = LETTERS.find((letter) => STATES[letter] === option("state")) ?? "";
  if (state && state !== filter) setFilter(state);
  const number = +option("shard");
  if (document.querySelector(`#shards [data-shard="${number}"]`)) setShard(number);
  filterModels();
  const id = decodeText(address);
  const [name, part = ""] = id.split("@");
  const model = modelOf.get(name);
  if (!model) return false;
  show(model);
  const step = part ? stepOf(model, id) : -1;
  const [first, last] = part.split("..").map((label) => cellOf(model, label));
  if (step >= 0 && step < model.batches) openQuietly(model.cellOf[step]);
  else if (step >= 0) openFile(model, step);
  else if (first >= 0 && last >= 0) selectRange(first, last), reveal(first);
  else if (first >= 0) openQuietly(first);
  document.querySelector('#models tr[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  return true;
}

/** The text without escape sequences; an invalid one is text. */
function decodeText(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The batch with this label, or -1. */
function cellOf(model, label) {
  for (let cell = 0; label && cell < model.states.length; cell++) if (model.label(cell) === label) return cell;
  return -1;
}

/** Keys that work everywhere except in a text field. */
function onPageKey(event) {
  if (event.altKey || event.metaKey || event.ctrlKey) return;
  const writing = event.target.closest?.("input");
  if (event.key === "Escape") {
    clearFilters();
    clearRange();
    writing?.blur();
  } else if (writing) return;
  else if (event.key === "/") byId("search").focus();
  else if (event.key === "j") moveModel(1);
  else if (event.key === "k") moveModel(-1);
  else return;
  event.preventDefault();
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  byId("theme").textContent = theme === "dark" ? "Light" : "Dark";
  byId("theme").setAttribute("aria-label", theme === "dark" ? "Light colours" : "Dark colours");
  drawTimelines();
}

for (const part of document.querySelectorAll(".needs-script")) part.hidden = false;
byId("search").hidden = models.length < 3;
addTimelines();
const dark = window.matchMedia("(prefers-color-scheme: dark)");
setTheme(dark.matches ? "dark" : "light");
dark.addEventListener("change", () => setTheme(dark.matches ? "dark" : "light"));
byId("theme").addEventListener("click", () => setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"));
byId("search").addEventListener("input", () => {
  filterModels();
  rememberView();
});
byId("grid").addEventListener("scroll", drawRows);
byId("grid").addEventListener("keydown", onKey);
const cellAt = (event) => {
  const cell = event.target.closest?.(".cell");
  return cell ? +cell.dataset.cell : -1;
};
let dragged = -1;
byId("grid").addEventListener("pointerdown", (event) => {
  dragged = event.shiftKey ? -1 : cellAt(event);
});
byId("grid").addEventListener("pointerover", (event) => {
  const cell = cellAt(event);
  if (dragged >= 0 && event.buttons === 1 && cell >= 0 && (cell !== dragged || calendar.anchor >= 0)) selectRange(dragged, cell);
});
byId("grid").addEventListener("click", (event) => {
  const cell = cellAt(event);
  const ranged = calendar.anchor >= 0 && dragged >= 0 && calendar.anchor === dragged && cell === calendar.end && cell !== dragged;
  dragged = -1;
  if (cell < 0 || ranged) return;
  if (event.shiftKey) extendRange(cell);
  else openCell(cell);
});
window.addEventListener("pointerup", () => setTimeout(() => (dragged = -1)));
window.addEventListener("keydown", onPageKey);
window.addEventListener("hashchange", follow);
let resized;
window.addEventListener("resize", () => {
  cancelAnimationFrame(resized);
  resized = requestAnimationFrame(() => {
    drawTimelines();
    fit();
    if (calendar.rows.length) drawRows();
  });
});
// Shows the first model with a failure, else the first one with batches.
if (!follow() && models.length) {
  show(models.find((model) => model.stepStates.includes("f")) ?? models.find((model) => model.states.length) ?? models[0]);
}
