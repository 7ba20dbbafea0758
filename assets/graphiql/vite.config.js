import { appendFileSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const stub = (name) => fileURLToPath(new URL(`stubs/${name}`, import.meta.url));

// Vite collects the licences of scripts. It misses those of fonts and of the code that Monaco took from others.
const otherLicences = {
  name: 'other-licences',
  writeBundle({ dir }) {
    for (const [title, file] of [
      ['Roboto', '@fontsource/roboto/LICENSE'],
      ['Fira Code', '@fontsource/fira-code/LICENSE'],
      ['Monaco Editor: third parties', 'monaco-editor/ThirdPartyNotices.txt'],
    ]) {
      const text = readFileSync(new URL(`node_modules/${file}`, import.meta.url), 'utf8');
      appendFileSync(`${dir}/licenses.md`, `\n## ${title}\n\n${text}`);
    }
  },
};

export default defineConfig({
  // Files refer to each other by relative addresses: the server may be at a path of its host. The page itself is served
  // at /graphql, for which the server puts the folder of the files in front.
  base: './',
  plugins: [otherLicences],
  resolve: {
    alias: [
      { find: /^prettier\/(plugins\/estree|parser-babel)$/, replacement: stub('prettier-jsonc.js') },
      { find: /^prettier\/parser-graphql$/, replacement: 'prettier/plugins/graphql' },
      { find: /^graphql-ws$/, replacement: stub('graphql-ws.js') },
    ],
  },
  build: {
    outDir: 'dist',
    target: 'es2022',
    sourcemap: false,
    modulePreload: false,
    // Inlined assets are data: addresses, which the page's policy allows for images alone.
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    // Monaco is one piece of about 3 MB; the warning would say so at every build.
    chunkSizeWarningLimit: 6000,
    // The licences have to accompany each copy of the program.
    license: { fileName: 'licenses.md' },
    rolldownOptions: {
      // "use client" concerns servers that render React; hundreds of warnings would hide the others.
      onwarn(warning, warn) {
        if (warning.code !== 'MODULE_LEVEL_DIRECTIVE') warn(warning);
      },
    },
  },
  // Workers load their parts by import(), which only modules can.
  worker: { format: 'es' },
});
