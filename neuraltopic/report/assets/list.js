// The list of topics: a listbox that the arrow keys walk.
const list = (() => {
  const box = byId("topic-list");
  const largest = Math.max(...topics.map((topic) => topic.share), 1e-9);
  const ORDERS = {
    share: (a, b) => topics[b].share - topics[a].share,
    number: (a, b) => a - b,
    coherence: (a, b) => (topics[b].coherence ?? -9) - (topics[a].coherence ?? -9),
    flags: (a, b) => (topics[b].flags !== "") - (topics[a].flags !== ""),
  };
  const items = topics.map((topic, k) => {
    const fill = element("span");
    fill.style.width = `${(100 * topic.share / largest).toFixed(1)}%`;
    const item = element("li", { role: "option", id: `topic-${k}`, "aria-selected": "false", click: () => show.topic(k) },
      element("span", { class: "number", text: String(k) }),
      element("span", { class: "name", dir: "auto", lang: "", text: topic.name ?? topic.words.slice(0, 5).join(" · ") }),
      element("span", { class: "share", text: percent(topic.share) }),
      element("span", { class: "track", "aria-hidden": "true" }, fill));
    if (topic.flags) item.append(element("span", { class: "flags", text: topic.flags }));
    return item;
  });
  let order = topics.map((_, k) => k);
  let current = -1;

  function arrange() {
    const chosen = ORDERS[byId("order").value];
    order = topics.map((_, k) => k).sort((a, b) => chosen(a, b) || topics[b].share - topics[a].share || a - b);
    box.replaceChildren(...order.map((k) => items[k]));
  }
  byId("order").addEventListener("change", () => { arrange(); if (current >= 0) items[current].scrollIntoView({ block: "nearest" }); });

  box.addEventListener("keydown", (event) => {
    const at = order.indexOf(current);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + 10, PageUp: at - 10, Home: 0, End: order.length - 1 }[event.key];
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    show.topic(order[Math.max(0, Math.min(order.length - 1, to))]);
  });
  if (topics.every((topic) => topic.coherence === null)) byId("order").querySelector("[value=coherence]").remove();
  arrange();

  return {
    first: () => order[0],
    select(k) {
      if (current >= 0) items[current].setAttribute("aria-selected", "false");
      current = k;
      items[k].setAttribute("aria-selected", "true");
      box.setAttribute("aria-activedescendant", `topic-${k}`);
      // Within the list alone: the page stays where it is.
      const [item, top] = [items[k], items[k].offsetTop - box.offsetTop];
      if (top < box.scrollTop) box.scrollTop = top;
      else if (top + item.offsetHeight > box.scrollTop + box.clientHeight) box.scrollTop = top + item.offsetHeight - box.clientHeight;
    },
  };
})();
