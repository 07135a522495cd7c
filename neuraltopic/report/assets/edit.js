// Editing, where the page is served: each edit is sent, written to the log of the run, and the page is loaded again.
const edit = (() => {
  if (!served) return { topic() {} };
  const SAID = "neuraltopic edited";
  const status = byId("edit-status");
  const controls = () => document.querySelectorAll("#editing :is(button, input, select), #undo");
  const others = [byId("edit-merge-with"), byId("edit-word-to")];
  let current = 0;

  const DESCRIBED = {
    rename: (each) => Object.entries(each.labels).map(([k, name]) => (name === null ? `Topic ${k} has the name of its words` : `Topic ${k} is named ${name}`)).join("; "),
    merge: (each) => each.groups.map((group) => `Topics ${group.join(", ")} merged`).join("; "),
    split: (each) => `Topic ${each.topic} split in two`,
    drop: (each) => `Topic ${each.topics.join(", ")} dropped`,
    reorder: () => "Topics numbered anew",
    junk: (each) => `Topic ${each.topics.join(", ")} marked as junk`,
    move: (each) => `${each.word} moved from topic ${each.from} to ${each.to}`,
    undo: () => "The last edit was taken back",
  };

  async function send(operation, then) {
    const wasEnabled = [...controls()].filter((each) => !each.disabled);
    for (const each of wasEnabled) each.disabled = true;
    status.className = "";
    status.textContent = operation.op === "split"
      ? "Splitting: the documents are read again, which takes as long as it took in the fit." : "Working.";
    try {
      await ask("/edit", { log: served.log, edits: [operation] });
      sessionStorage.setItem(SAID, `${DESCRIBED[operation.op](operation)}.`);
      history.replaceState(null, "", `#topic=${then}`);
      location.reload();
    } catch (error) {
      status.className = "warn";
      status.textContent = error.message;
      for (const each of wasEnabled) each.disabled = false;
    }
  }

  // The order in which topic k gets another number and the others keep theirs among themselves.
  function numbered(k, to) {
    const order = topics.map((_, i) => i).filter((i) => i !== k);
    order.splice(to, 0, k);
    return order;
  }

  const number = (id) => Number(byId(id).value);
  const SUBMITTED = {
    "edit-rename": () => send({ op: "rename", labels: { [current]: byId("edit-name").value.trim() || null } }, current),
    "edit-merge": () => send({ op: "merge", groups: [[current, number("edit-merge-with")]] }, Math.min(current, number("edit-merge-with"))),
    "edit-move": () => send({ op: "move", word: byId("edit-word").value.trim(), from: current, to: number("edit-word-to") }, current),
    "edit-number": () => send({ op: "reorder", order: numbered(current, number("edit-number-to")) }, number("edit-number-to")),
  };
  for (const [id, submitted] of Object.entries(SUBMITTED)) {
    byId(id).addEventListener("submit", (event) => { event.preventDefault(); submitted(); });
  }
  byId("edit-split").addEventListener("click", () => send({ op: "split", topic: current }, current));
  byId("edit-junk").addEventListener("click", () => send({ op: "junk", topics: [current] }, current));
  byId("edit-drop").addEventListener("click", () => send({ op: "drop", topics: [current] }, Math.min(current, topics.length - 2)));
  byId("undo").addEventListener("click", () => send({ op: "undo" }, current));

  for (const select of others) select.append(...topics.map((_, k) => element("option", { value: String(k), text: `${k}: ${named(k)}` })));
  byId("edit-number-to").max = topics.length - 1;
  const alone = topics.length === 1;
  for (const id of ["edit-merge", "edit-move", "edit-number"]) byId(id).hidden = alone;
  byId("edit-drop").hidden = alone;
  byId("edits").hidden = false;
  byId("editing").hidden = false;
  byId("undo").disabled = !served.edits.length;
  byId("edit-list").replaceChildren(...served.edits.map((each) => element("li", { dir: "auto", text: DESCRIBED[each.op](each) })));
  byId("edits-note").textContent = served.edits.length
    ? "Topics are numbered as the edits before leave them. The edits are in edits.jsonl in the run folder; every command applies them."
    : "None yet. Choose a topic, and edit it below its facts.";

  return {
    topic(k) {
      current = k;
      byId("edit-name").value = topics[k].name ?? "";
      byId("edit-name").placeholder = topics[k].words.slice(0, 3).join(" ");
      byId("edit-word").value = "";
      byId("edit-words").replaceChildren(...topics[k].words.map((word) => element("option", { value: word })));
      byId("edit-number-to").value = k;
      for (const select of others) {
        for (const option of select.options) option.disabled = Number(option.value) === k;
        select.value = String(topics[k].neighbours[0]?.[0] ?? topics.findIndex((_, other) => other !== k));
      }
    },
    // After the page was loaded again: what was done, where a screen reader begins to read.
    said() {
      const text = sessionStorage.getItem(SAID);
      if (!text) return;
      sessionStorage.removeItem(SAID);
      status.textContent = text;
      status.focus({ preventScroll: true });
    },
  };
})();
