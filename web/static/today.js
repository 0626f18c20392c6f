// Sends marks that still wait on the phone, of whatever lesson, and says where some are left.
import { keys, send } from './marks.js';

const { person } = document.querySelector('#today').dataset;
const box = document.querySelector('#waiting');

const refusals = new Set(); // why marks were not set: their lessons are not on this page

async function flush() {
  for (const key of keys(person)) {
    try {
      const answer = await send(key);
      for (const { saved, text } of answer?.results ?? []) if (!saved) refusals.add(`${name(key)}: ${text}`);
      if (answer?.text) refusals.add(`${name(key)}: ${answer.text}`);
      if (answer?.login) location.assign('/login?over=1&next=/today');
    } catch {
      break;
    }
  }
  const left = keys(person);
  box.hidden = !left.length;
  for (const link of box.querySelectorAll('a')) link.remove();
  for (const key of left) {
    const [, , date, time] = key.split(' ');
    const link = document.createElement('a');
    link.href = `/lesson?${new URLSearchParams({ date, time })}`;
    link.textContent = name(key);
    box.append(' ', link);
  }
  const alert = document.querySelector('#refused');
  alert.hidden = !refusals.size;
  alert.textContent = [...refusals].join('\n');
}

const name = (key) => {
  const [, , date, time] = key.split(' ');
  return `${date.split('-').reverse().slice(0, 2).join('.')} ${time}`;
};

addEventListener('online', flush);
if (keys(person).length) flush();
