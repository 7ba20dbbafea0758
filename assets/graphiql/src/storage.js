// Variables hold passwords and mailed tokens, so only the looks of the page outlast it, never what is in the tabs.
const kept = new Set(
  ['theme', 'visiblePlugin', 'docExplorerFlex', 'editorFlex', 'secondaryEditorFlex'].map((name) => `graphiql:${name}`),
);

// The height of the query relative to the variables: 1.8 shows all variables of each example. The bar between changes it.
const defaults = { 'graphiql:secondaryEditorFlex': '1.8' };

// A browser may forbid storage, which throws at the first touch.
function attempt(action) {
  try {
    return action();
  } catch {
    return null;
  }
}

export const storage = {
  getItem: (key) => (kept.has(key) && attempt(() => localStorage.getItem(key))) || defaults[key] || null,
  setItem: (key, value) => {
    if (kept.has(key)) attempt(() => localStorage.setItem(key, value));
  },
  removeItem: (key) => {
    attempt(() => localStorage.removeItem(key));
  },
  clear: () => {
    for (const key of kept) attempt(() => localStorage.removeItem(key));
  },
  get length() {
    return [...kept].filter((key) => attempt(() => localStorage.getItem(key)) !== null).length;
  },
};
