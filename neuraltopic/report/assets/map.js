// The map: documents on a canvas, topics above them, zoomed and moved together.
const map = (() => {
  const stage = byId("stage");
  const canvas = byId("points");
  const svg = byId("circles");
  const tip = byId("tip");
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const COLOURS = 7;
  const MARGIN = 46;  // around the farthest topics, for their circles and labels
  let [width, height, transform] = [1, 1, d3.zoomIdentity];
  let [selected, pinned, hovered] = [-1, -1, -1];
  let [palette, accent] = [[], ""];
  let grid = null;
  let tree = null;

  const colourOf = neighbourColours();
  const byColour = Array.from({ length: COLOURS }, () => []);
  for (let i = 0; i < points.length; i += 1) byColour[colourOf[points.topic[i]] ?? 0].push(i);

  // Each topic's colour, as on a map of countries: another than those of its nearest topics.
  function neighbourColours() {
    const out = topics.map(() => -1);
    for (let k = 0; k < topics.length; k += 1) {
      const [x, y] = topics[k].position;
      const near = topics.map((topic, other) => [Math.hypot(topic.position[0] - x, topic.position[1] - y), out[other]])
        .filter((pair) => pair[1] >= 0).sort((a, b) => a[0] - b[0]).slice(0, COLOURS - 1);
      const taken = new Set(near.map((pair) => pair[1]));
      let colour = k % COLOURS;
      while (taken.has(colour)) colour = (colour + 1) % COLOURS;
      out[k] = colour;
    }
    return out;
  }

  const unit = () => Math.max(40, Math.min(width, height) / 2 - MARGIN);
  const screenX = (x) => transform.applyX(width / 2 + unit() * x);
  const screenY = (y) => transform.applyY(height / 2 - unit() * y);
  const largest = Math.max(...topics.map((topic) => topic.share), 1e-9);
  // Areas are in proportion to shares; the largest is as wide as the number of topics allows.
  const widest = () => Math.min(34, Math.max(9, unit() * 0.55 / Math.sqrt(topics.length)));
  const radius = (topic) => Math.max(3.5, widest() * Math.sqrt(topic.share / largest));

  const groups = topics.map((topic, k) => {
    const group = drawn("g", { class: topic.flags.includes("unused") ? "unused" : "" });
    group.append(drawn("circle"));
    group.addEventListener("click", (event) => { event.stopPropagation(); show.topic(k); });
    group.addEventListener("pointerenter", () => { hovered = k; place(); tell(`${k}: ${topic.words.slice(0, 8).join(" ")} (${percent(topic.share)})`, topic.position); });
    group.addEventListener("pointerleave", () => { hovered = -1; tip.hidden = true; place(); });
    svg.append(group);
    return group;
  });
  const bySize = topics.map((_, k) => k).sort((a, b) => topics[b].share - topics[a].share);
  for (const k of bySize) svg.append(groups[k]);  // small ones above large ones
  const labels = topics.map((_, k) => drawn("text", {}, named(k)));
  svg.append(...labels);
  const lengths = labels.map((text) => 1.06 * text.getComputedTextLength());
  const pin = drawn("circle", { class: "pin", r: 9 });
  svg.append(pin);

  function readStyle() {
    const style = getComputedStyle(document.documentElement);
    palette = Array.from({ length: COLOURS }, (_, i) => style.getPropertyValue(`--colour-${i}`).trim());
    accent = style.getPropertyValue("--accent").trim();
    grid = data.documents.density ? shaded(style.getPropertyValue("--dot").trim()) : null;
  }

  // The density of all documents, as a picture of a pixel a cell.
  function shaded(colour) {
    const side = data.documents.density_side;
    const values = bytes(data.documents.density);
    const picture = new OffscreenCanvas(side, side);
    const context = picture.getContext("2d");
    context.fillStyle = colour;
    for (let i = 0; i < values.length; i += 1) {
      if (!values[i]) continue;
      context.globalAlpha = 0.12 + 0.88 * values[i] / 255;
      context.fillRect(i % side, side - 1 - Math.floor(i / side), 1, 1);
    }
    return picture;
  }

  function paint() {
    const ratio = window.devicePixelRatio || 1;
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    if (grid) {
      const [x, y, span] = [screenX(-data.documents.extent), screenY(data.documents.extent), 2 * data.documents.extent * unit() * transform.k];
      context.globalAlpha = selected < 0 ? 0.8 : 0.45;
      context.drawImage(grid, x, y, span, span);
    }
    let size = Math.min(5, (points.length > 5000 ? 1.6 : 2.6) * Math.sqrt(transform.k));
    const dots = (rows) => {
      for (const i of rows) {
        const [x, y] = [screenX(points.x[i]), screenY(points.y[i])];
        if (x > -5 && y > -5 && x < width + 5 && y < height + 5) context.fillRect(x - size / 2, y - size / 2, size, size);
      }
    };
    context.globalAlpha = (grid ? 0.5 : 1) * (selected < 0 ? 0.55 : 0.45);
    byColour.forEach((rows, colour) => { context.fillStyle = palette[colour]; dots(rows); });
    if (selected >= 0) {
      context.globalAlpha = 0.95;
      context.fillStyle = accent;
      size *= 1.4;
      dots(byColour[colourOf[selected]].filter((i) => points.topic[i] === selected));
    }
    context.globalAlpha = 1;
  }

  // Circles keep their size under zoom; a label is drawn where there is room, those of large shares first.
  function place() {
    const first = [...new Set([selected, hovered].filter((k) => k >= 0))];
    const boxes = [];
    const seen = [];
    for (const k of [...new Set([...first, ...bySize])]) {
      const [x, y, r] = [screenX(topics[k].position[0]), screenY(topics[k].position[1]), radius(topics[k])];
      const inside = x > -40 && y > -40 && x < width + 40 && y < height + 40;
      groups[k].style.display = inside ? "" : "none";
      labels[k].style.display = "none";
      if (!inside) continue;
      groups[k].classList.toggle("selected", k === selected);
      groups[k].classList.toggle("hover", k === hovered);
      const circle = groups[k].firstChild;
      circle.setAttribute("cx", x); circle.setAttribute("cy", y); circle.setAttribute("r", r);
      boxes.push([x - 0.8 * r, y - 0.8 * r, x + 0.8 * r, y + 0.8 * r, k]);
      seen.push([k, x, y, r]);
    }
    const free = (box, k) => box[0] >= 0 && box[2] <= width && box[1] >= 0 && box[3] <= height
      && boxes.every((other) => other[4] === k || box[2] < other[0] || box[0] > other[2] || box[3] < other[1] || box[1] > other[3]);
    for (const [k, x, y, r] of seen) label(k, x, y, r, free, first.includes(k), boxes);
    pin.style.display = pinned >= 0 ? "" : "none";
    if (pinned >= 0) { pin.setAttribute("cx", screenX(points.x[pinned])); pin.setAttribute("cy", screenY(points.y[pinned])); }
  }

  // Below its circle, above it, or at a side.
  function label(k, x, y, r, free, always, boxes) {
    const half = 0.5 * lengths[k] + 3;
    const middle = Math.max(half, Math.min(width - half, x));
    const places = [[middle, y + r + 13], [middle, y - r - 5], [x + r + half + 1, y + 4], [x - r - half - 1, y + 4]];
    const boxOf = ([centre, base]) => [centre - half, base - 11, centre + half, base + 3, -1];
    const found = places.find((each) => free(boxOf(each), k)) ?? (always ? places[0] : undefined);
    if (!found) return;
    boxes.push(boxOf(found));
    labels[k].style.display = "";
    labels[k].classList.toggle("selected", always);
    labels[k].setAttribute("x", found[0]); labels[k].setAttribute("y", found[1]);
  }

  let waiting = false;
  function draw() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; paint(); place(); });
  }

  function tell(text, [x, y]) {
    tip.textContent = text;
    tip.hidden = false;
    const [left, top] = [screenX(x) + 12, screenY(y) + 14];
    tip.style.left = `${Math.max(0, Math.min(left, width - tip.offsetWidth - 4))}px`;
    tip.style.top = `${Math.max(0, Math.min(top, height - tip.offsetHeight - 4))}px`;
  }

  // The document within reach of a place on the screen, or -1.
  function nearest(event) {
    tree ??= d3.quadtree(d3_range(points.length), (i) => points.x[i], (i) => points.y[i]);
    const box = svg.getBoundingClientRect();
    const [x, y] = transform.invert([event.clientX - box.left, event.clientY - box.top]);
    const found = tree.find((x - width / 2) / unit(), (height / 2 - y) / unit(), 9 / unit() / transform.k);
    return found ?? -1;
  }
  const d3_range = (n) => Uint32Array.from({ length: n }, (_, i) => i);

  const zoom = d3.zoom().scaleExtent([0.6, 60]).on("zoom", (event) => { transform = event.transform; tip.hidden = true; draw(); });
  const view = d3.select(svg).call(zoom).on("dblclick.zoom", null);
  const moved = () => (still.matches ? view : view.transition().duration(200));
  const actions = {
    in: () => zoom.scaleBy(moved(), 1.6),
    out: () => zoom.scaleBy(moved(), 1 / 1.6),
    all: () => zoom.transform(moved(), d3.zoomIdentity),
    move: (x, y) => zoom.translateBy(view, x / transform.k, y / transform.k),
  };
  byId("zoom-in").addEventListener("click", actions.in);
  byId("zoom-out").addEventListener("click", actions.out);
  byId("zoom-all").addEventListener("click", actions.all);
  const KEYS = {
    "+": actions.in, "=": actions.in, "-": actions.out, 0: actions.all,
    ArrowLeft: () => actions.move(60, 0), ArrowRight: () => actions.move(-60, 0),
    ArrowUp: () => actions.move(0, 60), ArrowDown: () => actions.move(0, -60),
  };
  stage.addEventListener("keydown", (event) => {
    if (!KEYS[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    KEYS[event.key]();
    event.preventDefault();
  });
  svg.addEventListener("click", (event) => { const i = nearest(event); if (i >= 0) show.document(i); });
  svg.addEventListener("pointermove", (event) => {
    if (event.target !== svg || event.buttons) return;
    const i = nearest(event);
    svg.style.cursor = i >= 0 ? "pointer" : "";
    if (i < 0) tip.hidden = true;
    else tell(points.texts[i] || points.ids[i] || "a document", [points.x[i], points.y[i]]);
  });
  svg.addEventListener("pointerleave", () => { tip.hidden = true; });

  function resize() {
    const box = stage.getBoundingClientRect();
    const ratio = window.devicePixelRatio || 1;
    [width, height] = [box.width, box.height];
    [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
    zoom.extent([[0, 0], [width, height]]).translateExtent([[-width, -height], [2 * width, 2 * height]]);
    draw();
  }
  new ResizeObserver(resize).observe(stage);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { readStyle(); draw(); });
  readStyle();

  return {
    select(k) { selected = k; draw(); },
    pin(i) { pinned = i; draw(); },
  };
})();
