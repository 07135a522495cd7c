// Bars and curves.

// Rows of name, value (a share of the widest), optional line and interval, and what is printed behind the bar.
function fillBars(list, rows) {
  const widest = Math.max(...rows.map((row) => Math.max(row.value, row.high ?? 0)), 1e-12);
  const share = (value) => `${(100 * Math.max(0, Math.min(1, value / widest))).toFixed(2)}%`;
  list.replaceChildren(...rows.map((row) => {
    const fill = element("span", { class: "fill" });
    fill.style.width = share(row.value);
    const track = element("span", { class: "track", "aria-hidden": "true" }, fill);
    if (row.line !== undefined) {
      const line = element("span", { class: "line" });
      line.style.left = share(row.line);
      track.append(line);
    }
    if (row.low !== undefined) {
      const interval = element("span", { class: "interval" });
      interval.style.left = share(row.low);
      interval.style.width = `${(100 * (row.high - row.low) / widest).toFixed(2)}%`;
      track.append(interval);
    }
    return element("li", { title: row.title ?? "" },
      element("span", { class: "name", dir: "auto", lang: "", text: row.name }), track,
      element("span", { class: "value", text: row.printed }));
  }));
}

// About `n` round numbers from low to high.
function roundSteps(low, high, n) {
  const rough = (high - low || Math.abs(high) || 1) / n;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((digit) => digit * power).find((each) => each >= rough);
  const out = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i += 1) out.push(i * step + 0); // no -0
  return out;
}

// First days of periods without the part that is 01 in all of them: 2024-05 for months, 2024 for years.
function shortDates(names) {
  const same = [/-01-01$/, /-01$/].find((end) => names.every((name) => end.test(name)));
  return same ? names.map((name) => name.replace(same, "")) : names;
}

// Points between gaps, which are points whose y is null.
function runsOf(points) {
  const runs = [[]];
  for (const point of points) {
    if (point[1] === null) runs.push([]);
    else runs.at(-1).push(point);
  }
  return runs.filter((run) => run.length);
}

// Curves of {name, className, points: [[x, y, low, high], ...]} on shared axes; that of y begins at `from` or below.
function chart(curves, { label, xName, ticks, width = 640, height = 240, mark, from = Infinity }) {
  const all = curves.flatMap((curve) => curve.points);
  const [left, right, top, bottom] = [62, 12, 24, 34];
  const extent = (values) => [Math.min(...values), Math.max(...values)];
  let [low, high] = extent(all.flatMap((point) => (point[1] === null ? [] : point.slice(1))));
  low = Math.min(low, from);
  if (high === low) [low, high] = [low - Math.abs(low) / 20 - 1e-9, high + Math.abs(high) / 20 + 1e-9];
  const [first, last] = extent(all.map((point) => point[0]));
  const x = (value) => left + (width - left - right) * (last > first ? (value - first) / (last - first) : 0.5);
  const y = (value) => height - bottom - (height - top - bottom) * (value - low) / (high - low);
  const svg = drawn("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label });
  const digits = Math.max(0, 1 - Math.floor(Math.log10(high - low)));
  for (const value of roundSteps(low, high, 4)) {
    svg.append(drawn("line", { class: "grid", x1: left, x2: width - right, y1: y(value), y2: y(value) }));
    const printed = value.toLocaleString("en", { maximumFractionDigits: Math.min(digits, 6) });
    svg.append(drawn("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end" }, printed));
  }
  svg.append(drawn("line", { class: "axis", x1: left, x2: width - right, y1: height - bottom, y2: height - bottom }));
  const shown = ticks ?? roundSteps(first, last, 6).filter(Number.isInteger).map((value) => [value, whole(value)]);
  let free = 0; // from here on the line of labels has room
  for (const [value, text] of shown) {
    const anchor = x(value) > width - 40 ? "end" : x(value) < left + 30 ? "start" : "middle";
    const long = 7 * text.length;
    const begins = x(value) - { start: 0, middle: long / 2, end: long }[anchor];
    if (begins < free) continue;
    free = begins + long + 6;
    svg.append(drawn("text", { x: x(value), y: height - bottom + 15, "text-anchor": anchor }, text));
  }
  svg.append(drawn("text", { x: width - right, y: height - 4, "text-anchor": "end" }, xName));
  if (mark !== undefined) svg.append(drawn("line", { class: "best", x1: x(mark), x2: x(mark), y1: top, y2: height - bottom }));
  let key = left;
  for (const { name, className, points: own } of curves) {
    const runs = runsOf(own);
    for (const run of runs.filter(([point]) => point[2] !== undefined)) {
      // A point alone is as wide as a line.
      const along = run.flatMap((point) => (run.length > 1 ? [0] : [-2, 2]).map((by) => [x(point[0]) + by, point]));
      const there = along.map(([at, point]) => `${at},${y(point[2])}`);
      const back = along.map(([at, point]) => `${at},${y(point[3])}`).reverse();
      svg.append(drawn("path", { class: "band", d: `M${[...there, ...back].join("L")}Z` }));
    }
    const line = runs.map((run) => `M${run.map((point) => `${x(point[0])},${y(point[1])}`).join("L")}h0`).join("");
    svg.append(drawn("path", { class: className, d: line }));
    if (name) {
      svg.append(drawn("text", { class: `key-${className}`, x: key, y: 14 }, name));
      key += 7 * name.length + 24;
    }
  }
  return svg;
}
