// Travels with every answer, so it is small: it reserves the charts' places and hands over to js/player.js.
let loading;
const latest = new WeakMap(); // shadow root -> the newest arguments

export default function (component) {
  const { parentElement: root, data } = component;
  latest.set(root, component);
  const charts = root.querySelector(".charts");
  for (const { caption } of (data.charts ?? []).slice(charts.childElementCount)) {
    const figure = charts.appendChild(document.createElement("figure"));
    figure.appendChild(document.createElement("figcaption")).innerHTML = caption;
    figure.appendChild(document.createElement("div")).className = "canvas";
  }
  loading ??= import(new URL(data.script, document.baseURI).href);
  loading.then(
    (player) => latest.get(root) === component && player.mount(component),
    () => {
      loading = undefined; // the next answer tries again
      root.querySelector(".note").textContent = "The player could not be loaded. Reload the page to try again.";
    },
  );
  return () => loading?.then((player) => player.unmount(root), () => {});
}
