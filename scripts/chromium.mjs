import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const programs = ['chromium', 'google-chrome-stable', 'google-chrome'];

/**
 * The browser in which the page is tested: the one that `ZENOVA_CHROMIUM` names, else one on the path.
 *
 * @returns {string | undefined}
 */
export function findChromium() {
  const named = process.env['ZENOVA_CHROMIUM'];
  if (named) return named;
  const directories = (process.env['PATH'] ?? '').split(delimiter);
  const places = programs.flatMap((program) => directories.map((directory) => join(directory, program)));
  return places.find((place) => {
    try {
      accessSync(place, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
