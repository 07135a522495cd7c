// Search over the words of topics and over the documents that the page holds.
const search = (() => {
  const MOST = 40;
  const input = byId("query");
  let lower = null;
  let waiting = null;
  const WHY = served?.why_no_search ? ` There is no search over all documents: ${served.why_no_search}` : "";
  const SEARCHED = (!points.ids.length ? "The page holds neither ids nor texts of documents."
    : points.texts.length ? `Documents are searched by id and by their first ${data.documents.characters} characters.`
      : "Documents are searched by id.") + WHY;

  function foundTopics(terms) {
    const out = [];
    topics.forEach((topic, k) => {
      const best = topic.bars.map((w, i) => [data.words[w], topic.log_probabilities[i]])
        .filter(([word]) => terms.some((term) => word.toLowerCase().startsWith(term)))
        .sort((a, b) => b[1] - a[1]);
      const number = terms.length === 1 && terms[0] === String(k);
      if (best.length || number) out.push([k, number ? Infinity : best[0][1], best.slice(0, 4).map((each) => each[0])]);
    });
    return out.sort((a, b) => b[1] - a[1]);
  }

  function foundDocuments(terms) {
    lower ??= Array.from({ length: points.length }, (_, i) => `${points.ids[i] ?? ""} ${points.texts[i] ?? ""}`.toLowerCase());
    const out = [];
    for (let i = 0; i < points.length; i += 1) if (terms.every((term) => lower[i].includes(term))) out.push(i);
    return out;
  }

  function listed(id, found, entry) {
    const rows = found.slice(0, MOST).map((each) => element("li", {}, entry(each)));
    if (found.length > MOST) rows.push(element("li", { class: "note", text: `and ${whole(found.length - MOST)} more` }));
    byId(id).replaceChildren(...rows);
  }

  // The passage that the server found, the words of the query marked.
  function passage(hit) {
    const out = element("span", { dir: "auto", lang: "" });
    let end = 0;
    const letters = [...hit.snippet];  // the server counts characters, JavaScript halves of some
    for (const [start, stop] of hit.marked) {
      out.append(letters.slice(end, start).join(""), element("mark", { text: letters.slice(start, stop).join("") }));
      end = stop;
    }
    out.append(letters.slice(end).join(""));
    return out;
  }

  function entry(hit) {
    const failed = (error) => { byId("search-status").textContent = error.message; };
    const under = hit.topic >= 0 ? element("span", { class: "id", dir: "auto", text: ` ${named(hit.topic)}` }) : "";
    return element("button", { type: "button", dir: "auto", click: () => show.served(hit.id).catch(failed) }, `${hit.id}: `, passage(hit), under);
  }

  async function live(query, ofTopics) {
    waiting?.abort();
    waiting = new AbortController();
    try {
      const answer = await ask(`/search?n=${MOST}&q=${encodeURIComponent(query)}`, undefined, waiting.signal);
      const of = `${counted(ofTopics.length, "topic")}, the first ${whole(answer.hits.length)} of ${whole(served.documents)} documents by words and topics.`;
      byId("found-documents").replaceChildren(...answer.hits.map((hit) => element("li", {}, entry(hit))));
      byId("search-status").textContent = [of, ...answer.notes.map((note) => `${note}.`)].join(" ");
    } catch (error) {
      if (error.name !== "AbortError") byId("search-status").textContent = error.message;
    }
  }

  function run() {
    const terms = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    byId("found").hidden = !terms.length;
    if (!terms.length) { waiting?.abort(); byId("search-status").textContent = ""; return; }
    const ofTopics = foundTopics(terms);
    listed("found-topics", ofTopics, ([k, , words]) => element("button", {
      type: "button", dir: "auto", click: () => show.topic(k, true), text: `${k}: ${named(k)}${words.length ? ` (${words.join(", ")})` : ""}`,
    }));
    if (served?.documents) { live(input.value, ofTopics); return; }
    const ofDocuments = foundDocuments(terms);
    listed("found-documents", ofDocuments, (i) => element("button", {
      type: "button", dir: "auto", click: () => show.document(i, true), text: points.texts[i] ? `${points.ids[i]}: ${points.texts[i]}` : points.ids[i],
    }));
    const within = points.length < data.documents.n ? ` of the ${whole(points.length)} that the page holds` : "";
    byId("search-status").textContent = `${counted(ofTopics.length, "topic")}, ${counted(ofDocuments.length, "document")}${within}. ${SEARCHED}`;
  }

  let timer = 0;
  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(run, 120); });
  byId("search-form").addEventListener("submit", (event) => { event.preventDefault(); clearTimeout(timer); run(); });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName)) {
      event.preventDefault();
      input.focus();
    }
    if (event.key === "Escape" && document.activeElement === input) { input.value = ""; run(); }
  });
})();
