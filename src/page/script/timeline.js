// Timelines of all models on one time axis. A pixel shows the most important state of its batches.

const from = models.reduce((least, model) => Math.min(least, model.starts[0] ?? Infinity), Infinity);
const until = models.reduce((most, model) => Math.max(most, model.ends.at(-1) ?? -Infinity), -Infinity);
let timelines = [];
/** The letter of the state that is shown; empty for all. */
let filter = "";
/** The number of the shard that is shown; 0 for all. */
let shard = 0;
/** Whether a step or a batch is shown: its state, and the step, which is -1 for a batch that is not in the plan. */
const isShown = (model, state, step) => (!filter || state === filter) && (!shard || model.shards[step] === shard);
const isCellShown = (model, cell) => isShown(model, model.states[cell], model.step[cell]);

function drawTimelines() {
  const colours = {};
  for (const [letter, state] of Object.entries(STATES)) {
    const probe = make("i");
    probe.style.color = `var(--${state})`;
    document.body.append(probe);
    colours[letter] = getComputedStyle(probe).color;
    probe.remove();
  }
  const widths = timelines.map(({ canvas }) => canvas.clientWidth);
  timelines.forEach(({ canvas, model }, index) => drawTimeline(canvas, widths[index], model, colours));
  drawAxis(widths.find((width) => width > 0) ?? 0);
}

function drawTimeline(canvas, width, model, colours) {
  if (!width) return;
  const scale = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(22 * scale);
  const pixels = Array(canvas.width).fill("");
  const position = (time) => ((time - from) / (until - from)) * canvas.width;
  model.states.forEach((state, cell) => {
    if (!isCellShown(model, cell)) return;
    const first = Math.min(Math.floor(position(model.starts[cell])), canvas.width - 1);
    const minimum = "fr".includes(state) ? 3 * scale : 1;
    const last = Math.max(position(model.ends[cell]) - 0.5, first + minimum);
    for (let x = first; x < last && x < canvas.width; x++) if (!pixels[x] || RANK[state] > RANK[pixels[x]]) pixels[x] = state;
  });
  const pen = canvas.getContext("2d");
  const bar = { f: [0, 22], r: [0, 22], b: [5, 12], d: [5, 12], c: [5, 12], e: [5, 12], p: [5, 12], s: [5, 12], m: [13, 4] };
  for (let x = 0; x < pixels.length; x++) {
    const state = pixels[x];
    let end = x;
    while (pixels[end + 1] === state) end++;
    if (state) {
      const [top, height] = bar[state].map((length) => length * scale);
      pen.fillStyle = colours[state];
      if ("pbs".includes(state)) {
        const line = Math.max(1, Math.round(1.5 * scale));
        pen.fillRect(x, top, end - x + 1, line);
        pen.fillRect(x, top + height - line, end - x + 1, line);
        pen.fillRect(x, top, line, height);
        pen.fillRect(end + 1 - line, top, line, height);
      } else {
        pen.fillRect(x, top, end - x + 1, height);
      }
    }
    x = end;
  }
}

function drawAxis(width) {
  const axis = byId("axis");
  axis.textContent = "";
  if (!width || !(until > from)) return;
  // The smallest size whose labels fit.
  const day = 86400;
  const sizes = [["hour", 13, 3600], ["day", 10, day], ["month", 7, 30.4 * day], ["year", 4, 365.2 * day]];
  const [, length, size] = sizes.find(([, , size]) => ((until - from) / size) * 62 < width) ?? sizes[3];
  const every = Math.max(1, Math.ceil(((until - from) / size) * 62 / width));
  let last = "", nth = 0;
  for (let time = from; time < until; time += Math.min(size / 4, day)) {
    const label = new Date(time * 1000).toISOString().slice(0, length);
    if (label === last) continue;
    last = label;
    if (nth++ % every) continue;
    const tick = make("span", {}, label.length === 13 ? label.slice(5).replace("T", " ") + "h" : label);
    tick.style.left = `${((time - from) / (until - from)) * 100}%`;
    axis.append(tick);
  }
}

function addTimelines() {
  for (const row of byId("models").tBodies[0].rows) {
    const model = models[row.dataset.model];
    if (!model.states.length) continue;
    const canvas = make("canvas", { role: "img", "aria-label": `Timeline of ${model.id}` });
    canvas.addEventListener("click", (event) => {
      const time = from + (event.offsetX / canvas.clientWidth) * (until - from);
      const cell = model.ends.findIndex((end) => end > time);
      show(model);
      if (cell >= 0) openCell(cell);
    });
    row.querySelector(".timeline").append(canvas);
    timelines.push({ canvas, model });
  }
}
