// Selects what is shown: one model at a time, and the target of the address.

const swatchOf = (letter) => make("i", { class: `swatch ${STATES[letter]}` });

/** Shows a model: its facts, its calendar, and its other files. */
function show(model) {
  if (calendar.shown === model) return;
  calendar.shown = model;
  for (const article of document.querySelectorAll("article")) article.hidden = article.id !== model.id;
  for (const row of byId("models").tBodies[0].rows) row.setAttribute("aria-selected", +row.dataset.model === model.number);
  byId("model-title").textContent = model.id.split(".").slice(2).join(".");
  const files = [];
  for (let step = model.batches; step < model.stepStates.length; step++) {
    const letter = model.stepStates[step];
    const file = model.fields.ids(step).endsWith("@audit") ? "audit" : model.fields.files(step).split("/").at(-1);
    files.push(make("button", { type: "button", title: STATES[letter], onclick: () => openFile(model, step) }, swatchOf(letter), file));
  }
  byId("files").replaceChildren(...files);
  const jump = (letter) => {
    const count = model.states.filter((state) => state === letter).length;
    return count ? [make("button", { type: "button", onclick: () => next(letter) }, `Next ${STATES[letter]}`)] : [];
  };
  byId("jumps").replaceChildren(...jump("f"), ...jump("m"));
  const batches = model.states.length > 0;
  for (const part of document.querySelectorAll("#columns, #grid, .keys")) part.hidden = !batches;
  byId("batch").replaceChildren();
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

/** Shows the model or the step that the address names. */
function follow() {
  const id = decodeURIComponent(location.hash.slice(1));
  const model = modelOf.get(id.split("@")[0]);
  if (!model) return false;
  show(model);
  const step = id.includes("@") ? stepOf(model, id) : -1;
  if (step >= 0 && step < model.batches) openQuietly(model.cellOf[step]);
  else if (step >= 0) openFile(model, step);
  byId("work").scrollIntoView({ block: "start" });
  return true;
}

function search() {
  const words = byId("search").value.toLowerCase().split(/\s+/);
  for (const row of byId("models").tBodies[0].rows) {
    const id = models[row.dataset.model].id.toLowerCase();
    row.hidden = !words.every((word) => id.includes(word));
  }
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  byId("theme").textContent = theme === "dark" ? "Light" : "Dark";
  drawTimelines();
}

for (const part of document.querySelectorAll(".needs-script")) part.hidden = false;
byId("search").hidden = models.length < 8;
addTimelines();
const dark = window.matchMedia("(prefers-color-scheme: dark)");
setTheme(dark.matches ? "dark" : "light");
dark.addEventListener("change", () => setTheme(dark.matches ? "dark" : "light"));
byId("theme").addEventListener("click", () => setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"));
byId("search").addEventListener("input", search);
byId("grid").addEventListener("scroll", drawRows);
byId("grid").addEventListener("keydown", onKey);
byId("grid").addEventListener("click", (event) => {
  const cell = event.target.closest(".cell");
  if (cell) openCell(+cell.dataset.cell);
});
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
