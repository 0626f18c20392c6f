// The files of a report: the page says how long one is being made, and what went wrong. Without it the links lead to a
// page that says the same.
const box = document.querySelector('#file');

async function load(link) {
  const url = link.href.replace('/reports/making?', '/reports/file?');
  const began = performance.now();
  const say = () => {
    const n = Math.round((performance.now() - began) / 1000);
    box.textContent = box.dataset.making.replace('{n}', n);
  };
  const timer = setInterval(say, 1000);
  say();
  link.setAttribute('aria-disabled', 'true');
  try {
    const answer = await fetch(url);
    const name = /filename\*=utf-8''([^;]+)/i.exec(answer.headers.get('Content-Disposition') ?? '');
    if (!answer.ok || answer.redirected) {
      // The page of the error says what to do.
      location.assign(url);
      return;
    }
    const file = await answer.blob();
    const save = document.createElement('a');
    save.href = URL.createObjectURL(file);
    save.download = name ? decodeURIComponent(name[1]) : url.includes('format=csv') ? 'report.csv' : 'report.xlsx';
    save.click();
    setTimeout(() => URL.revokeObjectURL(save.href), 60000);
    box.textContent = box.dataset.done;
  } catch {
    box.textContent = box.dataset.failed;
  } finally {
    clearInterval(timer);
    link.removeAttribute('aria-disabled');
  }
}

document.addEventListener('click', (event) => {
  const link = event.target.closest?.('[data-file]');
  if (!link || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  if (!link.hasAttribute('aria-disabled')) load(link);
});
