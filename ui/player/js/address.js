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

/** Streamlit adds an entry to the browser's history at each changed setting; Back should leave the page. */
export function quieten() {
  if (quiet) return;
  quiet = true;
  const push = history.pushState;
  history.pushState = function pushState(state, title, url) {
    const act = url && samePage(url, location.href) ? history.replaceState : push;
    return act.call(this, state, title, url);
  };
}

/** Whether an address, perhaps a relative one, is of the page at `href`. */
export function samePage(address, href) {
  return new URL(address, href).pathname === new URL(href).pathname;
}
