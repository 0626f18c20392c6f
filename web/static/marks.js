// Marks that are not on the server yet. They stay on the phone, over a reload and a log-in too, until the server has
// answered what came of each. Sending them again does no harm: the server compares versions.
//
// A key is "marks CARD DATE TIME". Its value is, by the id of the mark, [version that the coach saw, mark]; the mark ""
// takes a mark back. Nothing else of a person is kept.

const memory = new Map(); // where the browser keeps nothing

export const keyOf = (card, date, time) => `marks ${card} ${date} ${time}`;

export function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? {};
  } catch {
    return memory.get(key) ?? {};
  }
}

function write(key, marks) {
  try {
    if (Object.keys(marks).length) localStorage.setItem(key, JSON.stringify(marks));
    else localStorage.removeItem(key);
  } catch {
    memory.set(key, marks);
  }
}

// put adds a mark. The version that the coach saw first stays: what came in between was not seen.
export function put(key, id, version, mark) {
  const marks = read(key);
  marks[id] = [marks[id]?.[0] ?? version, mark];
  write(key, marks);
}

// keys are the lessons of a coach with marks that wait.
export function keys(card) {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(`marks ${card} `)).sort();
  } catch {
    return [...memory.keys()];
  }
}

// send sends all marks of a lesson in one request. It returns the server's answer, or null where there was nothing to
// send; {text} where the whole was refused, and the marks are given up; {login} where the session is over. It throws
// where the server did not answer, or could not: the marks then wait on.
export async function send(key) {
  const sent = read(key);
  const ids = Object.keys(sent);
  if (!ids.length) return null;
  const [, , date, time] = key.split(' ');
  const marks = ids.map((id) => {
    const [version, mark] = sent[id];
    return mark === '' ? { id: +id, version, marked: false } : { id: +id, version, mark: +mark };
  });
  const answer = await fetch('/lesson/marks', {
    method: 'POST', keepalive: true, signal: AbortSignal.timeout(15000),
    headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ date, time, marks }),
  });
  if (answer.status === 401) return { login: true };
  if (answer.status === 403) return { refused: ids, ...await answer.json() };
  if (answer.status !== 200 && answer.status !== 422) throw new Error(`status ${answer.status}`);
  const data = await answer.json();
  const versions = new Map((data.rows ?? []).map((row) => [String(row.id), row.version]));
  const now = read(key);
  for (const id of ids) {
    const result = data.results?.find((r) => String(r.id) === id);
    if (now[id]?.[1] === sent[id][1]) {
      delete now[id];
    } else if (now[id] && result?.saved) {
      now[id][0] = versions.get(id); // changed again while it was on the way
    }
  }
  write(key, now);
  return answer.status === 422 ? { refused: ids, ...data } : data;
}
