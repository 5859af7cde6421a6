// Shows one batch, or another file of the plan: its facts, its state, and its SQL with the filters marked.

const KEYWORDS = new Set(("all alter and as assert begin between by call case commit create cross delete distinct drop else end exists false from full group having "
  + "if in inner insert into is join left limit matched merge not null on or order outer over partition replace right select set table temp "
  + "temporary then true union update using values view when where with").split(" "));
const TOKEN = /--[^\n]*|\/\*[^]*?\*\/|'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|[A-Za-z_][\w$]*/g;

/** The comments, strings and keywords of the SQL: `[start, end, class]`, in order. */
function tokens(sql) {
  const spans = [];
  for (const { 0: token, index } of sql.matchAll(TOKEN)) {
    const kind = token.startsWith("--") || token.startsWith("/*") ? "comment" : token[0] === "'" ? "string" : KEYWORDS.has(token.toLowerCase()) ? "keyword" : "";
    if (kind || /^["`]/.test(token)) spans.push([index, index + token.length, kind]);
  }
  return spans;
}

/** The spans of the window: the filters of the inputs, and the predicates on the model's table. */
function marks(sql, model) {
  const spans = [];
  for (const [relation] of model.inputs) {
    const filter = `(select * from ${relation} where `;
    for (let start = sql.indexOf(filter); start >= 0; start = sql.indexOf(filter, start + 1)) {
      const end = closing(sql, start);
      if (end) spans.push([start, end, "filter"]);
    }
  }
  for (const name of new Set([model.event_time, ...model.inputs.map(([, column]) => column)])) {
    if (!name) continue;
    const column = `["\`\\[]?${escape(name)}["\`\\]]?`;
    for (const match of sql.matchAll(new RegExp(`(?<![\\w"\`\\[])(${column}) >= ([^\\n]+?) and \\1 < `, "g"))) {
      // The end has the format of the start, with other digits.
      const end = new RegExp(escape(match[2]).replace(/\d+/g, "\\d+"), "y");
      end.lastIndex = match.index + match[0].length;
      if (end.test(sql)) spans.push([match.index, end.lastIndex, "window"]);
    }
  }
  spans.sort((one, other) => one[0] - other[0] || other[1] - one[1]);
  return spans.filter(([start], index) => !spans.slice(0, index).some((before) => start < before[1]));
}

const escape = (text) => text.replace(/[.*+?^${}()|[\]\\\/-]/g, "\\$&");

/** The end of the group that the parenthesis at `start` opens, ignoring quoted parentheses. */
function closing(sql, start) {
  let depth = 0;
  for (const { 0: token, index } of sql.slice(start).matchAll(/'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|[()]/g)) {
    if (token === "(") depth++;
    if (token === ")" && --depth === 0) return start + index + 1;
  }
  return 0;
}

/** The SQL in a `pre` element, highlighted. */
function highlighted(sql, model) {
  const pre = make("pre", { class: "sql", tabindex: 0, role: "group", "aria-label": "SQL" });
  const words = tokens(sql);
  let word = 0;
  const write = (parent, start, end) => {
    while (start < end) {
      while (words[word] && words[word][1] <= start) word++;
      const [first, last, kind] = words[word] ?? [end, end];
      if (first > start || !kind) {
        const stop = Math.min(end, first > start ? first : last);
        parent.append(sql.slice(start, stop));
        start = stop;
      } else {
        parent.append(make("span", { class: kind }, sql.slice(start, Math.min(end, last))));
        start = Math.min(end, last);
      }
    }
  };
  let at = 0;
  for (const [start, end, kind] of marks(sql, model)) {
    write(pre, at, start);
    const mark = make("mark", { class: kind, title: kind === "filter" ? "an input, filtered by the window" : "the window" });
    write(mark, start, end);
    pre.append(mark);
    at = end;
  }
  write(pre, at, sql.length);
  return pre;
}

function facts(pairs) {
  const list = make("dl", { class: "facts" });
  for (const [name, value] of pairs) if (value) list.append(make("dt", {}, name), make("dd", {}, value));
  return list;
}

function badge(state) {
  return make("span", { class: `badge ${state}` }, make("i", { class: `swatch ${state}` }), WORDS[state] ?? state);
}

function windowOf(model, cell) {
  return `${moment(model.starts[cell])} until ${moment(model.ends[cell])} UTC (exclusive)`;
}

/** Shows a batch or another file of the plan. */
function showStep(model, step) {
  const state = STATES[model.stepStates[step]];
  const field = (name) => model.fields[name](step);
  const id = field("ids"), file = field("files"), words = field("words"), sql = field("sql"), cell = model.cellOf[step];
  const ran = field("started") && `${field("started").slice(0, 19).replace("T", " ")} UTC, ${field("seconds")} s`;
  const needs = field("needs") && make("ul", {}, ...field("needs").split("\n").map((need) => make("li", {}, needOf(need))));
  const blocker = field("blockers");
  const parts = [
    facts([["State", badge(state)], ["Blocked by", blocker && linkTo(blocker)], ["Window", step < model.batches && windowOf(model, cell)], ["File", make("code", {}, file)],
      ["SHA-256", make("span", { class: "digest" }, sha256(model, step))], ["Ran", ran], ["Ledger", field("ledger")],
      ["Shard", model.shards[step] && make("a", { href: `#&shard=${model.shards[step]}`, "aria-label": `Shard ${model.shards[step]}` }, shardName(model.shards[step]))], ["Depends on", needs]]),
  ];
  if (words) parts.push(make("pre", { class: "words", role: "note", "aria-label": "Output of the client" }, words));
  if (model.steps.unreadable.includes(step)) parts.push(make("p", { class: "note" }, "The file is missing, or differs from the one in the manifest: compile the plan again."));
  else parts.push(...sqlParts(model, step, sql));
  fill(id.slice(id.indexOf("@") + 1) || id, copy("Copy SQL", sql), parts);
  remember(model, id.slice(id.indexOf("@") + 1));
}

/** Whether a batch is shown by its difference to the one before. */
let differs = false;

/** The number of a shard and of all: `3/8`. */
const shardName = (number) => document.querySelector(`#shards [data-shard="${number}"] th`).textContent;

/** The SQL, and for a batch a button for the difference to the one before. */
function sqlParts(model, step, sql) {
  const key = sqlKey(sql, model);
  if (step === 0 || step >= model.batches) return [key, highlighted(sql, model)];
  const before = model.label(model.cellOf[step - 1]);
  const shown = () => (differs ? differenceElement(model.fields.sql(step - 1), sql) : highlighted(sql, model));
  const button = make("button", { type: "button", "aria-pressed": differs, onclick: () => {
    differs = !differs;
    button.setAttribute("aria-pressed", differs);
    byId("batch").querySelector("pre.sql").replaceWith(shown());
    rememberView();
  } }, `Difference to ${before}`);
  key.append(button);
  return [key, shown()];
}

/** A dependency: a step, a model, or successive batches of one model. */
function needOf(need) {
  const [count, first, last] = need.split("\t");
  if (!last) return linkTo(need);
  const model = first.split("@")[0];
  const range = `${first.split("@")[1]} … ${last.split("@")[1]}`;
  const text = `${counted(+count, "batch")} of ${shortName(model)}`;
  return make("span", {}, modelOf.has(model) ? make("a", { href: `#${encodeURIComponent(first)}` }, text) : text, ` (${range})`);
}

/** Shows a batch that is not in the plan, and the gap that it is in. */
function showGap(model, cell) {
  const [first, last] = gapAround(model, cell);
  const command = commandFor(model, cell, cell);
  const parts = [facts([["State", badge(STATES[model.states[cell]])], ["Window", windowOf(model, cell)]]),
    make("p", {}, "This plan has no file for this batch. To plan it:"), commandElement(command)];
  if (last > first) {
    const all = commandFor(model, first, last);
    parts.push(make("p", {}, `To plan all ${counted(last - first + 1, "batch")} from ${model.label(first)} to ${model.label(last)}: `, copy("Copy command", all)), commandElement(all));
  }
  fill(model.label(cell), copy("Copy command", command), parts);
  remember(model, model.label(cell));
}

/** A link to a step or a model of this plan, or text for another id. */
function linkTo(id) {
  return modelOf.has(id.split("@")[0]) ? make("a", { href: `#${encodeURIComponent(id)}` }, shortName(id)) : id;
}

/** Writes what is shown to the address: the model, the batch or range, the filters, the search, the order and the difference. */
function remember(model, part) {
  const search = byId("search").value.trim();
  const options = [filter && `state=${STATES[filter]}`, shard && `shard=${shard}`, search && `find=${encodeURIComponent(search)}`,
    order.by && `sort=${order.descending ? "-" : ""}${order.by}`, differs && "difference"].filter(Boolean);
  history.replaceState(null, "", `#${[encodeURIComponent(part ? `${model.id}@${part}` : model.id), ...options].join("&")}`);
  calendar.part = part;
}

/** Writes the filters, the search and the order to the address; the model and the batch stay. */
function rememberView() {
  if (calendar.model) remember(calendar.model, calendar.part);
}

function sqlKey(sql, model) {
  const kinds = new Set(marks(sql, model).map(([, , kind]) => kind));
  const key = make("p", { class: "key" });
  if (kinds.has("filter")) key.append(make("mark", { class: "filter" }, "an input, filtered by the window"));
  if (kinds.has("window")) key.append(make("mark", { class: "window" }, "the window on the model’s rows"));
  return key;
}

function copy(label, text) {
  const button = make("button", { type: "button", onclick: () => {
    // The clipboard may be missing, for example without HTTPS.
    navigator.clipboard?.writeText(text).then(() => { button.textContent = "Copied"; }, () => { button.textContent = "Not allowed here"; });
  } }, label);
  return button;
}

function fill(title, button, parts) {
  const { model, open } = calendar;
  const step = (by, label) => {
    const button = make("button", { type: "button", onclick: () => openCell(open + by) }, label);
    button.disabled = open < 0 || open + by < 0 || open + by >= model.states.length;
    return button;
  };
  byId("shown").textContent = `${shortName(model.id)}, ${title}`;
  const bar = make("div", { class: "bar" }, make("h3", {}, title), ...(open < 0 ? [] : [step(-1, "‹ Earlier"), step(1, "Later ›")]), button);
  byId("batch").replaceChildren(make("p", { class: "quiet" }, shortName(model.id)), bar, ...parts);
  // A frame later, so that no layout is computed twice.
  requestAnimationFrame(() => (byId("batch").scrollTop = 0));
}
