// The data of the page, decoded once.
const data = JSON.parse(document.getElementById("data").textContent);
const topics = data.topics;

function bytes(packed) {
  const text = atob(packed);
  const out = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) out[i] = text.charCodeAt(i);
  return out;
}

// Little-endian numbers of two bytes, on any machine.
function pairs(packed) {
  const raw = bytes(packed);
  const out = new Uint16Array(raw.length / 2);
  for (let i = 0; i < out.length; i += 1) out[i] = raw[2 * i] | (raw[2 * i + 1] << 8);
  return out;
}

function decodePoints() {
  const x = pairs(data.documents.x);
  const y = pairs(data.documents.y);
  let places = null;
  const place = (values) => Float32Array.from(values, (value) => data.documents.extent * (value / 32767.5 - 1));
  return {
    x: place(x),
    y: place(y),
    topic: pairs(data.documents.topic),
    weight: bytes(data.documents.weight),
    ids: data.documents.ids,
    texts: data.documents.texts,
    length: x.length,
    // Where a document is among these, -1 where it is not.
    place(id) {
      places ??= new Map(data.documents.ids.map((each, i) => [each, i]));
      return places.get(id) ?? -1;
    },
  };
}

const points = decodePoints();
