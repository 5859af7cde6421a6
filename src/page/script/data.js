// The interactive part: timelines, the calendar of the selected model, and one batch with its SQL. This file reads the data.
// The plan's content comes from #data and enters the document through textContent and setAttribute only.
"use strict";

const byId = (id) => document.getElementById(id);
const data = JSON.parse(byId("data").textContent);

// The states, the most important first.
const STATES = { f: "failed", r: "rejected", b: "blocked", m: "missing", p: "planned", s: "staged", d: "done", c: "checked", e: "earlier" };
const WORDS = { rejected: "done, but the audit failed", checked: "audited", earlier: "done in an earlier plan", missing: "not in this plan, and not finished by any run", planned: "planned, not run yet", staged: "staged, not published yet" };
const LETTERS = Object.keys(STATES);
const RANK = Object.fromEntries(LETTERS.map((letter, index) => [letter, LETTERS.length - index]));
/** The letters of states that need work. */
const OPEN = "frbm";

/** Decodes `2024*366 2025` into a list of words. */
function expand(runs) {
  const words = [];
  for (const run of runs ? runs.split(" ") : []) {
    const [word, count] = run.split("*");
    for (let left = count ? +count : 1; left > 0; left--) words.push(word);
  }
  return words;
}

const columns = new Map();
function column(number) {
  if (!columns.has(number)) columns.set(number, expand(data.columns[number]));
  return columns.get(number);
}

/** A function that restores the text at an index. */
function texts(packed) {
  let which, nth;
  const ranks = () => {
    const seen = packed.shapes.map(() => 0);
    which = expand(packed.which);
    nth = which.map((shape) => seen[shape]++);
  };
  return (index) => {
    if (!which) ranks();
    return packed.shapes[which[index]].map((piece) => (typeof piece === "string" ? piece : column(piece)[nth[index]])).join("");
  };
}

/** Decodes `p365 d2` into a list of letters. */
function letters(runs) {
  return [...runs.matchAll(/([a-z])(\d+)/g)].flatMap(([, letter, count]) => Array(+count).fill(letter));
}

const models = data.models.map((model, number) => {
  const starts = [], ends = [];
  for (const [first, length, count] of model.cells) {
    for (let n = 0; n < count; n++) {
      starts.push(first + n * length);
      ends.push(first + (n + 1) * length);
    }
  }
  const states = letters(model.states);
  // The cells that are neither missing nor done in an earlier plan are the batches of the plan.
  const step = [], cellOf = [];
  states.forEach((state, cell) => {
    step.push(state === "m" || state === "e" ? -1 : cellOf.length);
    if (step[cell] >= 0) cellOf.push(cell);
  });
  const fields = {};
  for (const name of ["ids", "files", "needs", "sql", "started", "seconds", "words", "blockers", "ledger"]) fields[name] = texts(model.steps[name]);
  const shards = expand(model.steps.shards).map(Number);
  return { ...model, number, starts, ends, states, step, cellOf, label: texts(model.labels), stepStates: letters(model.steps.states), shards, fields };
});
const modelOf = new Map(models.map((model) => [model.id, model]));

function sha256(model, step) {
  const text = model.steps.sha256.slice(step * 43, step * 43 + 43);
  return text.trim() && [...atob(text + "=")].map((byte) => byte.charCodeAt(0).toString(16).padStart(2, "0")).join("");
}

/** The index of the step with this id, or -1. */
function stepOf(model, id) {
  for (let step = 0; step < model.stepStates.length; step++) if (model.fields.ids(step) === id) return step;
  return -1;
}

const moment = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 16).replace("T", " ");

/** Creates an element with attributes and children. Strings become text nodes. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "onclick") element.addEventListener("click", value);
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** The name in a unique id or in the id of a step, without type and package. */
const shortName = (id) => id.split(".").slice(2).join(".") || id;

/** The number of items, with its noun. */
const counted = (count, noun) => `${count} ${noun}${count === 1 ? "" : noun.endsWith("ch") ? "es" : "s"}`;
