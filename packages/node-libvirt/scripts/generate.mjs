/** `npm run generate -w node-libvirt`: writes src/generated anew from the libvirt packages that are installed here. */
import { writeFileSync } from 'node:fs';
import { generatedFiles } from './generated-files.mjs';
import { installedFacts } from './libvirt-facts.mjs';

for (const [name, text] of Object.entries(await generatedFiles(installedFacts()))) {
  writeFileSync(new URL(`../src/generated/${name}`, import.meta.url), text);
}
