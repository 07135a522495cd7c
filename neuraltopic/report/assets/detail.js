// What is said of one topic, and of one document.
const detail = (() => {
  const slider = byId("relevance");
  const own = byId("own-order");
  const MOST_CHARACTERS = 20_000;
  let current = 0;

  slider.min = 0;
  slider.max = data.relevance_weights.length - 1;
  slider.step = 1;
  slider.value = data.relevance_weights.indexOf(0.6);
  slider.addEventListener("input", () => { own.checked = false; words(); });
  own.addEventListener("change", words);

  // weight log p(w | topic) + (1 - weight) log lift (Sievert and Shirley 2014), or the order of the model.
  function words() {
    const weight = data.relevance_weights[slider.value];
    const topic = topics[current];
    byId("relevance-value").textContent = own.checked ? "" : weight.toFixed(1);
    slider.setAttribute("aria-valuetext", `weight ${weight.toFixed(1)}`);
    let rows = topic.bars.map((w, i) => ({
      name: data.words[w],
      p: topic.log_probabilities[i],
      unigram: data.log_unigram[w],
    }));
    const relevance = (row) => row.p - (1 - weight) * row.unigram;
    if (!own.checked) rows = rows.sort((a, b) => relevance(b) - relevance(a));
    fillBars(byId("bars"), rows.slice(0, data.bar_words).map((row) => ({
      name: row.name,
      value: Math.exp(row.p),
      line: Math.exp(row.unigram),
      printed: mille(row.p),
      title: `${row.name}: ${mille(row.p)} per mille, ${Math.exp(row.p - row.unigram).toPrecision(3)} times as likely as in all documents`,
    })));
  }

  function facts(topic) {
    const { sizes } = data.facts;
    const rows = [
      ["Share", percent(topic.share)],
      ["Documents", `${whole(topic.n_documents)} of ${whole(sizes.documents)} are listed under it`],
      ["Coherence", topic.coherence === null ? (data.edits ? "not measured: the words of the topic were edited" : "not measured") : `${topic.coherence.toFixed(3)} (NPMI of the top ten in the documents of the fit)`],
      ["Information", `${topic.information.toFixed(3)} nats per document`],
    ];
    const list = rows.flatMap(([name, value]) => [element("dt", { text: name }), element("dd", { text: value })]);
    if (topic.flags) list.push(element("dt", { text: "Flags" }), element("dd", { class: "warn", text: topic.flags }));
    byId("detail-facts").replaceChildren(...list);
  }

  function groups(k) {
    byId("no-groups").textContent = data.why_no_groups.join(" ");
    byId("no-groups").hidden = !data.why_no_groups.length;
    const classes = data.per_class;
    byId("classes-block").hidden = !classes;
    if (classes) {
      const rows = classes.names.map((name, i) => ({
        name,
        value: classes.share[k][i] ?? 0,
        low: classes.low?.[k][i] ?? undefined,
        high: classes.high?.[k][i] ?? undefined,
        printed: classes.share[k][i] === null ? "" : percent(classes.share[k][i]),
      }));
      rows.sort((a, b) => b.value - a.value);
      fillBars(byId("classes"), rows);
      byId("classes-note").textContent = classes.low ? "Mean share of the topic in the documents of each label, with its 95 % interval." : "Mean share of the topic in the documents of each label.";
    }
    const time = data.over_time;
    byId("time-block").hidden = !time;
    if (time) {
      const inPercent = (value) => (value === null ? null : 100 * value);
      const rows = time.names.map((_, i) => [i, inPercent(time.share[k][i]),
        ...(time.low ? [inPercent(time.low[k][i]), inPercent(time.high[k][i])] : [])]);
      const every = Math.ceil(time.names.length / 5);
      const ticks = shortDates(time.names).map((name, i) => [i, name]).filter(([i]) => i % every === 0);
      byId("time").replaceChildren(chart([{ className: "one", points: rows }], {
        label: `Share of topic ${k} in each period, in per cent`, xName: "", ticks, width: 420, height: 200, from: 0,
      }));
      byId("time-note").textContent = `Mean share of the topic in the documents of each period, in per cent${time.low ? ", with its 95 % interval" : ""}.`;
    }
  }

  function typical(topic) {
    byId("typical-note").textContent = data.why_no_text;
    byId("typical-note").hidden = !data.why_no_text;
    byId("typical").replaceChildren(...topic.typical.map(([id, text]) => {
      const item = element("li", {}, element("div", { class: "id", dir: "auto", text: id }));
      if (text) item.append(marked(text, [...topic.words, ...topic.bars.slice(0, 30).map((w) => data.words[w])]));
      return item;
    }));
  }

  return {
    topic(k) {
      current = k;
      const topic = topics[k];
      byId("detail-heading").textContent = `Topic ${k}: ${named(k)}`;
      facts(topic);
      words();
      groups(k);
      typical(topic);
      byId("neighbours-heading").hidden = !topic.neighbours.length;
      byId("neighbours").replaceChildren(...topic.neighbours.map(([other, similarity]) =>
        element("li", {}, element("button", {
          type: "button", click: () => show.topic(other), dir: "auto",
          title: `correlation of the energies ${similarity.toFixed(2)}`, text: `${other}: ${named(other)}`,
        }))));
      byId("detail").scrollTop = 0;
    },
    document({ id, text, topic: k, share }) {
      const box = byId("document");
      const kept = (text ?? "").slice(0, MOST_CHARACTERS);
      const whose = `Topic ${k}: ${named(k)}${share === undefined ? "" : ` (${Math.round(100 * share)}%)`}`;
      box.hidden = false;
      box.replaceChildren(
        element("div", { class: "id", dir: "auto", text: id ?? "A document" }),
        ...(kept ? [marked(kept.length < text.length ? `${kept}…` : kept, topics[k]?.words ?? [])] : []),
        topics[k] === undefined ? element("p", { class: "note", text: "It is listed under no topic." }) : element("button", { type: "button", click: () => show.topic(k), text: whose }));
    },
  };
})();
