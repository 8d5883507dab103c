import { applyFilters, initFilters } from './matrix-filters.mjs';
import { initKeys } from './matrix-keys.mjs';
import { initPanel, showOpened } from './matrix-panel.mjs';
import { askForToken } from './matrix-token.mjs';

/** The feature matrix. The service has sent all that there is to read; this adds filters, the panel and arrow keys. */

function start() {
  initFilters();
  showOpened();
}

initPanel();
initKeys();
addEventListener('hashchange', () => {
  applyFilters();
  showOpened();
});
const place = document.getElementById('token-place');
if (place === null) start();
else askForToken(place, start);
