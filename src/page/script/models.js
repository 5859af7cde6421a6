// The list of models: search, filter by state, and order.

const modelRows = [...byId("models").tBodies[0].rows];
const order = { by: "", descending: false };

/** Shows the models that the search and the filter leave. */
function filterModels() {
  const text = byId("search").value.trim();
  const words = text.toLowerCase().split(/\s+/);
  let shown = 0;
  for (const row of modelRows) {
    const model = models[row.dataset.model];
    const id = model.id.toLowerCase();
    row.hidden = !words.every((word) => id.includes(word)) || !hasShown(model);
    shown += !row.hidden;
  }
  const conditions = [text && `“${text}”`, filter && `the state “${WORDS[STATES[filter]] ?? STATES[filter]}”`, shard && `shard ${shard}`].filter(Boolean);
  byId("matches").textContent = conditions.length ? `${shown} of ${modelRows.length}` : "";
  const clear = make("button", { type: "button", onclick: clearFilters }, "Show all models");
  byId("no-match").hidden = shown > 0;
  byId("no-match").replaceChildren(`No model matches ${conditions.join(" and ")}. `, clear);
}

/** Whether a batch or another file of the model is shown. */
function hasShown(model) {
  if (!filter && !shard) return true;
  if (!shard) return model.letters.has(filter);
  return model.shards.some((number, step) => number === shard && isShown(model, model.stepStates[step], step));
}

/** Shows batches in one state, or all of them. */
function setFilter(letter) {
  filter = filter === letter ? "" : letter;
  for (const button of document.querySelectorAll("#states button")) button.setAttribute("aria-pressed", button.dataset.state === STATES[filter]);
  applyFilters();
}

/** Shows the steps of one shard, or of all with 0. */
function setShard(number) {
  shard = number;
  for (const row of document.querySelectorAll("#shards tbody tr")) row.setAttribute("aria-selected", +row.dataset.shard === shard);
  const clear = make("button", { type: "button", onclick: () => setShard(0) }, "Show all shards");
  byId("shard-shown").replaceChildren(...(shard ? [`Only shard ${shard} is shown. `, clear] : []));
  applyFilters();
}

/** Updates what depends on the filters. */
function applyFilters() {
  if (filter || shard) byId("grid").dataset.filtered = "";
  else delete byId("grid").dataset.filtered;
  filterModels();
  drawTimelines();
  calendar.drawn.forEach((row) => row.remove());
  calendar.drawn.clear();
  if (calendar.rows.length) drawRows();
  const first = visibleModels().find(([, model]) => model === calendar.shown) ?? visibleModels()[0];
  if (first) show(first[1]);
  const { model, open } = calendar;
  if ((filter || shard) && model && (open < 0 || !isCellShown(model, open))) {
    const cell = model.states.findIndex((_, cell) => isCellShown(model, cell));
    if (cell >= 0) openQuietly(cell);
  }
  rememberView();
}

function clearFilters() {
  byId("search").value = "";
  if (shard) setShard(0);
  if (filter) setFilter(filter);
  else filterModels();
  rememberView();
}

const visibleModels = () => [...byId("models").tBodies[0].rows].filter((row) => !row.hidden).map((row) => [row, models[row.dataset.model]]);

/** Shows the next or the previous visible model. */
function moveModel(by) {
  const visible = visibleModels();
  const at = visible.findIndex(([, model]) => model === calendar.shown);
  const next = visible[Math.max(0, Math.min(visible.length - 1, at + by))];
  if (!next) return;
  show(next[1]);
  next[0].scrollIntoView({ block: "nearest" });
}

const KEYS = {
  name: (model) => shortName(model.id),
  batches: (model) => model.batches,
  state: (model) => LETTERS.map((letter) => model.stepStates.filter((state) => state === letter).length + (letter === "m" ? model.states.filter((state) => state === "m").length : 0)),
};

function compare(one, other) {
  if (!Array.isArray(one)) return one < other ? -1 : one > other ? 1 : 0;
  const index = one.findIndex((value, index) => value !== other[index]);
  return index < 0 ? 0 : other[index] - one[index];
}

/** Orders the models; the third click restores the order of the plan. */
function sortModels(by) {
  if (order.by !== by) setOrder(by, by === "batches");
  else if (order.descending === (by === "batches")) setOrder(by, !order.descending);
  else setOrder("", false);
  rememberView();
}

function setOrder(by, descending) {
  Object.assign(order, { by, descending });
  const rows = [...modelRows];
  if (order.by) {
    const keys = new Map(rows.map((row) => [row, KEYS[by](models[row.dataset.model])]));
    rows.sort((one, other) => compare(keys.get(one), keys.get(other)) * (order.descending ? -1 : 1));
  }
  byId("models").tBodies[0].append(...rows);
  for (const head of byId("models").tHead.rows[0].cells) {
    if (head.dataset.sort === order.by) head.setAttribute("aria-sort", order.descending ? "descending" : "ascending");
    else head.removeAttribute("aria-sort");
  }
}

for (const head of byId("models").tHead.rows[0].cells) {
  if (head.dataset.sort) head.replaceChildren(make("button", { type: "button", onclick: () => sortModels(head.dataset.sort) }, head.textContent));
}
for (const model of models) model.letters = new Set([...model.states, ...model.stepStates]);
for (const button of document.querySelectorAll("#states button")) {
  button.addEventListener("click", () => setFilter(LETTERS.find((letter) => STATES[letter] === button.dataset.state)));
}
