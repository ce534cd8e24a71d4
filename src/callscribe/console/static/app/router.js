// The view is what the address says, so that a link opens the same one.
import { decoded } from "./format.js";
import { useEffect, useState } from "./html.js";

const HOME = "/console";

function current() {
  const parts = location.pathname.slice(HOME.length).split("/").filter(Boolean).map(decoded);
  return { parts, query: Object.fromEntries(new URLSearchParams(location.search)) };
}

/** The address as `parts` of the path below the console's, and `query`. */
export function useRoute() {
  const [route, setRoute] = useState(current);
  useEffect(() => {
    const changed = () => setRoute(current());
    addEventListener("popstate", changed);
    return () => removeEventListener("popstate", changed);
  }, []);
  return route;
}

/** Go to an address of the console; with `replace` the browser's way back leaves out the one before. */
export function go(href, { replace = false } = {}) {
  history[replace ? "replaceState" : "pushState"](null, "", href);
  dispatchEvent(new PopStateEvent("popstate"));
}

/** Links of the console change the view without loading the page anew. */
export function onClick(event) {
  const link = event.target.closest?.("a[href]");
  const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  if (!link || !plain || link.target || link.hasAttribute("download") || event.defaultPrevented) return;
  const url = new URL(link.href);
  if (url.origin !== location.origin || !(url.pathname === HOME || url.pathname.startsWith(`${HOME}/`))) return;
  event.preventDefault();
  go(url.pathname + url.search);
}

export const callsPath = HOME;
export const callPath = (id, seconds) => `${HOME}/calls/${encodeURIComponent(id)}${seconds === undefined ? "" : `?t=${seconds}`}`;
export const configurationsPath = `${HOME}/configurations`;
export const configurationPath = (id) => `${configurationsPath}/${encodeURIComponent(id)}`;
export const accessPath = `${HOME}/access`;
export const auditPath = `${HOME}/audit`;
export const systemPath = `${HOME}/system`;
export const evaluationsPath = `${HOME}/evaluations`;
export const evaluationPath = (id) => `${evaluationsPath}/${encodeURIComponent(id)}`;
