// Compresses each file of dist/ in the form in which the server sends it. Then writes SHA256SUMS with the sources of the bundle and
// the files of dist/, by which a test sees that they belong together.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const SOURCES = ['index.html', 'pack.js', 'package-lock.json', 'package.json', 'src', 'stubs', 'vite.config.js'];

function filesIn(path) {
  if (statSync(path).isFile()) return [path];
  return readdirSync(path).flatMap((name) => filesIn(`${path}/${name}`));
}

for (const file of filesIn('dist')) {
  const compressed = gzipSync(readFileSync(file), { level: 9 });
  // The header names the operating system. 255 is "unknown", so that the file is the same from all of them.
  compressed[9] = 255;
  writeFileSync(`${file}.gz`, compressed);
  rmSync(file);
}

const sum = (file) => `${createHash('sha256').update(readFileSync(file)).digest('hex')}  ${file}\n`;
writeFileSync('SHA256SUMS', [...SOURCES, 'dist'].flatMap(filesIn).sort().map(sum).join(''));
