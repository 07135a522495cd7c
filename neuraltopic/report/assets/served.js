// What `neuraltopic explore` adds to the page: a server to ask. Null in a page that stands alone.
const served = data.served ?? null;

// The JSON that the server answers, or an error that says what it said.
async function ask(path, body, signal) {
  const options = body === undefined ? { signal } : {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Neuraltopic-Token": served.token },
    body: JSON.stringify(body),
  };
  let answer;
  try {
    answer = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The server does not answer; is neuraltopic explore still running?");
  }
  const value = await answer.json();
  if (!answer.ok) throw new Error(value.error ?? `The server answered ${answer.status}.`);
  return value;
}
