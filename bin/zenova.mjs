#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const entry = new URL('../dist/main.js', import.meta.url);
if (existsSync(fileURLToPath(entry))) {
  await import(entry.href);
} else {
  console.error(
    'zenova is not built yet. In its checkout, `npm start` installs, builds and serves; `npm run build` builds.',
  );
  process.exitCode = 1;
}
