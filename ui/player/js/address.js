// The page's address: it holds the run, and the player writes its part of it.

/** `href` with each of `parts` in its query; an empty one is left out. Nothing else in it changes. */
export function written(href, parts) {
  const url = new URL(href);
  for (const [name, text] of Object.entries(parts)) {
    if (text) url.searchParams.set(name, text);
    else url.searchParams.delete(name);
  }
  return url;
}

/** The earlier settings in `href`; `names` are the parts that the player writes. */
export function courseIn(href, names) {
  const name = names.find((one) => one.endsWith(".course"));
  return new URL(href).searchParams.get(name) ?? "";
}

/** Write the course and the step at rest into the address, and leave the controls there as they are. */
export function sign(parts) {
  const url = written(location.href, parts);
  if (url.search !== location.search) history.replaceState(history.state, "", url);
}

let quiet = false;
let gone = 0; // how often another page was gone to
let cleared = null; // the address that Streamlit last took all settings out of, until the page says more

/** Which visit to a page this is: another one once its visitor has been elsewhere. */
export function visits() { return gone; }

/**
 * Streamlit adds an entry to the browser's history at each changed setting; Back should leave the
 * page. And it should come back to the run that was left: before it goes to another page Streamlit
 * takes all settings out of the address of this one.
 */
export function quieten() {
  cleared = null;
  if (quiet) return;
  quiet = true;
  const push = history.pushState;
  history.pushState = function pushState(state, title, url) {
    if (url && samePage(url, location.href)) {
      cleared = new URL(url, location.href).search ? null : location.href;
      return history.replaceState(state, title, url);
    }
    if (cleared) history.replaceState(history.state, "", cleared);
    cleared = null;
    gone += 1;
    return push.call(this, state, title, url);
  };
  addEventListener("popstate", () => { gone += 1; });
}

/** Whether an address, perhaps a relative one, is of the page at `href`. */
export function samePage(address, href) {
  return new URL(address, href).pathname === new URL(href).pathname;
}
