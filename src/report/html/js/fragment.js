// What is shown stands in the address after `#`, so that it can be sent to somebody:
// `#q=ssl&decision=block,warn&sort=-severity&columns=id,fix&finding=KEY`.

/** The lists by name; empty where the fragment is only the id of a section. */
function readFragment() {
  const lists = new Map();
  for (const part of location.hash.slice(1).split("&")) {
    const sign = part.indexOf("=");
    if (sign > 0) {
      try {
        lists.set(part.slice(0, sign), part.slice(sign + 1).split(",").map(decodeURIComponent));
      } catch {
        // A fragment that was cut or mistyped says nothing.
      }
    }
  }
  return lists;
}

/** Puts the lists that are not empty into the address, without a new entry in the history. */
function writeFragment(lists) {
  const parts = [...lists]
    .filter(([, values]) => values.length > 0)
    .map(([name, values]) => `${name}=${values.map(encodeURIComponent).join(",")}`);
  const fragment = parts.length > 0 ? `#${parts.join("&")}` : "";
  if (fragment === location.hash || (fragment === "" && !location.hash.includes("="))) {
    return;
  }
  try {
    history.replaceState(null, "", fragment || location.pathname);
  } catch {
    // Some viewers refuse it for files; then the address stays as it was.
  }
}
