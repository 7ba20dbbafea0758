// Formats variables and headers in place of two prettier plugins, which bring a whole JavaScript parser along.
import { applyEdits, format } from 'jsonc-parser';

const tidy = (text) => applyEdits(text, format(text, undefined, { tabSize: 2, insertSpaces: true }));

export const parsers = {
  jsonc: { astFormat: 'jsonc-text', parse: (text) => ({ text }), locStart: () => 0, locEnd: (node) => node.text.length },
};
export const printers = { 'jsonc-text': { print: (path) => tidy(path.node.text) } };
