// What ties the parts together, and the parts that say something of the whole run.
const show = {
  topic(k, look = false) {
    list.select(k);
    map.select(k);
    detail.topic(k);
    edit.topic(k);
    history.replaceState(null, "", `#topic=${k}`);
    if (look) byId("detail").scrollIntoView({ block: "nearest" });
  },
  document(i, look = false) {
    map.pin(i);
    detail.document({ id: points.ids[i], text: points.texts[i], topic: points.topic[i], share: points.weight[i] / 255 });
    if (look) byId("map").scrollIntoView({ block: "nearest" });
  },
  // A document that the server found: on the map too, where the page holds it.
  async served(id) {
    const found = await ask(`/documents/${encodeURIComponent(id)}`);
    map.pin(points.place(id));
    detail.document(found);
    byId("map").scrollIntoView({ block: "nearest" });
  },
};

function table(id, head, rows) {
  const cell = (name, value) => {
    const made = element(name, { dir: "auto", text: String(value) });
    if (typeof value === "number") { made.className = "number"; made.textContent = whole(value); }
    return made;
  };
  byId(id).replaceChildren(
    element("thead", {}, element("tr", {}, ...head.map((name) => element("th", { scope: "col", text: name })))),
    element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map((value) => cell("td", value))))));
}

function wholeRun() {
  const { facts } = data;
  const { sizes } = facts;
  byId("title").textContent = data.title || "Topics";
  byId("summary").textContent = [
    counted(topics.length, "topic"), counted(sizes.documents, "document"), counted(sizes.words, "word"),
    counted(sizes.tokens, "token"), `recipe ${facts.recipe}`, `seed ${facts.seed}`,
    ...(data.edits ? [`${counted(data.edits, "edit")} of the topics`] : []),
  ].join(", ");
  byId("map-note").textContent = (data.documents.density
    ? `Shading: all ${whole(data.documents.n)} documents. Dots, and the documents that can be searched: ${whole(points.length)} of them, evenly spaced in input order. `
    : `Dots: ${counted(points.length, "document")}. `)
    + "Circles: topics, area by share. Near topics use similar words. Documents stand among the topics they are about, spread a little so that they do not hide one another. Colours only set neighbours apart.";
  table("status-table", ["Rows", "What became of them"], Object.entries(facts.rows).map(([status, n]) => [n, status]));
  byId("lost-note").textContent = `Encodings: ${Object.entries(facts.encodings).map(([name, n]) => `${name} ${whole(n)}`).join(", ") || "none"}.`
    + (data.lost.n ? "" : " Every row is a document of the model.");
  byId("lost-details").hidden = !data.lost.n;
  if (data.lost.n) {
    table("lost-table", data.lost.columns, data.lost.rows);
    const more = data.lost.n - data.lost.rows.length;
    byId("lost-details").querySelector("summary").textContent = more > 0
      ? `Rows left out: the first ${whole(data.lost.rows.length)} of ${whole(data.lost.n)} (all in ledger.csv)`
      : `Rows left out: ${whole(data.lost.n)}`;
  }
  byId("methods").textContent = data.methods;
  byId("bibtex").textContent = data.bibtex;
  byId("made").textContent = `Made by neuraltopic ${facts.neuraltopic}; fitted ${facts.finished}. `
    + (served ? "This page asks its own server, on which it was opened, and no other." : "This page holds all of its data and asks for nothing.");
}

function training() {
  const NAMES = [["train_bound", "training"], ["held_out_bound", "held out"]];
  const curves = NAMES.map(([key, name], i) => ({
    name, className: ["one", "two"][i],
    points: data.training.filter((epoch) => Number.isFinite(epoch[key])).map((epoch) => [epoch.epoch, epoch[key]]),
  })).filter((curve) => curve.points.length);
  if (!curves.length) { byId("curve-note").textContent = "No training curve was recorded."; return; }
  const { best } = data.facts;
  const box = byId("curve");
  box.replaceChildren(chart(curves, {
    width: Math.max(300, Math.min(640, box.clientWidth)),
    label: `Bound on the log likelihood a document after each of ${counted(data.facts.epochs, "epoch")}, in nats`,
    xName: "epoch", mark: best.epoch,
  }));
  byId("curve-note").textContent = "Bound on the log likelihood of a document, in nats; higher is better. "
    + `The weights are those of epoch ${whole(best.epoch)}`
    + (best.held_out_bound === undefined ? "." : `, with ${best.held_out_bound.toFixed(1)} nats per held-out document.`);
}

wholeRun();
training();
const asked = /^#topic=(\d+)$/.exec(location.hash);
show.topic(asked && Number(asked[1]) < topics.length ? Number(asked[1]) : list.first());
if (served) edit.said();
