// The difference of two texts, line by line.

/** `[mark, line]` for each line: "=" in both, "-" only in the first text, "+" only in the second. */
function difference(before, after) {
  const [one, other] = [before.split("\n"), after.split("\n")];
  let start = 0, end = 0;
  while (start < one.length && start < other.length && one[start] === other[start]) start++;
  while (end < one.length - start && end < other.length - start && one[one.length - 1 - end] === other[other.length - 1 - end]) end++;
  const middle = pairs(one.slice(start, one.length - end), other.slice(start, other.length - end));
  const same = (line) => ["=", line];
  return [...one.slice(0, start).map(same), ...middle, ...one.slice(one.length - end).map(same)];
}

/** The longest common subsequence. Texts with the same number of lines, such as two batches, and large ones are compared line by line. */
function pairs(one, other) {
  if (one.length === other.length || one.length * other.length > 4e6) {
    const lines = [];
    for (let index = 0; index < Math.max(one.length, other.length); index++) {
      if (one[index] === other[index]) lines.push(["=", one[index]]);
      else lines.push(...(index < one.length ? [["-", one[index]]] : []), ...(index < other.length ? [["+", other[index]]] : []));
    }
    return lines;
  }
  const lengths = Array.from({ length: one.length + 1 }, () => new Uint32Array(other.length + 1));
  for (let i = one.length - 1; i >= 0; i--) {
    for (let j = other.length - 1; j >= 0; j--) lengths[i][j] = one[i] === other[j] ? lengths[i + 1][j + 1] + 1 : Math.max(lengths[i + 1][j], lengths[i][j + 1]);
  }
  const lines = [];
  let i = 0, j = 0;
  while (i < one.length || j < other.length) {
    if (i < one.length && j < other.length && one[i] === other[j]) lines.push(["=", one[i++]], ...(j++, []));
    else if (j >= other.length || (i < one.length && lengths[i + 1][j] >= lengths[i][j + 1])) lines.push(["-", one[i++]]);
    else lines.push(["+", other[j++]]);
  }
  return lines;
}

/** The difference in a `pre` element, with two lines around each change. */
function differenceElement(before, after) {
  const around = 2, lines = difference(before, after);
  const changed = lines.map(([mark]) => mark !== "=");
  const pre = make("pre", { class: "sql difference", tabindex: 0, role: "group", "aria-label": "Difference of the SQL" });
  let skipped = 0;
  const flush = () => {
    if (skipped) pre.append(make("span", { class: "skipped" }, `… ${counted(skipped, "equal line")}`));
    skipped = 0;
  };
  lines.forEach(([mark, line], index) => {
    const near = changed.slice(Math.max(0, index - around), index + around + 1).includes(true);
    if (!near) return void skipped++;
    flush();
    if (mark === "=") pre.append(`  ${line}\n`);
    else pre.append(make(mark === "+" ? "ins" : "del", {}, `${mark} ${line}`));
  });
  flush();
  if (!changed.includes(true)) pre.replaceChildren("The files are the same.");
  return pre;
}
