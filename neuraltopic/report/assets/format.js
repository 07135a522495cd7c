// Elements and numbers. All text goes through textContent, so that none of it is ever HTML.
const SVG = "http://www.w3.org/2000/svg";
const byId = (id) => document.getElementById(id);

function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key === "class") made.className = value;
    else if (key === "click") made.addEventListener("click", value);
    else if (key === "text") made.textContent = value;
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

function drawn(name, attributes = {}, text = "") {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text) made.textContent = text;
  return made;
}

const whole = (value) => value.toLocaleString("en");
const percent = (value) => `${(100 * value).toFixed(value < 0.1 ? 2 : 1)}%`;
const counted = (value, thing) => `${whole(value)} ${thing}${value === 1 ? "" : "s"}`;
const named = (k) => topics[k]?.name ?? topics[k]?.words.slice(0, 3).join(" · ");

function mille(logProbability) {
  const value = 1000 * Math.exp(logProbability);
  return value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(1) : value.toPrecision(2);
}

// A document's text with the words of a topic marked.
function marked(text, words) {
  const known = new Set(words.map((word) => word.toLowerCase()));
  const out = element("p", { class: "text", dir: "auto", lang: "" });
  for (const part of text.split(/([\p{L}\p{N}\p{M}]+)/u)) {
    if (known.has(part.toLowerCase())) out.append(element("mark", { text: part }));
    else out.append(part);
  }
  return out;
}
