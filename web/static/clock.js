// The server's clock in the browser. The person's own clock is not looked at: it may be wrong by an hour. Time passes
// by performance.now(), which no change of that clock moves.

let ahead; // of the server's clock over performance.now(), in milliseconds
let error = Infinity; // how wrong `ahead` may be

// now is the server's time in milliseconds of Unix time.
export const now = () => performance.now() + ahead;

// sync learns from an answer that says `server` and that was asked for at `sent` and came at `received`. The server
// looked at its clock somewhere in between, so the quickest answer says it best. An estimate that an answer contradicts
// is given up: the phone slept, and performance.now() with it.
export function sync(server, sent, received) {
  const middle = server - (sent + received) / 2;
  const half = (received - sent) / 2;
  if (half <= error || Math.abs(middle - ahead) > half + error) {
    ahead = middle;
    error = half;
  }
}

// start takes the time that the page was made with: it is old by the way to the browser, which the first answer mends.
export function start(server) {
  const [page] = performance.getEntriesByType('navigation');
  ahead = server - (page?.responseStart ?? performance.now());
  error = Infinity;
}
