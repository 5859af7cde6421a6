// A range of successive batches in the calendar, and the command that plans it.

const inRange = (cell) => {
  const { anchor, end } = calendar;
  return anchor >= 0 && end >= 0 && cell >= Math.min(anchor, end) && cell <= Math.max(anchor, end);
};
const rangeClass = (cell) => (!inRange(cell) ? "" : cell === calendar.anchor || cell === calendar.end ? " in-range range-end" : " in-range");

/** Updates the marks of the visible cells. */
function drawRange() {
  for (const row of calendar.drawn.values()) {
    for (const cell of row.querySelectorAll(".cell")) {
      const number = +cell.dataset.cell;
      cell.classList.toggle("in-range", inRange(number));
      cell.classList.toggle("range-end", inRange(number) && (number === calendar.anchor || number === calendar.end));
      cell.setAttribute("aria-selected", inRange(number) || number === calendar.open);
    }
  }
}

function clearRange() {
  if (calendar.anchor < 0) return;
  Object.assign(calendar, { anchor: -1, end: -1 });
  drawRange();
}

/** Extends the range from the focused or opened batch to this one. */
function extendRange(cell) {
  if (calendar.anchor < 0) calendar.anchor = calendar.open >= 0 ? calendar.open : calendar.active;
  selectRange(calendar.anchor, cell);
  focusCell(cell);
}

function selectRange(anchor, end) {
  Object.assign(calendar, { anchor, end, open: -1 });
  drawRange();
  showRange(calendar.model, Math.min(anchor, end), Math.max(anchor, end));
}

/** The first and the last of the successive batches around this one that no run has finished and the plan does not have. */
function gapAround(model, cell) {
  let first = cell, last = cell;
  while (model.states[first - 1] === model.states[cell]) first--;
  while (model.states[last + 1] === model.states[cell]) last++;
  return [first, last];
}

/** The time as a bound of the command line. */
function bound(seconds) {
  const text = new Date(seconds * 1000).toISOString();
  return text.endsWith("T00:00:00.000Z") ? text.slice(0, 10) : text.replace(":00.000Z", "Z").replace(".000Z", "Z");
}

/** The command that plans these batches. */
function commandFor(model, first, last) {
  const [start, end] = [model.starts[first], model.ends[last]];
  // Without an offset a bound is in the time zone of the model.
  const text = model.utc ? bound : (seconds) => new Date(seconds * 1000).toISOString().replace(".000", "");
  return `batchwright compile --select ${shortName(model.id)} --event-time-start ${text(start)} --event-time-end ${text(end)}`;
}

/** The command, broken only before a flag. */
function commandElement(command) {
  const parts = command.split(/(?= --)/).flatMap((part) => (part[0] === " " ? [" ", make("span", { class: "nowrap" }, part.slice(1))] : [part]));
  return make("pre", { class: "sql command" }, ...parts);
}

/** Shows the selected range. */
function showRange(model, first, last) {
  const count = last - first + 1;
  const counts = new Map();
  for (let cell = first; cell <= last; cell++) counts.set(model.states[cell], (counts.get(model.states[cell]) ?? 0) + 1);
  const states = LETTERS.filter((letter) => counts.has(letter)).map((letter) =>
    make("span", { class: "badge" }, swatchOf(letter), `${counts.get(letter)} ${WORDS[STATES[letter]] ?? STATES[letter]}`));
  const command = commandFor(model, first, last);
  const parts = [
    facts([["Model", shortName(model.id)], ["States", make("span", { class: "badges" }, ...states)],
      ["Range", `${moment(model.starts[first])} until ${moment(model.ends[last])} UTC (exclusive)`]]),
    make("p", {}, "To plan these batches:"), commandElement(command),
  ];
  const title = count === 1 ? model.label(first) : `${model.label(first)} … ${model.label(last)}: ${counted(count, "batch")}`;
  fill(title, copy("Copy command", command), parts);
  remember(model, count === 1 ? model.label(first) : `${model.label(first)}..${model.label(last)}`);
}
