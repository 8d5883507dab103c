import { byId, initIdle, setText } from './dom.mjs';
import { closeDrawer, initDrawer } from './drawer.mjs';
import { EventStream } from './event-stream.mjs';
import { showHost } from './host-details.mjs';
import { forgetHosts, initHosts, lookAtHosts, stirHost } from './hosts.mjs';
import { showMachine } from './machine-details.mjs';
import { forgetMachines, initMachines, lookAtMachines, seeMachine, stirMachines } from './machines.mjs';
import { showOperation } from './operation-details.mjs';
import { forget, initOperations, isOver, take, takeSnapshot } from './operations.mjs';
import { setCaller, token } from './session.mjs';
import { keepTime } from './times.mjs';
import { askForToken, checkToken, initToken } from './token-dialog.mjs';

/** The page for operators: what there is, what happens, and what may be asked for. */

/** @type {Readonly<Record<string, (name: string) => Promise<void>>>} */
const DETAILS = { operations: showOperation, hosts: showHost, machines: showMachine };

const connection = byId('connection', HTMLElement);

const WORDS = {
  connecting: 'Connecting',
  live: 'Live',
  lost: 'Connection lost, trying again',
  refused: 'A token is needed',
  full: 'Too many readers, trying again',
  unready: 'The service is not ready, trying again',
};

/** Shows the view, and the one thing of it, that the address names. */
function route() {
  const [, view = '', name = ''] = /^#([a-z]+)(?:\/(.+))?$/.exec(location.hash) ?? [];
  const chosen = Object.hasOwn(DETAILS, view) ? view : 'operations';
  for (const section of document.querySelectorAll('[data-view]'))
    if (section instanceof HTMLElement) section.hidden = section.id !== chosen;
  for (const link of document.querySelectorAll('.views a')) {
    if (link.getAttribute('href') === `#${chosen}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  const title = chosen[0]?.toUpperCase() + chosen.slice(1);
  document.title = `${title} · Zenova`;
  if (chosen === 'machines' && name === '') void lookAtMachines();
  const decoded = decode(name);
  if (decoded === '') closeDrawer();
  else void DETAILS[chosen]?.(decoded);
}

/** @param {string} text */
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Methods that change which machines there are, or what is known of them. */
const OF_MACHINES = /^machine\./;

const stream = new EventStream(
  ({ kind, data }) => {
    if (kind === 'hello') {
      setCaller(data.caller);
      checkToken();
      void lookAtHosts();
      void lookAtMachines();
    } else if (kind === 'snapshot') takeSnapshot(data);
    else if (kind === 'operation') {
      take(data);
      if (!isOver(data)) return;
      // Its maintenance has begun or ended: that is in the list.
      if (data.method === 'host.set_maintenance') void lookAtHosts();
      else if (OF_MACHINES.test(data.method)) stirMachines();
      else if (data.host !== null) stirHost(data.host);
    } else if (kind === 'power') {
      if (data.host === null) seeMachine(data);
      else stirHost(data.host);
    }
  },
  (state, why) => {
    connection.dataset['state'] = state;
    setText(connection, WORDS[state]);
    if (state === 'refused') askForToken(why ?? (token() === null ? '' : 'The service does not take this token.'));
  },
);

initIdle();
initDrawer(() => {
  const view = location.hash.split('/')[0] ?? '';
  if (location.hash !== view) history.replaceState(null, '', view);
});
initToken(() => {
  forget();
  forgetHosts();
  forgetMachines();
  stream.startOver();
  route(); // what stands in the panel is asked for anew
});
byId('skip', HTMLElement).addEventListener('click', (event) => {
  event.preventDefault(); // the address names what is shown
  byId('main', HTMLElement).focus();
});
initOperations();
initHosts();
initMachines();
keepTime();
addEventListener('hashchange', route);
route();
stream.start();
