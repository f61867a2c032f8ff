// Building elements. Texts are set as texts; nothing here or elsewhere reads any as HTML.

/** The element with that id. */
const byId = (id) => document.getElementById(id);

/**
 * A new element.
 * @param {string} name such as `td`
 * @param {Object<string, string>} attributes
 * @param {...(Node|string)} children strings become texts
 */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) {
    made.setAttribute(attribute, value);
  }
  made.append(...children);
  return made;
}

/** Runs `action` once after calls have ceased for some milliseconds. */
function settled(milliseconds, action) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(action, milliseconds);
  };
}

/** Says at the top of the page what went wrong. */
function tellProblem(message) {
  const problem = byId("problem");
  problem.textContent = message;
  problem.hidden = false;
}
