// The calendar of one model: a grid of batches. Only the visible rows are in the document.

// For each batch size: the length of the label's part that names the row, the column of a label, the column heads, the number of columns.
const SIZES = {
  hour: { row: 10, column: (label) => +label.slice(11, 13), heads: (n) => String(n).padStart(2, "0"), columns: 24, label: 84 },
  day: { row: 7, column: (label) => +label.slice(8, 10) - 1, heads: (n) => n + 1, columns: 31, label: 60 },
  month: { row: 4, column: (label) => +label.slice(5, 7) - 1, heads: (n) => "JFMAMJJASOND"[n], columns: 12, label: 44 },
  year: { row: 3, column: (label) => +label.slice(3, 4), heads: (n) => n, columns: 10, label: 44 },
};

const ROW = 20;
const calendar = { model: null, rows: [], row: [], column: [], active: 0, open: -1, anchor: -1, end: -1, drawn: new Map() };

/** Lays the model's batches out in rows: days of hours, months of days, years of months. */
function layOut(model) {
  const size = SIZES[model.grain];
  Object.assign(calendar, { model, rows: [], row: [], column: [], active: 0, open: -1, anchor: -1, end: -1 });
  model.states.forEach((_, cell) => {
    const label = model.label(cell);
    const name = label.slice(0, size.row);
    let row = calendar.rows.at(-1);
    let minimum = row?.name === name ? calendar.column[cell - 1] + 1 : 0;
    if (row?.name !== name) calendar.rows.push((row = { name, first: cell, count: 0 }));
    // A repeated hour is in the column after the first one.
    calendar.column.push(Math.max(size.column(label), minimum));
    calendar.row.push(calendar.rows.length - 1);
    row.count++;
  });
  const count = Math.max(size?.columns ?? 0, calendar.column.reduce((most, column) => Math.max(most, column + 1), 0));
  const heads = Array.from({ length: count }, (_, n) => make("span", {}, String(size.heads(n))));
  byId("columns").replaceChildren(...heads);
  fit();
  calendar.drawn.forEach((row) => row.remove());
  calendar.drawn.clear();
  byId("rows").style.height = `${calendar.rows.length * ROW}px`;
  byId("grid").setAttribute("aria-rowcount", calendar.rows.length);
  byId("grid").setAttribute("aria-colcount", count);
  // Starts at the first failed batch, else at the first batch of the plan.
  const first = [model.states.indexOf("f"), model.cellOf[0] ?? -1, 0].find((cell) => cell >= 0);
  calendar.active = first;
  reveal(first);
}

/** Sets the width of the cells to the available room. */
function fit() {
  const work = byId("work"), size = SIZES[calendar.model?.grain];
  if (!size) return;
  const room = work.clientWidth - 18 - size.label;
  const width = Math.max(6, Math.min(size.columns > 12 ? 18 : 30, Math.floor(room / byId("columns").childElementCount)));
  work.style.setProperty("--cell", `${width}px`);
  work.style.setProperty("--label", `${size.label}px`);
}

/** Adds the visible rows to the document and removes the others. */
function drawRows() {
  const grid = byId("grid");
  const first = Math.max(0, Math.floor(grid.scrollTop / ROW) - 6);
  const last = Math.min(calendar.rows.length, Math.ceil((grid.scrollTop + grid.clientHeight) / ROW) + 6);
  for (const [index, row] of calendar.drawn) {
    if (index >= first && index < last) continue;
    row.remove();
    calendar.drawn.delete(index);
  }
  for (let index = first; index < last; index++) {
    if (calendar.drawn.has(index)) continue;
    const row = drawRow(index);
    calendar.drawn.set(index, row);
    const following = [...calendar.drawn.keys()].filter((other) => other > index);
    byId("rows").insertBefore(row, following.length ? calendar.drawn.get(Math.min(...following)) : null);
  }
}

function drawRow(index) {
  const { name, first, count } = calendar.rows[index];
  const row = make("div", { role: "row", class: "row", "aria-rowindex": index + 1 }, make("div", { role: "rowheader" }, calendar.model.grain === "year" ? `${name}0s` : name));
  row.style.top = `${index * ROW}px`;
  let column = 0;
  for (let cell = first; cell < first + count; cell++) {
    const state = STATES[calendar.model.states[cell]];
    const label = `${calendar.model.label(cell)}, ${WORDS[state] ?? state}`;
    const element = make("div", { role: "gridcell", class: `cell ${state}${rangeClass(cell)}${isCellShown(calendar.model, cell) ? " matches" : ""}`, "data-cell": cell, "aria-label": label, title: label,
      "aria-colindex": calendar.column[cell] + 1, tabindex: cell === calendar.active ? 0 : -1, "aria-selected": cell === calendar.open || inRange(cell) });
    const skipped = calendar.column[cell] - column;
    if (skipped) element.style.marginLeft = `calc(var(--cell) * ${skipped})`;
    column = calendar.column[cell] + 1;
    row.append(element);
  }
  return row;
}

const element = (cell) => calendar.drawn.get(calendar.row[cell])?.querySelector(`[data-cell="${cell}"]`);

/** Scrolls to a batch if it is out of sight. */
function reveal(cell) {
  const grid = byId("grid"), top = calendar.row[cell] * ROW;
  if (top < grid.scrollTop || top + ROW > grid.scrollTop + grid.clientHeight) grid.scrollTop = top - grid.clientHeight / 3;
  drawRows();
}

/** Moves the keyboard focus to a batch, and makes it the one that Tab reaches. */
function focusCell(cell) {
  element(calendar.active)?.setAttribute("tabindex", -1);
  calendar.active = cell;
  reveal(cell);
  element(cell)?.setAttribute("tabindex", 0);
  element(cell)?.focus({ preventScroll: true });
}

function openCell(cell) {
  clearRange();
  element(calendar.open)?.setAttribute("aria-selected", false);
  calendar.open = cell;
  focusCell(cell);
  element(cell)?.setAttribute("aria-selected", true);
  const step = calendar.model.step[cell];
  if (step >= 0) showStep(calendar.model, step);
  else showGap(calendar.model, cell);
}

/** Opens the next batch in one of these states after the focused one, continuing at the start. */
function next(letters) {
  const { states } = calendar.model;
  for (let n = 1; n <= states.length; n++) {
    const cell = (calendar.active + n) % states.length;
    if (letters.includes(states[cell])) return openCell(cell);
  }
}

/** The batch in this column of another row, or the nearest one. */
function inRow(row, column) {
  const { first, count } = calendar.rows[Math.max(0, Math.min(row, calendar.rows.length - 1))];
  let nearest = first;
  for (let cell = first; cell < first + count; cell++) {
    if (Math.abs(calendar.column[cell] - column) < Math.abs(calendar.column[nearest] - column)) nearest = cell;
  }
  return nearest;
}

function onKey(event) {
  const { active, row, column, rows, model } = calendar;
  const last = model.states.length - 1, here = rows[row[active]];
  const to = {
    ArrowLeft: () => Math.max(0, active - 1),
    ArrowRight: () => Math.min(last, active + 1),
    ArrowUp: () => inRow(row[active] - 1, column[active]),
    ArrowDown: () => inRow(row[active] + 1, column[active]),
    PageUp: () => inRow(row[active] - 12, column[active]),
    PageDown: () => inRow(row[active] + 12, column[active]),
    Home: () => (event.ctrlKey ? 0 : here.first),
    End: () => (event.ctrlKey ? last : here.first + here.count - 1),
  }[event.key];
  if (event.altKey || event.metaKey) return;
  if (to && event.shiftKey) extendRange(to());
  else if (to) focusCell(to());
  else if (event.key === "Enter" && event.shiftKey) extendRange(active);
  else if (event.key === "Enter" || event.key === " ") openCell(active);
  else if (event.key === "n") next(OPEN);
  else return;
  event.preventDefault();
}
