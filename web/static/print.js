// The button that prints. It is of no use without scripts, so it shows with them only.
for (const button of document.querySelectorAll('[data-print]')) {
  button.hidden = false;
  button.addEventListener('click', () => print());
}
